import { generateKeyPairSync } from 'node:crypto';
import { GetParametersCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { keySetId } from '../../../lambdas/contract/jwks';
import type { handler } from '../../../lambdas/gateway/jwks/handler';

const URLS = ['https://a.example/jwks.json', 'https://b.example/jwks.json?v=1,2'];
const NAMES = URLS.map((url) => `/holdfast/test/jwks/${keySetId(url)}`);
const { publicKey } = generateKeyPairSync('ed25519');

const ssm = mockClient(SSMClient);
const before = { ...process.env };
let stored: Map<string, string>;
let handle: typeof handler;

beforeAll(async () => {
  process.env = { ...before, JWKS_URLS: URLS.join(' '), JWKS_PARAMETER_PATH: '/holdfast/test/jwks' };
  // Reads its environment as it is loaded.
  ({ handler: handle } = await import('../../../lambdas/gateway/jwks/handler'));
});

beforeEach(() => {
  stored = new Map();
  ssm.reset();
  ssm.on(GetParametersCommand).callsFake(({ Names }: { Names: string[] }) => ({
    Parameters: Names.filter((name) => stored.has(name)).map((Name) => ({ Name, Value: stored.get(Name) })),
  }));
  ssm.on(PutParameterCommand).callsFake(({ Name, Value }: { Name: string; Value: string }) => {
    stored.set(Name, Value);
  });
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  jest.spyOn(globalThis, 'fetch').mockImplementation(async () => {
    return new Response(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k' }] }));
  });
});

afterEach(() => {
  jest.restoreAllMocks();
});

afterAll(() => {
  process.env = before;
});

it('stores every set on schedule, in whichever tier it needs', async () => {
  expect(await handle({ source: 'aws.events', 'detail-type': 'Scheduled Event' })).toBeUndefined();
  expect([...stored.keys()].sort()).toEqual([...NAMES].sort());
  expect(ssm.commandCalls(PutParameterCommand)[0]?.args[0].input).toMatchObject({
    Type: 'String',
    Overwrite: true,
    Tier: 'Intelligent-Tiering',
  });
  expect(fetch).toHaveBeenCalledTimes(2);
});

it('answers a question with the sets as they are stored', async () => {
  const answer = await handle({ kid: 'k' });
  expect(answer).toEqual({
    sets: Object.fromEntries(NAMES.map((name) => [name.slice(name.lastIndexOf('/') + 1), stored.get(name)])),
    fresh: true,
  });
  expect(await handle({ kid: 'other' })).toEqual(answer);
  expect(fetch).toHaveBeenCalledTimes(2);
});

it.each([
  null,
  7,
  {},
  { kid: 7 },
  { kid: '' },
  { kid: "' OR 1=1" },
  { kid: 'k'.repeat(129) },
  { source: 'aws.s3' },
])('refuses the event %j', async (event) => {
  await expect(handle(event)).rejects.toThrow('expected {kid} or one of a schedule');
  expect(fetch).not.toHaveBeenCalled();
});
