import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import type { Credentials } from '../../../lambdas/contract/credentials';
import {
  queryText,
  RequestSigner,
  type SignableRequest,
  sha256,
} from '../../../lambdas/contract/request-signature';
import { useFunctionEnvironment } from '../gateway/aws/stub-server';

const REGION = 'eu-west-1';
const HOST = 'abc123.execute-api.eu-west-1.amazonaws.com';
const NOW = Date.UTC(2026, 10, 24, 23, 59, 59, 999);
const ROLE: Credentials = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: 'IQoJb3JpZ2luX2VjEA0//////+==',
};
const USER: Credentials = { ...ROLE, sessionToken: undefined };

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly service?: string;
  readonly now?: number;
}

/** Hashes of the SDK's signer by Node, as the SDK itself makes them. */
class NodeHash {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string | Uint8Array);
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error('not used by the signer');
  }
}

async function bySdk(credentials: Credentials, asked: Asked): Promise<Record<string, string>> {
  const {
    method = 'POST',
    path = '/',
    query = {},
    headers = {},
    body = '',
    service = 'sqs',
    now = NOW,
  } = asked;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const signer = new SignatureV4({
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
    region: REGION,
    service,
    sha256: NodeHash,
    applyChecksum: false,
  });
  const request = { method, protocol: 'https:', hostname: HOST, path, query, body };
  const signed = await signer.sign(
    { ...request, headers: { host: HOST, ...headers } },
    { signingDate: new Date(now) },
  );
  return signed.headers;
}

function signable({
  method = 'POST',
  path = '/',
  query = {},
  headers = {},
  body = '',
}: Asked): SignableRequest {
  return { method, path, query: queryText(query), host: HOST, headers, bodyHash: sha256(body) };
}

/** Names and values of a list that has them in turn. */
function record(list: readonly string[]): Record<string, string> {
  const entries: [string, string][] = [];
  for (let index = 0; index < list.length; index += 2)
    entries.push([list[index] ?? '', list[index + 1] ?? '']);
  return Object.fromEntries(entries);
}

function byUs(credentials: Credentials, asked: Asked): Record<string, string> {
  const { service = 'sqs', now = NOW } = asked;
  const signer = new RequestSigner({
    service,
    region: REGION,
    credentials: () => credentials,
    now: () => now,
  });
  return record(signer.sign(signable(asked)));
}

const octets = { 'content-type': 'application/octet-stream' };

