import { StageTakenError, WebSocketGateway } from '../../local/gateway/websocket-gateway';
import {
  Client,
  type Event,
  eventually,
  FakeInvoker,
  FakeLog,
  refusal,
  startGateway,
} from './gateway-fixture';

let fixture: Awaited<ReturnType<typeof startGateway>>;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function start(options?: Parameters<typeof startGateway>[0]): Promise<void> {
  fixture = await startGateway(options);
}

afterEach(() => fixture?.stop());

describe('the handshake', () => {
  beforeEach(() => start());

  it('waits for the function of $connect', async () => {
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

  it('shows the function what API Gateway shows it', async () => {
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

  it('leaves the query fields out where there is no query', async () => {
    await Client.open(fixture.url);
    expect(fixture.invoker.of('connect')[0]).not.toHaveProperty('queryStringParameters');
    expect(fixture.invoker.of('connect')[0]).not.toHaveProperty('multiValueQueryStringParameters');
  });

  it.each([
    ['a redirect', { statusCode: 301 }, 301],
    ['a refusal', { statusCode: 401 }, 401],
    ['a server error', { statusCode: 501 }, 501],
    ['no object', 'yes', 502],
    ['nothing', undefined, 502],
    ['no status', { body: 'x' }, 502],
  ])('passes on %s', async (_, result, status) => {
    fixture.invoker.on('connect', () => result);
    expect(await refusal(fixture.url)).toBe(status);
    await sleep(20);
    expect(fixture.invoker.of('disconnect')).toEqual([]);
  });

  it('answers 502 when the function throws', async () => {
    fixture.invoker.on('connect', () => {
      throw new Error('boom');
    });
    expect(await refusal(fixture.url)).toBe(502);
  });

  it('selects the subprotocol that the function names, in any case of the header', async () => {
    fixture.invoker.on('connect', () => ({ statusCode: 200, headers: { 'sec-WebSocket-protocol': 'b' } }));
    const client = await Client.open(fixture.url, { protocols: ['a', 'b'] });
    expect(client.socket.protocol).toBe('b');
  });

  it('selects no subprotocol by itself', async () => {
    await expect(Client.open(fixture.url, { protocols: ['a'] })).rejects.toThrow(
      'Server sent no subprotocol',
    );
  });

  it('negotiates no compression', async () => {
    expect((await Client.open(fixture.url)).socket.extensions).toBe('');
  });

  it('refuses what is no WebSocket of a known stage', async () => {
    const get = await fetch(fixture.httpUrl);
    expect(get.status).toBe(426);
    expect(await refusal(fixture.url.replace('/local', '/prod'))).toBe(403);
    expect(await refusal(`${fixture.url}/more`)).toBe(403);
    const wrong = await fetch(fixture.httpUrl.replace('/local', '/prod'));
    expect([wrong.status, await wrong.json()]).toEqual([403, { message: 'Forbidden' }]);
    expect(fixture.invoker.events).toEqual([]);
  });

  it('answers 414 to a URL of more than 4096 characters', async () => {
    const onAws = 'wss://api1.execute-api.us-east-1.amazonaws.com/local?t=';
    await Client.open(`${fixture.url}?t=${'x'.repeat(4096 - onAws.length)}`);
    expect(await refusal(`${fixture.url}?t=${'x'.repeat(4097 - onAws.length)}`)).toBe(414);
    expect(await refusal(`${fixture.url}?t=${'x'.repeat(20_000)}`)).toBe(414);
  });

  it('invokes no function for an upgrade that is none', async () => {
    const response = await new Promise<string>((resolve, reject) => {
      const { connect } = require('node:net') as typeof import('node:net');
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
    const { connect } = require('node:net') as typeof import('node:net');
    const raw = connect(fixture.port, '127.0.0.1', () => {
      raw.write(
        'GET /local HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
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

describe('messages', () => {
  it('invoke the function with the raw text and nothing of the handshake', async () => {
    await start();
    const client = await Client.open(`${fixture.url}?token=x`);
    client.socket.send('not json \u{1F600}');
    const event = await eventually(() => {
      const [first] = fixture.invoker.of('default');
      if (!first) throw new Error('no event yet');
      return first;
    });
    expect(Object.keys(event).sort()).toEqual(['body', 'isBase64Encoded', 'requestContext']);
    expect(event.body).toBe('not json \u{1F600}');
    expect(event.requestContext).toMatchObject({
      routeKey: '$default',
      eventType: 'MESSAGE',
      messageDirection: 'IN',
    });
    expect(event.requestContext['messageId']).toMatch(/^[A-Za-z0-9_-]{15}=$/);
    expect(client.received).toEqual([]);
  });

  it('of one connection run concurrently', async () => {
    await start();
    let running = 0;
    let most = 0;
    fixture.invoker.on('default', async () => {
      most = Math.max(most, ++running);
      await sleep(50);
      running--;
    });
    const client = await Client.open(fixture.url);
    for (let at = 0; at < 5; at++) client.socket.send(`${at}`);
    await eventually(() => expect(most).toBe(5));
    expect(fixture.invoker.of('default').map(({ body }) => body)).toEqual(['0', '1', '2', '3', '4']);
  });

  it('get the error frame of API Gateway, to the letter, when the function fails', async () => {
    await start();
    fixture.invoker.on('default', () => {
      throw new Error('boom');
    });
    const client = await Client.open(fixture.url);
    client.socket.send('x');
    await eventually(() => expect(client.received).toHaveLength(1));
    const { connectionId, requestId } = fixture.invoker.of('default')[0]?.requestContext ?? {};
    expect(client.received[0]).toBe(
      `{"message": "Internal server error", "connectionId":"${connectionId}", "requestId":"${requestId}"}`,
    );
    expect(client.socket.readyState).toBe(client.socket.OPEN);
  });

  it('get the same frame when the function takes too long, and the developer a line', async () => {
    await start({ limits: { integrationTimeoutMs: 30 } });
    fixture.invoker.on('default', () => new Promise(() => undefined));
    const client = await Client.open(fixture.url);
    client.socket.send('x');
    await eventually(() => expect(client.received[0]).toContain('"Internal server error"'));
    expect(fixture.log.warnings).toEqual(['api1 $default: the function gave no answer within 30 ms']);
  });

  it('are refused without a route that takes them', async () => {
    await start({ routes: { $connect: { functionArn: 'connect' }, ping: { functionArn: 'default' } } });
    const client = await Client.open(fixture.url);
    client.socket.send('{"action":"$connect"}');
    await eventually(() =>
      expect(client.received[0]).toMatch(
        /^\{"message": "Forbidden", "connectionId":"[^"]+", "requestId":"[^"]+"\}$/,
      ),
    );
    client.socket.send('{"action":"ping"}');
    await eventually(() => expect(fixture.invoker.of('default')).toHaveLength(1));
  });

  it.each([
    ['$request.body.action', '{"action":"join"}', 'join'],
    ['$request.body.a.b', '{"a":{"b":7}}', '7'],
    ['${request.body.service}/${request.body.action}', '{"service":"chat","action":"say"}', 'chat/say'],
    ['${request.body.action}-${request.body.none}', '{"action":"join"}', 'join-'],
    ['fixed', '{}', 'fixed'],
    ['$request.body.action', '{"action":"other"}', '$default'],
    ['$request.body.action', '"join"', '$default'],
    ['$request.body.action', 'join', '$default'],
    ['$request.body.action', '{"action":"$disconnect"}', '$default'],
  ])('are routed by %s: %s to %s', async (expression, body, routeKey) => {
    const keys = ['join', '7', 'chat/say', 'join-', 'fixed', '$default', '$disconnect'];
    await start({
      expression,
      routes: Object.fromEntries(keys.map((key) => [key, { functionArn: 'default' }])),
    });
    const client = await Client.open(fixture.url);
    client.socket.send(body);
    await eventually(() =>
      expect(fixture.invoker.of('default')[0]?.requestContext['routeKey']).toBe(routeKey),
    );
  });
});

describe('$disconnect', () => {
  beforeEach(() => start());

  const ended = (): Promise<Event> =>
    eventually(() => {
      const [event] = fixture.invoker.of('disconnect');
      if (!event) throw new Error('no $disconnect yet');
      return event;
    });

  it('follows a close without a status', async () => {
    const client = await Client.open(fixture.url);
    client.socket.close();
    const event = await ended();
    expect(event).toMatchObject({
      headers: {
        Host: 'api1.execute-api.us-east-1.amazonaws.com',
        'x-api-key': '',
        'X-Forwarded-For': '',
        'x-restapi': '',
      },
      multiValueHeaders: { 'x-api-key': [''] },
      requestContext: {
        routeKey: '$disconnect',
        eventType: 'DISCONNECT',
        disconnectStatusCode: 1005,
        disconnectReason: 'Client-side close frame status not set',
        connectionId: fixture.invoker.of('connect')[0]?.requestContext.connectionId,
      },
    });
    expect(fixture.gateway.connections()).toEqual([]);
  });

  it('carries the status and reason of the client', async () => {
    const client = await Client.open(fixture.url);
    client.socket.close(4001, 'bored');
    expect((await ended()).requestContext).toMatchObject({
      disconnectStatusCode: 4001,
      disconnectReason: 'bored',
    });
  });

  it('says 1006 for a connection that broke', async () => {
    const client = await Client.open(fixture.url);
    client.socket.terminate();
    expect((await ended()).requestContext).toMatchObject({ disconnectStatusCode: 1006 });
  });
});

describe('timers', () => {
  it('close an idle connection with 1001, counting messages in both directions', async () => {
    await start({ timeScale: 4000 });
    const client = await Client.open(fixture.url);
    const openedAt = Date.now();
    for (let at = 0; at < 4; at++) {
      await sleep(60);
      client.socket.send('still here');
    }
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' });
    expect(Date.now() - openedAt).toBeGreaterThan(350);
    await eventually(() =>
      expect(fixture.invoker.of('disconnect')[0]?.requestContext).toMatchObject({
        disconnectStatusCode: 1001,
        disconnectReason: 'Going away',
      }),
    );
  });

  it('do not count pings of the client', async () => {
    await start({ limits: { idleMs: 150 } });
    const client = await Client.open(fixture.url);
    const pings = setInterval(() => client.socket.ping(), 20);
    expect(await client.closed).toMatchObject({ code: 1001 });
    clearInterval(pings);
  });

  it('end a busy connection after its life', async () => {
    await start({ limits: { lifeMs: 200, idleMs: 100 } });
    const client = await Client.open(fixture.url);
    const messages = setInterval(() => client.socket.send('x'), 20);
    expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' });
    clearInterval(messages);
  });
});

describe('the gateway', () => {
  it('refuses two APIs with the same stage, and says which', () => {
    const gateway = new WebSocketGateway({
      invoker: new FakeInvoker(),
      log: new FakeLog(),
      region: 'us-east-1',
    });
    const api = { stage: 'local', routes: {}, routeSelectionExpression: '$request.body.action' };
    gateway.addApi({ ...api, apiId: 'one' });
    expect(() => gateway.addApi({ ...api, apiId: 'two' })).toThrow(StageTakenError);
    expect(() => gateway.addApi({ ...api, apiId: 'two' })).toThrow(/"local".*two.*one/);
  });

  it('hosts several stages at once', async () => {
    await start();
    fixture.gateway.addApi({
      apiId: 'api2',
      stage: 'dev',
      routes: { $connect: { functionArn: 'connect' } },
      routeSelectionExpression: '$request.body.action',
      domainName: 'ws.example.com',
    });
    await Client.open(fixture.url.replace('/local', '/dev'));
    expect(fixture.invoker.of('connect')[0]?.requestContext).toMatchObject({
      apiId: 'api2',
      stage: 'dev',
      domainName: 'ws.example.com',
    });
  });

  it('closes its connections with 1001 when it ends, and does not wait for clients or functions', async () => {
    await start();
    const client = await Client.open(fixture.url);
    const deaf = await Client.open(fixture.url);
    deaf.socket.pause();
    fixture.invoker.on('connect', () => new Promise(() => undefined));
    const pending = refusal(fixture.url);
    await eventually(() => expect(fixture.invoker.of('connect')).toHaveLength(3));
    const startedAt = Date.now();
    await fixture.gateway.close();
    expect(Date.now() - startedAt).toBeLessThan(1_500);
    expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' });
    expect(await pending).toBe(503);
    expect(fixture.invoker.of('disconnect')).toEqual([]);
    deaf.socket.terminate();
  });

  it('rejects a port that is taken', async () => {
    await start();
    const gateway = new WebSocketGateway({
      invoker: new FakeInvoker(),
      log: new FakeLog(),
      region: 'us-east-1',
    });
    await expect(gateway.listen(fixture.port, '127.0.0.1')).rejects.toThrow('EADDRINUSE');
  });
});
