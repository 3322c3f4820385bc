import { type ApiKeys, OVERLAP_MS } from '../../../lambdas/gateway/core/server-api/api-key';
import { httpRequestOf, serveHttp } from '../../../lambdas/gateway/core/server-api/http';
import { apiWorld, NOW, TRACEPARENT } from './world';

const KEY = 'k'.repeat(64);
const OLD = 'o'.repeat(64);

interface Given {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly keys?: ApiKeys;
  readonly more?: object;
}

const keysOf = (current: string, previous?: string, since = NOW): ApiKeys => ({
  current: { value: current, since },
  previous: previous === undefined ? undefined : { value: previous, since: 0 },
});

/** Serves a request as API Gateway hands it over. */
async function serve(world: ReturnType<typeof apiWorld>, given: Given) {
  const {
    method = 'info',
    body = '{}',
    headers = { 'x-api-key': KEY },
    keys = keysOf(KEY),
    more = {},
  } = given;
  const request = httpRequestOf({
    version: '2.0',
    routeKey: 'POST /api/{method}',
    headers,
    pathParameters: { method },
    requestContext: {},
    body,
    isBase64Encoded: false,
    ...more,
  });
  if (request === undefined) throw new Error('expected a request, got none');
  const read = async () => {
    if (world.failing.has('keys')) throw new Error('secrets are away');
    return keys;
  };
  const { statusCode, body: text } = await serveHttp({ ...world.parts, api: world.api, keys: read }, request);
  return { status: statusCode, body: JSON.parse(text) };
}

describe('a key', () => {
  it.each([
    ['X-API-Key', { 'x-api-key': KEY }],
    ['Authorization: apikey', { authorization: `apikey ${KEY}` }],
    ['Authorization: ApiKey', { authorization: `ApiKey  ${KEY}` }],
  ])('is good as %s', async (_, headers) => {
    expect(await serve(apiWorld(), { headers })).toMatchObject({ status: 200 });
  });

  it.each([
    ['no header', {}],
    ['an empty key', { 'x-api-key': '' }],
    ['another key', { 'x-api-key': `${KEY}x` }],
    ['a beginning of the key', { 'x-api-key': KEY.slice(1) }],
    ['a bearer token', { authorization: `Bearer ${KEY}` }],
    ['a key of endless length', { 'x-api-key': KEY.repeat(100) }],
    ['an empty Authorization', { authorization: 'apikey ' }],
  ])('is refused as %s, and nothing of it is told or logged', async (_, headers) => {
    const world = apiWorld();
    const { status, body } = await serve(world, { headers });
    expect(status).toBe(401);
    expect(body).toEqual({ error: { code: 101, message: expect.stringMatching(/expected .*, got /) } });
    expect(JSON.stringify([body, world.lines])).not.toContain('kkk');
  });

  it('is good beside its successor for a day', async () => {
    const headers = { 'x-api-key': OLD };
    const young = keysOf(KEY, OLD, NOW - OVERLAP_MS + 1);
    expect(await serve(apiWorld(), { headers, keys: young })).toMatchObject({ status: 200 });
    const old = keysOf(KEY, OLD, NOW - OVERLAP_MS);
    expect(await serve(apiWorld(), { headers, keys: old })).toMatchObject({ status: 401 });
  });

  it('is never the empty one of a secret without a former version', async () => {
    expect(await serve(apiWorld(), { headers: { authorization: 'apikey  ' } })).toMatchObject({
      status: 401,
    });
  });

  it('cannot be checked where it cannot be read', async () => {
    const world = apiWorld();
    world.failing.add('keys');
    expect(await serve(world, {})).toMatchObject({ status: 503, body: { error: { code: 100 } } });
  });
});

describe('a request by IAM', () => {
  const route = { routeKey: 'POST /api/iam/{method}' };
  const caller = { authorizer: { iam: { userArn: 'arn:aws:sts::1:assumed-role/shop/i' } } };

  it('needs no key, and is logged with its caller', async () => {
    const world = apiWorld();
    const given = { method: 'presence', body: '{}', headers: {}, more: { ...route, requestContext: caller } };
    expect(await serve(world, given)).toMatchObject({ status: 200, body: { error: { code: 107 } } });
    expect(world.lines[0]?.fields).toMatchObject({ caller: 'arn:aws:sts::1:assumed-role/shop/i' });
  });

  it('needs a caller, and a key does not stand for one', async () => {
    expect(await serve(apiWorld(), { more: route })).toMatchObject({ status: 401 });
  });

  it('is nothing that the route for keys would take', async () => {
    expect(await serve(apiWorld(), { headers: {}, more: { requestContext: caller } })).toMatchObject({
      status: 401,
    });
  });
});

describe('a request', () => {
  it.each(['nothing', '', '__proto__', 'constructor', 'toString', '<script>'])(
    'for the method "%s" is answered 404 with those that there are',
    async (method) => {
      const { status, body } = await serve(apiWorld(), { method });
      expect(status).toBe(404);
      expect(body.error).toEqual({
        code: 104,
        message: expect.stringMatching(/^method not found: method: expected publish, .*revoke, got another$/),
      });
    },
  );

  it.each([
    ['no JSON', '{', 'body: expected JSON, got text that is none'],
    ['a list', '[]', 'request: expected a JSON object, got a list'],
    ['a field of another type', '{"channel":5}', 'channel: expected string, got number'],
  ])('is answered 400 where its body is %s', async (_, body, text) => {
    const answer = await serve(apiWorld(), { method: 'history', body });
    expect(answer).toEqual({ status: 400, body: { error: { code: 107, message: `bad request: ${text}` } } });
  });

  it('may come in Base64, and without a body where it needs none', async () => {
    const body = Buffer.from('{"channel":"room:1"}').toString('base64');
    const encoded = { method: 'history', body, more: { isBase64Encoded: true } };
    expect(await serve(apiWorld(), encoded)).toMatchObject({ status: 200, body: { result: {} } });
    expect(await serve(apiWorld(), { body: '' })).toMatchObject({ status: 200 });
  });

  it('hands its trace on', async () => {
    const world = apiWorld();
    const headers = { 'x-api-key': KEY, traceparent: TRACEPARENT };
    await serve(world, { method: 'publish', body: '{"channel":"room:1","data":1}', headers });
    expect(world.deliveries[0]?.traceparent).toMatch(/^00-1{32}-/);
  });
});

it.each([[null], [5], [{}], [{ routeKey: 'x' }], [{ headers: {} }]])('%j is no request', (event) => {
  expect(httpRequestOf(event)).toBeUndefined();
});
