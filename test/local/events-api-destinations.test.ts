import { EventBridgeService } from '../../local/aws/events';
import { SecretsManagerService } from '../../local/aws/secrets-manager/service';
import { ArnRouter } from '../../local/router';
import { REGION } from './endpoint-fixture';
import { DEAD, Targets } from './events-fixture';
import { type StubAnswer, StubEndpoint } from './stub-endpoint';

const stub = new StubEndpoint();
const { status } = StubEndpoint;
let targets: Targets;
let events: EventBridgeService;
let secrets: SecretsManagerService;
let names = 0;
beforeAll(() => stub.start());
afterAll(() => stub.close());
beforeEach(() => {
  stub.requests.length = 0;
  stub.answers.length = 0;
  targets = new Targets();
  secrets = new SecretsManagerService({ region: REGION });
  begin({});
});
afterEach(() => events.close());

/** A service of its own for each test; the time-out is that of AWS unless a test waits for it. */
function begin(options: { readonly invocationTimeoutMs?: number }): void {
  events = new EventBridgeService({
    region: REGION,
    router: new ArnRouter({
      sendToQueue: (arn, body, deliverOptions) => targets.deliver(arn, body, deliverOptions),
      apiDestinations: { invoke: (...args) => events.apiDestinations.invoke(...args) },
    }),
    log: targets,
    secrets,
    retry: { firstDelayMs: 1, longestDelayMs: 2 },
    ...options,
  });
}

const API_KEY = { ApiKeyAuthParameters: { ApiKeyName: 'X-Api-Key', ApiKeyValue: 'hidden' } };
const BASIC = { BasicAuthParameters: { Username: 'shop', Password: 'p:w' } };
const oauth = (more: object = {}) => ({
  OAuthParameters: {
    AuthorizationEndpoint: `${stub.url}/token`,
    HttpMethod: 'POST',
    ClientParameters: { ClientID: 'id', ClientSecret: 'secret' },
    ...more,
  },
});

const TYPES = {
  ApiKeyAuthParameters: 'API_KEY',
  BasicAuthParameters: 'BASIC',
  OAuthParameters: 'OAUTH_CLIENT_CREDENTIALS',
};

interface Setup {
  readonly auth?: object;
  readonly destination?: object;
  readonly target?: object;
}

/** A rule that sends every event to a destination of its own. */
function route({ auth = API_KEY, destination = {}, target = {} }: Setup = {}) {
  const name = `d${++names}`;
  const type = Object.entries(TYPES).find(([parameters]) => parameters in auth)?.[1];
  const connection = events.apiDestinations.createConnection({
    Name: name,
    AuthorizationType: type,
    AuthParameters: auth,
  });
  const { arn } = events.apiDestinations.createDestination({
    Name: name,
    ConnectionArn: connection.arn,
    InvocationEndpoint: `${stub.url}/hook`,
    HttpMethod: 'POST',
    ...destination,
  });
  const rule = events.putRule({ name, pattern: { source: ['shop'] } });
  events.putTargets(rule, [
    {
      Id: 'api',
      Arn: arn,
      RoleArn: 'arn:aws:iam::000000000000:role/r',
      DeadLetterConfig: { Arn: DEAD },
      ...target,
    },
  ]);
  return { connection, arn };
}

async function put(detail: object = { id: 7 }, count = 1): Promise<void> {
  const entry = { Source: 'shop', DetailType: 'order', Detail: JSON.stringify(detail) };
  for (let index = 0; index < count; index += 1) events.putEvents([entry]);
  await events.idle();
}

const answer = (...answers: StubAnswer[]) => void stub.answers.push(...answers);
const authorizations = () =>
  stub.requests.filter(({ url }) => url === '/hook').map(({ headers }) => headers.authorization);
const deadLetters = () => targets.delivered.map(({ attributes }) => attributes);

