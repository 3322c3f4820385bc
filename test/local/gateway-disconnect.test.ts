import {
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { Client, type Event, eventually, startGateway } from './gateway-fixture';

let fixture: Awaited<ReturnType<typeof startGateway>>;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function start(options?: Parameters<typeof startGateway>[0]): Promise<void> {
  fixture = await startGateway(options);
}

afterEach(() => fixture?.stop());

const ended = (): Promise<Event> =>
  eventually(() => {
    const [event] = fixture.invoker.of('disconnect');
    if (!event) throw new Error('no $disconnect yet');
    return event;
  });
const told = async () => {
  const { disconnectStatusCode: code, disconnectReason: reason } = (await ended()).requestContext;
  return { code, reason };
};
const connectionId = (): string => fixture.gateway.connections()[0]?.connectionId ?? '';
const post = (Data: string) =>
  fixture.management.send(new PostToConnectionCommand({ ConnectionId: connectionId(), Data }));

describe('$disconnect tells', () => {
  it('of a close without a status (capture in the tests of typelevel/feral, 2024)', async () => {
    await start();
    const client = await Client.open(fixture.url);
    client.socket.close();
    expect(await ended()).toMatchObject({
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

  it.each([
    ['1001 of a page that is left: no reason, and no text in its place (captures of 2025)', 1001, ''],
    ['1000 without a reason', 1000, ''],
    ['a code and reason of its own', 4001, 'bored'],
  ])("the client's own: %s", async (_what, code, reason) => {
    await start();
    const client = await Client.open(fixture.url);
    client.socket.close(code, reason);
    expect(await told()).toEqual({ code, reason });
  });

  it('of an idle connection: 1001 Going away (capture 603.9 s after the connect)', async () => {
    await start({ limits: { idleMs: 50 } });
    const client = await Client.open(fixture.url);
    expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' });
    expect(await told()).toEqual({ code: 1001, reason: 'Going away' });
  });

  it('of a connection at the end of its life the same (AWS agent toolkit, close codes)', async () => {
    await start({ limits: { lifeMs: 200, idleMs: 100 } });
    const client = await Client.open(fixture.url);
    const messages = setInterval(() => client.socket.send('x'), 20);
    expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' });
    clearInterval(messages);
    expect(await told()).toEqual({ code: 1001, reason: 'Going away' });
  });

  it('of a DELETE @connections: 1000 Connection Closed Normally (boto/boto3#3789)', async () => {
    await start();
    const client = await Client.open(fixture.url);
    await fixture.management.send(new DeleteConnectionCommand({ ConnectionId: connectionId() }));
    expect(await client.closed).toMatchObject({ code: 1000 });
    expect(await told()).toEqual({ code: 1000, reason: 'Connection Closed Normally' });
  });

  it('of a connection that broke: 1006 (RFC 6455, 7.1.5)', async () => {
    await start();
    const client = await Client.open(fixture.url);
    client.socket.terminate();
    expect((await told()).code).toBe(1006);
  });

  it('once, after the close, whatever its function does (developer guide, route keys: best effort)', async () => {
    await start();
    let open = -1;
    fixture.invoker.on('disconnect', () => {
      open = fixture.gateway.connections().length;
      throw new Error('boom');
    });
    const client = await Client.open(fixture.url);
    client.socket.close();
    await ended();
    await sleep(50);
    expect(open).toBe(0);
    expect(fixture.invoker.of('disconnect')).toHaveLength(1);
    expect(client.received).toEqual([]);
  });
});

describe('the idle timer', () => {
  it('counts messages of the client, by a scaled clock', async () => {
    // Ten minutes are 400 ms.
    await start({ timeScale: 1500 });
    const client = await Client.open(fixture.url);
    const openedAt = Date.now();
    for (let at = 0; at < 5; at++) {
      await sleep(100);
      client.socket.send('still here');
    }
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    expect(await client.closed).toMatchObject({ code: 1001 });
    expect(Date.now() - openedAt).toBeGreaterThan(850);
  });

  it('counts posts as well: it is agnostic of direction (andyrichardson/subscriptionless#3)', async () => {
    await start({ limits: { idleMs: 400 } });
    const client = await Client.open(fixture.url);
    const openedAt = Date.now();
    for (let at = 0; at < 5; at++) {
      await sleep(100);
      await post('{}');
    }
    expect(client.received).toHaveLength(5);
    expect(await client.closed).toMatchObject({ code: 1001 });
    expect(Date.now() - openedAt).toBeGreaterThan(850);
  });

  it('does not count what only asks for a connection', async () => {
    await start({ limits: { idleMs: 150 } });
    const client = await Client.open(fixture.url);
    const asking = setInterval(() => {
      fixture.management
        .send(new GetConnectionCommand({ ConnectionId: connectionId() }))
        .catch(() => undefined);
    }, 20);
    expect(await client.closed).toMatchObject({ code: 1001 });
    clearInterval(asking);
  });

  it('does not count pings of the client, which no source settles', async () => {
    await start({ limits: { idleMs: 150 } });
    const client = await Client.open(fixture.url);
    const pings = setInterval(() => client.socket.ping(), 20);
    expect(await client.closed).toMatchObject({ code: 1001 });
    clearInterval(pings);
  });
});

it('GET @connections (SDK model): lastActiveAt moves with a post', async () => {
  await start();
  await Client.open(fixture.url, { headers: { 'User-Agent': 'test/1' } });
  const get = () => fixture.management.send(new GetConnectionCommand({ ConnectionId: connectionId() }));
  const before = await get();
  expect(before.Identity).toEqual({ SourceIp: '127.0.0.1', UserAgent: 'test/1' });
  await sleep(5);
  await post('{}');
  const after = await get();
  expect(after.ConnectedAt).toEqual(before.ConnectedAt);
  expect(after.LastActiveAt?.getTime()).toBeGreaterThan(before.LastActiveAt?.getTime() ?? 0);
});
