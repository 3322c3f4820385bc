import { connect } from 'node:net';
import { Client, eventually, refusal, startGateway, UPGRADE_REQUEST } from './gateway-fixture';

let fixture: Awaited<ReturnType<typeof startGateway>>;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function start(options?: Parameters<typeof startGateway>[0]): Promise<void> {
  fixture = await startGateway(options);
}

afterEach(() => fixture?.stop());

describe('the handshake', () => {
  beforeEach(() => start());

  it('waits for the function of $connect (developer guide, route keys connect and disconnect)', async () => {
    let release: (result: unknown) => void = () => undefined;
    fixture.invoker.on(
      'connect',
      () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    );
    let opened = false;
    const opening = Client.open(fixture.url).then(() => {
      opened = true;
    });
    await eventually(() => expect(fixture.invoker.of('connect')).toHaveLength(1));
    await sleep(30);
    expect(opened).toBe(false);
    expect(fixture.gateway.connections()).toEqual([]);
    release({ statusCode: 200 });
    await opening;
    expect(fixture.gateway.connections()).toHaveLength(1);
  });

  it('shows the function what API Gateway shows it (captures of typelevel/feral, 2024)', async () => {
    await Client.open(`${fixture.url}?token=a%20b&x=1&x=2`, {
      headers: { 'X-MiXed': 'yes', 'User-Agent': 'test/1' },
    });
    const [event] = fixture.invoker.of('connect');
    expect(event).toMatchObject({
      headers: {
        Host: 'api1.execute-api.us-east-1.amazonaws.com',
        'X-MiXed': 'yes',
        'X-Forwarded-For': '127.0.0.1',
        'X-Forwarded-Proto': 'https',
        'X-Amzn-Trace-Id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
      },
      multiValueHeaders: { 'X-MiXed': ['yes'] },
      queryStringParameters: { token: 'a b', x: '2' },
      multiValueQueryStringParameters: { token: ['a b'], x: ['1', '2'] },
      isBase64Encoded: false,
    });
    expect(event?.requestContext).toEqual({
      routeKey: '$connect',
      eventType: 'CONNECT',
      extendedRequestId: event?.requestContext.requestId,
      requestTime: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      messageDirection: 'IN',
      stage: 'local',
      connectedAt: expect.any(Number),
      requestTimeEpoch: expect.any(Number),
      identity: { sourceIp: '127.0.0.1', userAgent: 'test/1' },
      requestId: expect.stringMatching(/^[A-Za-z0-9_-]{15}=$/),
      domainName: 'api1.execute-api.us-east-1.amazonaws.com',
      connectionId: expect.stringMatching(/^[A-Za-z0-9_-]{15}=$/),
      apiId: 'api1',
    });
    const names = Object.keys(event?.headers ?? {}).map((name) => name.toLowerCase());
    expect(names).not.toContain('connection');
    expect(names).not.toContain('upgrade');
    expect(event).not.toHaveProperty('body');
  });

  it('leaves the query fields out where there is no query (serverless-offline, test against AWS)', async () => {
    await Client.open(fixture.url);
    expect(fixture.invoker.of('connect')[0]).not.toHaveProperty('queryStringParameters');
    expect(fixture.invoker.of('connect')[0]).not.toHaveProperty('multiValueQueryStringParameters');
  });

  it.each([
    ['a redirect', { statusCode: 301 }, 301],
    ['a refusal', { statusCode: 401 }, 401],
    ['another one', { statusCode: 403 }, 403],
    ['a server error', { statusCode: 500 }, 500],
    ['a rarer one', { statusCode: 501 }, 501],
    ['no object', 'yes', 502],
    ['nothing', undefined, 502],
    ['no status', { body: 'x' }, 502],
  ])('passes on %s (published wscat experiment)', async (_, result, status) => {
    fixture.invoker.on('connect', () => result);
    expect(await refusal(fixture.url)).toBe(status);
    await sleep(20);
    expect(fixture.invoker.of('disconnect')).toEqual([]);
  });

  it('answers 502 when the function throws (published wscat experiment; serverless-websockets-plugin#13)', async () => {
    fixture.invoker.on('connect', () => {
      throw new Error('boom');
    });
    expect(await refusal(fixture.url)).toBe(502);
  });

  it('selects the subprotocol that the function names, in any case of the header (developer guide, connect route subprotocol)', async () => {
    fixture.invoker.on('connect', () => ({ statusCode: 200, headers: { 'sec-WebSocket-protocol': 'b' } }));
    const client = await Client.open(fixture.url, { protocols: ['a', 'b'] });
    expect(client.socket.protocol).toBe('b');
  });

  it('selects no subprotocol by itself (RFC 6455, 4.2.2)', async () => {
    await expect(Client.open(fixture.url, { protocols: ['a'] })).rejects.toThrow(
      'Server sent no subprotocol',
    );
  });

  it('negotiates no compression', async () => {
    expect((await Client.open(fixture.url)).socket.extensions).toBe('');
  });

  it('answers 426 to a plain GET (serverless-offline, test against AWS) and 403 to what is no stage', async () => {
    const get = await fetch(fixture.httpUrl);
    expect(get.status).toBe(426);
    expect(await refusal(fixture.url.replace('/local', '/prod'))).toBe(403);
    expect(await refusal(`${fixture.url}/more`)).toBe(403);
    const wrong = await fetch(fixture.httpUrl.replace('/local', '/prod'));
    expect([wrong.status, await wrong.json()]).toEqual([403, { message: 'Forbidden' }]);
    expect(fixture.invoker.events).toEqual([]);
  });

  it('answers 414 to a URL of more than 4096 characters (quotas page, which names no status)', async () => {
    const onAws = 'wss://api1.execute-api.us-east-1.amazonaws.com/local?t=';
    await Client.open(`${fixture.url}?t=${'x'.repeat(4096 - onAws.length)}`);
    expect(await refusal(`${fixture.url}?t=${'x'.repeat(4097 - onAws.length)}`)).toBe(414);
    expect(await refusal(`${fixture.url}?t=${'x'.repeat(20_000)}`)).toBe(414);
  });

  it('invokes no function for an upgrade that is none', async () => {
    const response = await new Promise<string>((resolve, reject) => {
      const socket = connect(fixture.port, '127.0.0.1', () => {
        socket.write('GET /local HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      });
      socket.once('data', (data) => resolve(data.toString()));
      socket.once('error', reject);
    });
    expect(response).toMatch(/^HTTP\/1.1 400 /);
    expect(fixture.invoker.events).toEqual([]);
  });

  it('tells $disconnect of a client that left while it was let in', async () => {
    let release: (result: unknown) => void = () => undefined;
    fixture.invoker.on(
      'connect',
      () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    );
    const opening = Client.open(fixture.url);
    opening.catch(() => undefined);
    const raw = connect(fixture.port, '127.0.0.1', () => {
      raw.write(UPGRADE_REQUEST);
    });
    await eventually(() => expect(fixture.invoker.of('connect')).toHaveLength(2));
    raw.resetAndDestroy();
    await sleep(20);
    release({ statusCode: 200 });
    await eventually(() =>
      expect(
        fixture.invoker.of('disconnect').map((event) => event.requestContext['disconnectStatusCode']),
      ).toContain(1006),
    );
  });
});

it('accepts everybody where there is no $connect route', async () => {
  await start({ routes: { $default: { functionArn: 'default' } } });
  await Client.open(fixture.url);
  expect(fixture.gateway.connections()).toHaveLength(1);
});