describe('the request (user guide, API destinations)', () => {
  it('is the event with the headers of EventBridge and the connection', async () => {
    route();
    await put();
    expect(stub.requests).toEqual([
      {
        at: expect.any(Number),
        method: 'POST',
        url: '/hook',
        body: expect.stringContaining('"detail":{"id":7}'),
        headers: {
          host: new URL(stub.url).host,
          'user-agent': 'Amazon/EventBridge/ApiDestinations',
          'content-type': 'application/json; charset=utf-8',
          range: 'bytes=0-1048575',
          'accept-encoding': 'gzip,deflate',
          connection: 'close',
          'content-length': expect.stringMatching(/^\d+$/),
          'x-api-key': 'hidden',
        },
      },
    ]);
  });

  it('has the method of the destination, and the payload that the target asks for', async () => {
    route({ destination: { HttpMethod: 'PUT' }, target: { InputPath: '$.detail' } });
    await put();
    expect(stub.requests).toMatchObject([{ method: 'PUT', body: '{"id":7}' }]);
  });

  it('is authorized by user and password', async () => {
    route({ auth: BASIC });
    await put();
    expect(authorizations()).toEqual([`Basic ${Buffer.from('shop:p:w').toString('base64')}`]);
  });

  it('takes path, headers and query of the target, from the event where they are paths', async () => {
    route({
      destination: { InvocationEndpoint: `${stub.url}/shops/*/orders/*?v=1` },
      target: {
        HttpParameters: {
          PathParameterValues: ['berlin/mitte', '$.detail.id'],
          HeaderParameters: { 'X-Source': '$.source', 'Content-Type': 'text/plain' },
          QueryStringParameters: { kind: "$['detail-type']", none: '$.detail.none', v: '2' },
        },
      },
    });
    await put();
    expect(stub.requests).toMatchObject([
      {
        url: '/shops/berlin%2Fmitte/orders/7?v=2&kind=%24%5B%27detail-type%27%5D&none=',
        headers: { 'x-source': 'shop', 'content-type': 'text/plain' },
      },
    ]);
  });

  it('takes headers, query and body of the connection, which win over those of the target', async () => {
    const parameter = (Key: string, Value: string) => ({ Key, Value, IsValueSecret: 'true' });
    route({
      auth: {
        ...API_KEY,
        InvocationHttpParameters: {
          HeaderParameters: [parameter('X-Who', 'connection')],
          QueryStringParameters: [parameter('q', 'connection')],
          BodyParameters: [parameter('token', 'abc')],
        },
      },
      target: {
        InputPath: '$.detail',
        HttpParameters: {
          HeaderParameters: { 'x-who': 'target', 'x-too': 'target' },
          QueryStringParameters: { q: 'target' },
        },
      },
    });
    await put();
    expect(stub.requests).toMatchObject([
      {
        url: '/hook?q=connection',
        headers: { 'x-who': 'connection', 'x-too': 'target' },
        body: '{"id":7,"token":"abc"}',
      },
    ]);
  });

  it('keeps the headers that nobody may change', async () => {
    route({
      auth: { ApiKeyAuthParameters: { ApiKeyName: 'Host', ApiKeyValue: 'elsewhere' } },
      target: { HttpParameters: { HeaderParameters: { 'User-Agent': 'me', Range: 'x', Via: 'x' } } },
    });
    await put();
    const [request] = stub.requests;
    expect(request?.headers).toMatchObject({
      host: new URL(stub.url).host,
      'user-agent': 'Amazon/EventBridge/ApiDestinations',
      range: 'bytes=0-1048575',
    });
    expect(request?.headers).not.toHaveProperty('via');
  });
});

