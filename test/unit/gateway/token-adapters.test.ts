import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import * as v from 'valibot';
import type { TokenRules } from '../../../lambdas/contract/token-rules';
import type { JsonCalls } from '../../../lambdas/gateway/core/adapters/aws/json-service';
import { FunctionKeySetRequests } from '../../../lambdas/gateway/core/adapters/key-set-requests';
import { INVOKE_TIMEOUT_MS, LambdaInvoker } from '../../../lambdas/gateway/core/adapters/lambda-invoker';
import { tokensOf } from '../../../lambdas/gateway/core/adapters/tokens';
import { FRAME_MS } from '../../../lambdas/gateway/core/commands/frame-time';
import { FETCH_TIMEOUT_MS } from '../../../lambdas/gateway/jwks/fetch-jwks';
import { good, hs256, jwkOf, keySetText, NOW, published, SECRET, SET } from './token-world';

const before = { ...process.env };
afterEach(() => {
  process.env = { ...before };
});

describe('tokensOf', () => {
  const called: [string, object][] = [];
  /** A service that answers every call so. */
  const answering = (answer: object): JsonCalls => ({
    call: async (operation, input, output) => {
      called.push([operation, input]);
      return v.parse(output, answer);
    },
  });
  const asked: [string, string][] = [];
  const invoker = {
    invoke: async (name: string, payload: string) => {
      asked.push([name, payload]);
      return JSON.stringify({ sets: { [SET]: keySetText([jwkOf('RS256', 'new')]) }, fresh: true });
    },
  };
  const clients = {
    secrets: answering({ SecretString: new TextDecoder().decode(SECRET) }),
    ssm: answering({
      Parameters: [{ Name: `/holdfast/test/jwks/${SET}`, Value: keySetText([jwkOf('RS256')]) }],
    }),
    invoker,
  };
  const clock = { now: () => NOW, sleep: async () => undefined };
  const tokens = (rules: Partial<TokenRules>) => {
    const all: TokenRules = { hmac: true, anonymous: false, jwks: [], ...rules };
    return tokensOf({ TOKEN_RULES: JSON.stringify(all) }, clients, clock, () => undefined);
  };

  beforeEach(() => {
    asked.length = 0;
    called.length = 0;
    process.env['JWT_SECRET_ARN'] = 'arn';
    process.env['JWKS_PARAMETER_PATH'] = '/holdfast/test/jwks';
    process.env['JWKS_FUNCTION_NAME'] = 'fetcher';
  });

  it('checks by the secret, by stored key sets, and by those that the function fetches', async () => {
    const verifier = tokens({ jwks: [{ id: SET }] });
    for (const token of [hs256(good()), published('RS256', good())]) {
      expect((await verifier.connection(token)).result).toBe('ok');
    }
    expect(called).toEqual([
      ['GetSecretValue', { SecretId: 'arn' }],
      ['GetParametersByPath', { Path: '/holdfast/test/jwks' }],
    ]);
    expect(asked).toEqual([]);
    expect((await verifier.connection(published('RS256', good(), { kid: 'new' }))).result).toBe('ok');
    expect(asked).toEqual([['fetcher', '{"kid":"new"}']]);
  });

  it('needs no secret where none signs tokens, and refuses what it signed', async () => {
    delete process.env['JWT_SECRET_ARN'];
    const verifier = tokens({ hmac: false, jwks: [{ id: SET }] });
    expect((await verifier.connection(hs256(good()))).result).toBe('invalid');
    expect((await verifier.connection(published('RS256', good()))).result).toBe('ok');
    expect(called.map(([operation]) => operation)).toEqual(['GetParametersByPath']);
  });

  it('needs no key set where none is configured, and reads none for a token that names a key', async () => {
    delete process.env['JWKS_PARAMETER_PATH'];
    delete process.env['JWKS_FUNCTION_NAME'];
    expect((await tokens({}).connection(published('RS256', good()))).result).toBe('invalid');
    expect(called).toEqual([]);
  });

  it('says at its start which variable is missing', () => {
    delete process.env['JWT_SECRET_ARN'];
    expect(() => tokens({})).toThrow('JWT_SECRET_ARN: expected a non-empty value, got none');
    delete process.env['JWKS_FUNCTION_NAME'];
    expect(() => tokens({ hmac: false, jwks: [{ id: SET }] })).toThrow('JWKS_FUNCTION_NAME');
  });

  it('asks of tokens by the secret what the rules ask of them', async () => {
    const verifier = tokens({ issuer: 'us', audience: 'holdfast', anonymous: true });
    expect((await verifier.connection(hs256(good()))).result).toBe('invalid');
    const claims = good({ iss: 'us', aud: 'holdfast', sub: '' });
    expect((await verifier.connection(hs256(claims))).result).toBe('ok');
  });
});

describe('LambdaInvoker', () => {
  const requests: { url: string | undefined; body: string; authorization: string | undefined }[] = [];
  let answer = { status: 200, headers: {}, body: '{"a":1}' };
  const server = createServer(async (request, response) => {
    const body = await text(request);
    requests.push({ url: request.url, body, authorization: request.headers.authorization });
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });

  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    requests.length = 0;
    answer = { status: 200, headers: {}, body: '{"a":1}' };
    process.env['AWS_ENDPOINT_URL_LAMBDA'] = `http://127.0.0.1:${Object(server.address()).port}`;
    process.env['AWS_REGION'] = 'eu-west-1';
    process.env['AWS_ACCESS_KEY_ID'] = 'AKIDEXAMPLE';
    process.env['AWS_SECRET_ACCESS_KEY'] = 'secret';
  });

  it('invokes by a signed request and answers what the function returned', async () => {
    expect(await new LambdaInvoker().invoke('dev-holdfast-gateway-jwks', '{"kid":"k"}')).toBe('{"a":1}');
    expect(requests).toEqual([
      {
        url: '/2015-03-31/functions/dev-holdfast-gateway-jwks/invocations',
        body: '{"kid":"k"}',
        authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 .*\/eu-west-1\/lambda\/aws4_request/),
      },
    ]);
  });

  it.each([
    ['status 403', { status: 403, headers: {} }],
    ['status 429', { status: 429, headers: {} }],
    ['an error (Unhandled)', { status: 200, headers: { 'x-amz-function-error': 'Unhandled' } }],
  ])('rejects for %s, once, and without the words of the answer', async (message, given) => {
    answer = { ...given, body: '{"errorMessage":"DO-NOT-REPEAT"}' };
    const error: unknown = await new LambdaInvoker().invoke('f', '{}').catch((thrown: unknown) => thrown);
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain('DO-NOT-REPEAT');
    expect(requests).toHaveLength(1);
  });

  it('waits for longer than the function for its provider, and for less than a client for its connect', () => {
    expect(INVOKE_TIMEOUT_MS).toBeGreaterThan(FETCH_TIMEOUT_MS);
    expect(INVOKE_TIMEOUT_MS).toBeLessThan(FRAME_MS);
  });
});

describe('FunctionKeySetRequests', () => {
  const ask = (answer: string) =>
    new FunctionKeySetRequests({ invoke: async () => answer }, 'fetcher').ask('k');

  it('answers the sets as texts', async () => {
    expect(await ask('{"sets":{"a":"{}","b":7},"fresh":false}')).toEqual({
      sets: { a: '{}', b: '' },
      fresh: false,
    });
  });

  it.each(['', 'null', '[]', '{}', '{"sets":[],"fresh":true}', '{"sets":{},"fresh":1}'])(
    'rejects for the answer %j',
    async (answer) => {
      await expect(ask(answer)).rejects.toThrow();
    },
  );
});
