import { GetSecretValueCommand, UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, PutParameterCommand } from '@aws-sdk/client-ssm';
import { parsePrivateKey, parsePublicKeys } from '../../../lambdas/contract/signature';
import { handler, RotationError } from '../../../lambdas/gateway/keys/handler';
import { parameters, SecretStore, secrets } from './secret-store';

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

const before = { ...process.env };

beforeEach(() => {
  process.env = { ...before, SIGNING_KEYS_PARAMETER: '/holdfast/test/signing-keys' };
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});

afterEach(() => {
  jest.restoreAllMocks();
});

afterAll(() => {
  process.env = before;
});

function step(name: string, token: string): Promise<void> {
  return handler({ Step: name, SecretId: 'signing', ClientRequestToken: token });
}

async function rotate(token: string, times = 1): Promise<void> {
  for (const name of STEPS) for (let time = 0; time < times; time += 1) await step(name, token);
}

const kidOf = (store: SecretStore, which: string) => parsePrivateKey(store.value(which) ?? '{}')?.kid;
const lastPublished = (store: SecretStore) => [...parsePublicKeys(store.published.at(-1) ?? '').keys()];

describe('rotation of the signing key', () => {
  it('starts from the value {}', async () => {
    const store = new SecretStore('{}');
    await rotate('v1');
    expect(kidOf(store, 'AWSCURRENT')).toBeDefined();
    expect(lastPublished(store)).toEqual([kidOf(store, 'v1')]);
  });

  it('publishes the new key before it becomes current, and keeps the previous one', async () => {
    const store = new SecretStore('{}');
    await rotate('v1');
    await rotate('v2');
    await step('createSecret', 'v3');
    await step('setSecret', 'v3');
    const [one, two, three] = ['v1', 'v2', 'v3'].map((version) => kidOf(store, version));
    expect(kidOf(store, 'AWSCURRENT')).toBe(two);
    expect(lastPublished(store)).toEqual([three, two, one]);
    await step('testSecret', 'v3');
    await step('finishSecret', 'v3');
    expect(kidOf(store, 'AWSCURRENT')).toBe(three);
    expect(lastPublished(store)).toEqual([three, two]);
  });

  it('comes to the same end where each step is repeated', async () => {
    const store = new SecretStore('{}');
    await rotate('v1', 2);
    await rotate('v2', 3);
    expect(kidOf(store, 'AWSCURRENT')).toBe(kidOf(store, 'v2'));
    expect(lastPublished(store)).toEqual([kidOf(store, 'v2'), kidOf(store, 'v1')]);
    expect(secrets.commandCalls(UpdateSecretVersionStageCommand)).toHaveLength(2);
  });

  it('makes no second key where two tries of the first step overlap', async () => {
    const store = new SecretStore('{}');
    await Promise.all([step('createSecret', 'v1'), step('createSecret', 'v1')]);
    expect(kidOf(store, 'AWSPENDING')).toBe(kidOf(store, 'v1'));
  });

  it('publishes after a finish that ended between its two writes', async () => {
    const store = new SecretStore('{}');
    for (const name of STEPS.slice(0, 3)) await step(name, 'v1');
    store.failNextPublish = true;
    await expect(step('finishSecret', 'v1')).rejects.toThrow('ssm is away');
    expect(kidOf(store, 'AWSCURRENT')).toBe(kidOf(store, 'v1'));
    const writes = store.published.length;
    await step('finishSecret', 'v1');
    expect(store.published).toHaveLength(writes + 1);
    expect(lastPublished(store)).toEqual([kidOf(store, 'v1')]);
  });

  it('writes public halves only', async () => {
    const store = new SecretStore('{}');
    await rotate('v1');
    const [published] = JSON.parse(store.published.at(-1) ?? '').keys;
    expect(Object.keys(published)).toEqual(['kid', 'publicKey']);
    expect(Buffer.from(published.publicKey, 'base64url')).toHaveLength(32);
    expect(parameters.commandCalls(PutParameterCommand)[0]?.args[0].input).toMatchObject({
      Name: '/holdfast/test/signing-keys',
      Overwrite: true,
    });
  });
});

describe('a rotation step fails', () => {
  it('when the published keys do not verify the new key', async () => {
    new SecretStore('{}');
    await step('createSecret', 'v1');
    await step('setSecret', 'v1');
    parameters.on(GetParameterCommand).resolves({ Parameter: { Value: '{"keys":[]}' } });
    await expect(step('testSecret', 'v1')).rejects.toThrow('got unknown-key');
  });

  it('when its version was never created', async () => {
    new SecretStore('{}');
    await expect(step('setSecret', 'v1')).rejects.toThrow(RotationError);
  });

  it('when a later rotation has overtaken it', async () => {
    new SecretStore('{}');
    await rotate('v1');
    await rotate('v2');
    await expect(step('finishSecret', 'v1')).rejects.toThrow('got AWSPREVIOUS');
  });

  it('when the secret cannot be read', async () => {
    new SecretStore('{}');
    secrets.on(GetSecretValueCommand).rejects(new Error('denied'));
    await expect(step('createSecret', 'v1')).rejects.toThrow('denied');
  });

  it.each([
    ['no object', null],
    ['an unknown step', { Step: 'dropSecret', SecretId: 's', ClientRequestToken: 't' }],
    ['no token', { Step: 'createSecret', SecretId: 's' }],
  ])('when the event has %s', async (_, event) => {
    await expect(handler(event)).rejects.toThrow(RotationError);
  });
});