describe('an answer (user guide, API destination error codes)', () => {
  it.each([401, 407, 409, 429, 500, 503])('of %d is tried again', async (code) => {
    answer(status(code), status(code), status(204));
    route();
    await put();
    expect(stub.requests).toHaveLength(3);
    expect(targets.delivered).toEqual([]);
  });

  it.each([301, 400, 403, 404, 413])('of %d is not', async (code) => {
    answer(status(code, { location: '/elsewhere' }, 'no'));
    const { arn } = route();
    await put();
    expect(stub.requests.map(({ url }) => url)).toEqual(['/hook']);
    expect(deadLetters()).toEqual([
      {
        RULE_ARN: expect.stringContaining(':rule/'),
        TARGET_ARN: arn,
        ERROR_CODE: 'SDK_CLIENT_ERROR',
        ERROR_MESSAGE: `ApiDestination returned HTTP status ${code} with payload: no`,
        RETRY_ATTEMPTS: '0',
      },
    ]);
  });

  it('with Retry-After is waited for where the retry policy would come sooner', async () => {
    answer(status(503, { 'retry-after': '0.2' }));
    route();
    await put();
    const [first, second] = stub.requests.map(({ at }) => at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(190);
  });

  it('with a negative Retry-After is the last', async () => {
    answer(status(503, { 'retry-after': '-1' }));
    route();
    await put();
    expect(stub.requests).toHaveLength(1);
    expect(deadLetters()).toMatchObject([{ RETRY_ATTEMPTS: '0' }]);
  });

  it('that does not come in time is a timeout, which is tried again', async () => {
    begin({ invocationTimeoutMs: 150 });
    answer(
      () => undefined,
      (response) => response.writeHead(200).write('half of'),
    );
    route({ target: { RetryPolicy: { MaximumRetryAttempts: 1 } } });
    await put();
    expect(stub.requests).toHaveLength(2);
    expect(deadLetters()).toMatchObject([
      {
        ERROR_CODE: 'UNKNOWN',
        ERROR_MESSAGE:
          'Unable to invoke ApiDestination endpoint: Timeout calling endpoint for API Destination: socket closed.',
        EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
        RETRY_ATTEMPTS: '1',
      },
    ]);
  });

  it('cannot come from where nobody listens', async () => {
    route({
      destination: { InvocationEndpoint: 'http://127.0.0.1:1/' },
      target: { RetryPolicy: { MaximumRetryAttempts: 2 } },
    });
    await put();
    expect(deadLetters()).toMatchObject([
      {
        ERROR_CODE: 'SDK_CLIENT_ERROR',
        ERROR_MESSAGE:
          'Unable to invoke ApiDestination endpoint: API destination endpoint cannot be reached.',
        RETRY_ATTEMPTS: '2',
      },
    ]);
  });

  it('of an API destination that does not exist is none', async () => {
    const { arn } = route();
    await expect(events.apiDestinations.invoke(`${arn}x`, '{}')).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
    });
  });
});

it('no more invocations a second go out than the destination allows', async () => {
  route({ destination: { InvocationRateLimitPerSecond: '50' } });
  const began = performance.now();
  await put({ id: 7 }, 11);
  expect(stub.requests).toHaveLength(11);
  expect(Math.max(...stub.requests.map(({ at }) => at)) - began).toBeGreaterThan(195);
});

