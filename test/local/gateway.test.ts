import { StageTakenError } from '../../local/gateway/hosted-apis';
import { AWS_LIMITS } from '../../local/gateway/limits';
import { requestTime } from '../../local/gateway/request-time';
import { WebSocketGateway } from '../../local/gateway/websocket-gateway';
import { Client, eventually, FakeInvoker, FakeLog, refusal, startGateway } from './gateway-fixture';

let fixture: Awaited<ReturnType<typeof startGateway>>;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function start(options?: Parameters<typeof startGateway>[0]): Promise<void> {
  fixture = await startGateway(options);
}

afterEach(() => fixture?.stop());

describe('messages', () => {
  it('invoke the function with the raw text and nothing of the handshake (published capture, 2020)', async () => {
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

  it('get the error frame of API Gateway, to the letter, when the function fails (published capture)', async () => {
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

  it('get what the function returns on a two-way route, whatever its status (yai333, issue 2)', async () => {
    await start({
      routes: {
        $default: { functionArn: 'default' },
        two: { functionArn: 'default', answers: true },
        three: { functionArn: 'silent', answers: true },
      },
    });
    fixture.invoker.on('default', ({ body }) => ({ statusCode: 500, body: `got ${body}` }));
    fixture.invoker.on('silent', () => ({ statusCode: 200 }));
    const client = await Client.open(fixture.url);
    for (const action of ['one', 'three', 'two']) client.socket.send(`{"action":"${action}"}`);
    await eventually(() => expect(client.received).toEqual(['got {"action":"two"}']));
  });

  it('get the error frame at the timeout of their integration where it is shorter', async () => {
    await start({ routes: { $default: { functionArn: 'default', timeoutMs: 50 } } });
    fixture.invoker.on('default', () => new Promise(() => undefined));
    const client = await Client.open(fixture.url);
    client.socket.send('x');
    await eventually(() => expect(client.received[0]).toContain('"Internal server error"'));
    expect(fixture.log.warnings).toEqual(['api1 $default: the function gave no answer within 50 ms']);
  });

  it('are refused without a route that takes them (published capture)', async () => {
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
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: the syntax of API Gateway
    ['${request.body.service}/${request.body.action}', '{"service":"chat","action":"say"}', 'chat/say'],
    ['${request.body.action}-${request.body.none}', '{"action":"join"}', 'join-'],
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: the syntax of API Gateway
    ['fixed', '{}', 'fixed'],
    ['$request.body.action', '{"action":"other"}', '$default'],
    ['$request.body.action', '"join"', '$default'],
    ['$request.body.action', 'join', '$default'],
    ['$request.body.action', '{"action":"$disconnect"}', '$default'],
  ])(
    'are routed by %s: %s to %s (developer guide, websocket-api-develop-routes)',
    async (expression, body, routeKey) => {
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
    },
  );
});

it('times are in the Common Log Format (capture of typelevel/feral, 2024)', () => {
  expect(requestTime(1_707_502_303_420)).toBe('09/Feb/2024:18:11:43 +0000');
  expect(requestTime(Date.parse('2026-12-31T23:59:59.999Z'))).toBe('31/Dec/2026:23:59:59 +0000');
});

it('limits are those of the quotas page', () => {
  expect(AWS_LIMITS).toMatchObject({
    idleMs: 600_000,
    lifeMs: 7_200_000,
    integrationTimeoutMs: 29_000,
    frameBytes: 32_768,
    messageBytes: 131_072,
    urlCharacters: 4_096,
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
