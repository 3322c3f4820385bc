import { HttpApiServer, HttpApiStageTakenError } from '../../local/http-api/http-api-server';
import { RouteKeyError, RouteTable } from '../../local/http-api/route-table';
import { AwsError } from '../../local/ports';
import { FakeInvoker, FakeLog } from './gateway-fixture';

let server: HttpApiServer;
let invoker: FakeInvoker;
let log: FakeLog;
let url: string;

beforeEach(async () => {
  invoker = new FakeInvoker().on('api', () => ({ statusCode: 200, body: 'ok' }));
  log = new FakeLog();
  const limits = { integrationTimeoutMs: 100 };
  server = new HttpApiServer({ invoker, log, region: 'us-east-1', account: '000000000000', limits });
  server.addApi({
    apiId: 'http1',
    stage: '$default',
    routes: [
      { routeKey: 'POST /api/{method}', functionArn: 'api' },
      { routeKey: 'GET /files/{path+}', functionArn: 'api' },
    ],
  });
  url = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
});
afterEach(() => server.close());

const post = (body: string | Uint8Array<ArrayBuffer> = '{}', type = 'application/json') =>
  fetch(`${url}/api/publish`, { method: 'POST', body, headers: { 'content-type': type } });

it('a route waits no longer than its integration does', async () => {
  invoker.on('slow', () => new Promise(() => undefined));
  const routes = [{ routeKey: 'GET /', functionArn: 'slow', timeoutMs: 50 }];
  server.addApi({ apiId: 'http2', stage: 'slow', routes });
  expect((await fetch(`${url}/slow/`)).status).toBe(503);
  expect(log.warnings).toEqual(['http2 GET /: the function gave no answer within 50 ms']);
});

describe('a route for signed requests', () => {
  const signature = (service = 'execute-api', key = 'AKIA1') =>
    `AWS4-HMAC-SHA256 Credential=${key}/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=00`;
  const caller = {
    accessKeyId: 'AKIA1',
    secretAccessKey: 's',
    sessionToken: '',
    arn: 'arn:aws:sts::000000000000:assumed-role/shop/i',
    senderId: 'AROA1:i',
  };
  let signed: HttpApiServer;
  let signedUrl: string;
  let resources: string[];

  beforeEach(async () => {
    resources = [];
    signed = new HttpApiServer({
      invoker,
      log,
      region: 'us-east-1',
      access: {
        signer: ({ headers }, routeArn) => {
          resources.push(routeArn);
          if (headers['authorization'] === signature()) return caller;
          throw new AwsError('AccessDeniedException', 'not allowed', 403);
        },
      },
    });
    const routes = [{ routeKey: 'POST /iam', functionArn: 'api', authorization: 'AWS_IAM' as const }];
    signed.addApi({ apiId: 'http1', stage: '$default', routes });
    signedUrl = `http://127.0.0.1:${await signed.listen(0, '127.0.0.1')}/iam`;
  });
  afterEach(() => signed.close());

  it('tells the function who signed, where he may use the route', async () => {
    const headers = { authorization: signature() };
    expect((await fetch(signedUrl, { method: 'POST', headers })).status).toBe(200);
    expect(resources).toEqual([expect.stringMatching(/:execute-api:us-east-1:\d+:http1\/.*POST\/iam$/)]);
    expect(invoker.of('api')[0]).toMatchObject({
      requestContext: {
        authorizer: { iam: { accessKey: 'AKIA1', userArn: caller.arn, userId: 'AROA1:i' } },
      },
    });
  });

  it.each([
    ['without a signature', {}],
    ['of somebody who may not use it', { authorization: signature('execute-api', 'AKIA2') }],
    ['with another authorization', { authorization: 'Bearer x' }],
  ])('answers 403 to a request %s', async (_, headers) => {
    const response = await fetch(signedUrl, { method: 'POST', headers: { ...headers } });
    expect([response.status, await response.json()]).toEqual([403, { message: 'Forbidden' }]);
    expect(invoker.of('api')).toEqual([]);
  });
});

describe('the event', () => {
  it('has the shape of payload format 2.0', async () => {
    await fetch(`${url}/api/pub%20lish?a=1&a=2&b=x%20y`, {
      method: 'POST',
      body: '{"x":1}',
      headers: {
        'X-API-Key': 'k',
        'content-type': 'application/json',
        cookie: 'c=1; d=2',
        'user-agent': 'test/1',
      },
    });
    const [event] = invoker.of('api');
    expect(event).toEqual({
      version: '2.0',
      routeKey: 'POST /api/{method}',
      rawPath: '/api/pub lish',
      rawQueryString: 'a=1&a=2&b=x%20y',
      cookies: ['c=1', 'd=2'],
      headers: expect.objectContaining({
        'x-api-key': 'k',
        host: 'http1.execute-api.us-east-1.amazonaws.com',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'https',
      }),
      queryStringParameters: { a: '1,2', b: 'x y' },
      pathParameters: { method: 'pub lish' },
      requestContext: {
        accountId: '000000000000',
        apiId: 'http1',
        domainName: 'http1.execute-api.us-east-1.amazonaws.com',
        domainPrefix: 'http1',
        http: {
          method: 'POST',
          path: '/api/pub lish',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test/1',
        },
        requestId: expect.any(String),
        routeKey: 'POST /api/{method}',
        stage: '$default',
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        timeEpoch: expect.any(Number),
      },
      body: '{"x":1}',
      isBase64Encoded: false,
    });
    expect(event?.headers).not.toHaveProperty('cookie');
  });

  it('leaves out what the request does not have', async () => {
    await fetch(`${url}/files/a/b`);
    const [event] = invoker.of('api');
    expect(event).toMatchObject({
      rawQueryString: '',
      isBase64Encoded: false,
      pathParameters: { path: 'a/b' },
    });
    for (const name of ['cookies', 'queryStringParameters', 'body']) expect(event).not.toHaveProperty(name);
  });

  it('carries bytes in base64', async () => {
    await post(new Uint8Array([0, 255]), 'application/octet-stream');
    expect(invoker.of('api')[0]).toMatchObject({ body: 'AP8=', isBase64Encoded: true });
  });
});