describe('OAuth (user guide, authorization methods for connections)', () => {
  const token = (value: string, more: object = { expires_in: 3600 }) =>
    status(200, {}, JSON.stringify({ access_token: value, ...more }));

  it('exchanges the client credentials for a token, once for many events', async () => {
    answer(token('t1'));
    route({
      auth: oauth({
        OAuthHttpParameters: {
          HeaderParameters: [{ Key: 'X-Tenant', Value: 'a' }],
          BodyParameters: [{ Key: 'scope', Value: 'orders' }],
          QueryStringParameters: [{ Key: 'v', Value: '2' }],
        },
      }),
    });
    await put({ id: 7 }, 5);
    const [exchange, ...rest] = stub.requests;
    expect(exchange).toMatchObject({
      method: 'POST',
      url: '/token?v=2',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-tenant': 'a' },
      body: 'grant_type=client_credentials&client_id=id&client_secret=secret&scope=orders',
    });
    expect(rest.map(({ url }) => url)).toEqual(Array(5).fill('/hook'));
    expect(authorizations()).toEqual(Array(5).fill('Bearer t1'));
  });

  it('gets another token with the next attempt when one is refused', async () => {
    answer(token('t1'), status(401), token('t2'));
    route({ auth: oauth() });
    await put();
    expect(authorizations()).toEqual(['Bearer t1', 'Bearer t2']);
  });

  it('gets another token before the last one ends', async () => {
    answer(token('t1', { expires_in: 30 }), status(200), token('t2', {}), status(200));
    route({ auth: oauth({ HttpMethod: 'GET' }) });
    await put();
    await put();
    await put();
    expect(authorizations()).toEqual(['Bearer t1', 'Bearer t2', 'Bearer t2']);
    expect(stub.requests[0]).toMatchObject({
      method: 'GET',
      url: '/token?grant_type=client_credentials&client_id=id&client_secret=secret',
      body: '',
    });
  });

  it('is tried again when the server gives no token', async () => {
    answer(status(500), status(200, {}, '{"token":"x"}'), token('t1'));
    route({ auth: oauth() });
    await put();
    expect(authorizations()).toEqual(['Bearer t1']);
    expect(targets.delivered).toEqual([]);
  });
});

describe('a connection', () => {
  it('keeps its credentials in a secret, and uses what is in there', async () => {
    const { connection, arn } = route({ auth: BASIC });
    expect(connection.secretArn).toContain(`:secret:events!connection/${connection.name}/`);
    expect(JSON.parse(secrets.value(connection.secretArn))).toEqual({ username: 'shop', password: 'p:w' });
    secrets.delete(connection.secretArn);
    await expect(events.apiDestinations.invoke(arn, '{}')).rejects.toThrow(/secret/);
    expect(stub.requests).toEqual([]);
  });

  it.each([
    [
      'parameters of another type',
      { AuthorizationType: 'BASIC' },
      /expected BasicAuthParameters for BASIC, got ApiKey/,
    ],
    [
      'two kinds of parameters',
      { AuthParameters: { ...API_KEY, ...BASIC } },
      /got ApiKeyAuthParameters, Basic/,
    ],
    ['an unknown member', { InvocationConnectivityParameters: {} }, /InvocationConnectivityParameters/],
    ['a name that is none', { Name: 'a b' }, /Name/],
    [
      'plain http to a token server elsewhere',
      {
        AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
        AuthParameters: oauth({ AuthorizationEndpoint: 'http://example.com/' }),
      },
      /expected an https URL, or http to loopback, got http:\/\/example.com/,
    ],
  ])('is refused with %s', (_what, wrong, message) => {
    const input = { Name: 'c', AuthorizationType: 'API_KEY', AuthParameters: API_KEY, ...wrong };
    expect(() => events.apiDestinations.createConnection(input)).toThrow(message);
  });
});

describe('an API destination', () => {
  it.each([
    ['plain http to elsewhere', { InvocationEndpoint: 'http://10.0.0.1/' }, /expected an https URL/],
    ['a method that is none', { HttpMethod: 'TRACE' }, /HttpMethod/],
    ['a rate of zero', { InvocationRateLimitPerSecond: 0 }, /InvocationRateLimitPerSecond/],
    [
      'an unknown connection',
      { ConnectionArn: 'arn:aws:events:x' },
      /Connection arn:aws:events:x does not exist/,
    ],
  ])('is refused with %s', (_what, wrong, message) => {
    expect(() => route({ destination: wrong })).toThrow(message);
  });

  it('takes https to anywhere', () => {
    expect(() => route({ destination: { InvocationEndpoint: 'https://example.com/*/x' } })).not.toThrow();
  });

  it('is no target without a role, and HTTP parameters are none for other targets', () => {
    expect(() => route({ target: { RoleArn: undefined } })).toThrow(/expected a role for an API destination/);
    expect(() => route({ target: { Arn: DEAD, HttpParameters: {} } })).toThrow(/expected an API destination/);
  });
});