describe('RequestSigner signs like the SDK, byte for byte,', () => {
  it.each<[string, Asked]>([
    [
      'an AWS JSON call',
      {
        headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessage' },
        body: '{"a":"ü"}',
      },
    ],
    [
      'a post to abc=',
      { service: 'execute-api', path: '/dev/@connections/abc%3D', headers: octets, body: 'frame' },
    ],
    [
      'a post to a+b/c=',
      {
        service: 'execute-api',
        path: `/dev/@connections/${encodeURIComponent('a+b/c=')}`,
        headers: octets,
        body: 'frame',
      },
    ],
    [
      'a close, which has no body',
      { service: 'execute-api', method: 'DELETE', path: '/dev/@connections/abc%3D' },
    ],
    ['a path that ends with a slash', { path: '/dev/' }],
    ['a path with empty and dot segments', { path: '/a//b/./c/../d' }],
    ['marks that URLs leave alone', { path: "/it's(a)*!" }],
    [
      'a query',
      {
        service: 'lambda',
        path: '/2015-03-31/functions/f/invocations',
        query: { Qualifier: '$LATEST', b: '2 +/=ü', a: '' },
      },
    ],
    [
      'query names whose order changes by their encoding',
      { query: { 'a-b': '1', 'a b': '2', a: '3', A: '4', ä: '5' } },
    ],
    ['the first instant of a day', { now: Date.UTC(2026, 11, 1) }],
  ])('%s', async (_, asked) => {
    for (const credentials of [ROLE, USER]) {
      expect(byUs(credentials, asked)).toEqual(await bySdk(credentials, asked));
    }
  });

  it('whatever the path, the query and the body are', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 });
    const segments = fc.array(fc.oneof(text, fc.constantFrom('.', '..', '')), { maxLength: 5 });
    const headerValue = fc.stringMatching(/^[!-~]{1,20}$/);
    await fc.assert(
      fc.asyncProperty(
        segments,
        fc.dictionary(
          text.filter((name) => name !== ''),
          text,
          { maxKeys: 4 },
        ),
        fc.dictionary(fc.stringMatching(/^x-amz-[a-c]{1,3}$/), headerValue, { maxKeys: 3 }),
        text,
        fc.integer({ min: 0, max: 4_000_000_000_000 }),
        async (parts, query, headers, body, now) => {
          const path = `/${parts.map(encodeURIComponent).join('/')}`;
          const asked = { path, query, headers, body, now };
          expect(byUs(ROLE, asked)).toEqual(await bySdk(ROLE, asked));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('before and after midnight by one signer, whose key is a day old then', async () => {
    let now = NOW;
    const signer = new RequestSigner({
      service: 'sqs',
      region: REGION,
      credentials: () => ROLE,
      now: () => now,
    });
    const dates: (string | undefined)[] = [];
    for (const moment of [NOW, NOW + 1, NOW + 2_000, NOW]) {
      now = moment;
      const headers = record(signer.sign(signable({ body: 'x' })));
      dates.push(headers['x-amz-date']);
      expect(headers).toEqual(await bySdk(ROLE, { body: 'x', now }));
    }
    expect(dates).toEqual(['20261124T235959Z', '20261125T000000Z', '20261125T000001Z', '20261124T235959Z']);
  });

  it('with credentials that changed within a day', async () => {
    let credentials = ROLE;
    let now = NOW - 5_000;
    const signer = new RequestSigner({
      service: 'sqs',
      region: REGION,
      credentials: () => credentials,
      now: () => now,
    });
    signer.sign(signable({}));
    credentials = { ...ROLE, secretAccessKey: 'another', sessionToken: 'new' };
    now += 1_000;
    expect(record(signer.sign(signable({})))).toEqual(await bySdk(credentials, { now }));
  });
});

it('RequestSigner signs for two hosts by the same headers, as it would for each alone', () => {
  const signer = new RequestSigner({
    service: 'sqs',
    region: REGION,
    credentials: () => ROLE,
    now: () => NOW,
  });
  const [one, two] = ['a.example.com', 'b.example.com'].map((host) => ({
    ...signable({}),
    host,
    headers: octets,
  }));
  const alone = byUs(ROLE, { headers: octets });
  for (const request of [one, two, one]) {
    const signed = record(signer.sign({ ...signable({}), ...request }));
    expect(signed['host']).toBe(request?.host);
    expect(signed['authorization']).not.toBe(alone['authorization']);
  }
  expect(record(signer.sign({ ...signable({}), headers: octets }))).toEqual(alone);
});

describe('RequestSigner', () => {
  useFunctionEnvironment();

  it('takes the credentials of the environment at the time of the call', async () => {
    let now = NOW - 5_000;
    const signer = new RequestSigner({ service: 'sqs', region: REGION, now: () => now });
    expect(record(signer.sign(signable({})))['x-amz-security-token']).toBe('token/+==');
    process.env['AWS_SESSION_TOKEN'] = 'later';
    now += 1_000;
    expect(record(signer.sign(signable({})))['x-amz-security-token']).toBe('later');
  });

  it('signs without a token where there is none', () => {
    process.env['AWS_SESSION_TOKEN'] = '';
    const signer = new RequestSigner({ service: 'sqs', region: REGION });
    expect(signer.sign(signable({}))).not.toContain('x-amz-security-token');
  });

  it('names the variable that is missing', () => {
    delete process.env['AWS_SECRET_ACCESS_KEY'];
    const signer = new RequestSigner({ service: 'sqs', region: REGION });
    expect(() => signer.sign(signable({}))).toThrow(
      'AWS_SECRET_ACCESS_KEY: expected a non-empty value, got none',
    );
  });
});