describe('the response', () => {
  it('is what the function says', async () => {
    invoker.on('api', () => ({
      statusCode: 201,
      headers: { 'Content-Type': 'application/json', 'X-Custom': 'yes' },
      cookies: ['a=1; HttpOnly', 'b=2'],
      body: '{"ok":true}',
    }));
    const response = await post();
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('x-custom')).toBe('yes');
    expect(response.headers.getSetCookie()).toEqual(['a=1; HttpOnly', 'b=2']);
    expect(await response.json()).toEqual({ ok: true });
  });

  it('may be bytes', async () => {
    invoker.on('api', () => ({ statusCode: 200, body: 'AP8=', isBase64Encoded: true }));
    expect(new Uint8Array(await (await post()).arrayBuffer())).toEqual(new Uint8Array([0, 255]));
  });

  it.each([
    [{ a: 1 }, '{"a":1}'],
    ['hello', 'hello'],
    [[1], '[1]'],
    [null, 'null'],
  ])('is a 200 in JSON for the bare value %j', async (value, text) => {
    invoker.on('api', () => value);
    const response = await post();
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      'application/json',
      text,
    ]);
  });

  it.each([
    ['throws', () => Promise.reject(new Error('boom'))],
    ['names no valid status', () => ({ statusCode: 'soon' })],
  ])('is 500 when the function %s', async (_, handler) => {
    invoker.on('api', handler);
    const response = await post();
    expect([response.status, await response.json()]).toEqual([500, { message: 'Internal Server Error' }]);
  });

  it('is 503 when the function takes too long', async () => {
    invoker.on('api', () => new Promise(() => undefined));
    const response = await post();
    expect([response.status, await response.json()]).toEqual([503, { message: 'Service Unavailable' }]);
    expect(log.warnings).toEqual(['http1 POST /api/{method}: the function gave no answer within 100 ms']);
  });

  it.each([
    ['GET', '/api/publish'],
    ['POST', '/api'],
    ['POST', '/api/a/b'],
    ['GET', '/files/'],
    ['GET', '/'],
  ])('is 404 for %s %s', async (method, path) => {
    const response = await fetch(`${url}${path}`, { method });
    expect([response.status, await response.json()]).toEqual([404, { message: 'Not Found' }]);
    expect(invoker.events).toEqual([]);
  });

  it('is 413 for a body over 10 MB', async () => {
    expect((await post('x'.repeat(10 * 1024 * 1024))).status).toBe(200);
    expect((await post('x'.repeat(10 * 1024 * 1024 + 1))).status).toBe(413);
    expect(invoker.of('api')).toHaveLength(1);
  });
});

describe('stages', () => {
  it('with a name are served under it', async () => {
    const routes = [{ routeKey: 'GET /x', functionArn: 'api' }];
    server.addApi({ apiId: 'http2', stage: 'dev', routes });
    expect((await fetch(`${url}/dev/x`)).status).toBe(200);
    expect(invoker.of('api')[0]).toMatchObject({
      rawPath: '/dev/x',
      requestContext: { apiId: 'http2', stage: 'dev' },
    });
    expect(() => server.addApi({ apiId: 'http3', stage: 'dev', routes })).toThrow(HttpApiStageTakenError);
  });
});

describe('the route table', () => {
  const table = new RouteTable(
    ['$default', 'ANY /{all+}', 'GET /{all+}', 'ANY /a/{x}', 'GET /a/{x}', 'GET /a/b'].map((routeKey) => ({
      routeKey,
      functionArn: 'api',
    })),
  );

  it.each([
    ['GET', '/a/b', 'GET /a/b', {}],
    ['POST', '/a/b', 'ANY /a/{x}', { x: 'b' }],
    ['GET', '/a/c', 'GET /a/{x}', { x: 'c' }],
    ['GET', '/a/c/d', 'GET /{all+}', { all: 'a/c/d' }],
    ['PUT', '/z', 'ANY /{all+}', { all: 'z' }],
    ['GET', '/', '$default', {}],
  ])('takes the most specific route: %s %s to %s', (method, path, routeKey, pathParameters) => {
    expect(table.match(method, path)).toEqual({ route: { routeKey, functionArn: 'api' }, pathParameters });
  });

  it('refuses a key that is no route', () => {
    expect(() => new RouteTable([{ routeKey: 'post /x', functionArn: 'api' }])).toThrow(RouteKeyError);
  });
});

it('ends with a request in flight', async () => {
  invoker.on('api', () => new Promise(() => undefined));
  const asked = post().catch(() => 'cut off');
  await new Promise((resolve) => setTimeout(resolve, 20));
  const startedAt = Date.now();
  await server.close();
  expect(Date.now() - startedAt).toBeLessThan(1_500);
  await asked;
});
