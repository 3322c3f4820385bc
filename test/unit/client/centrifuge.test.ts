import { Centrifuge, type DisconnectedContext, type ErrorContext } from 'centrifuge';
import WebSocket from 'ws';
import { holdfastWebSocket } from '../../../client/websocket';
import { GatewayDouble } from './gateway-double';

let gateway: GatewayDouble;
const clients: Centrifuge[] = [];
beforeEach(async () => {
  gateway = await GatewayDouble.start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await gateway.stop();
});

function clientWith(websocket: unknown): Centrifuge {
  const client = new Centrifuge(gateway.url, { websocket, minReconnectDelay: 1, maxReconnectDelay: 20 });
  clients.push(client);
  return client;
}

const subscribeTo = (client: Centrifuge, channels: number) =>
  Array.from({ length: channels }, (_, index) => {
    const subscription = client.newSubscription(`room:${'x'.repeat(40)}-${index}`);
    subscription.subscribe();
    return subscription;
  });

describe('a centrifuge client with 1,000 subscriptions', () => {
  it('subscribes all of them again after a cut', async () => {
    const client = clientWith(holdfastWebSocket({ WebSocket }));
    const subscriptions = subscribeTo(client, 1000);
    client.connect();
    await Promise.all(subscriptions.map((subscription) => subscription.ready(10_000)));

    const again = subscriptions.map(
      (subscription) => new Promise((resolve) => subscription.once('subscribed', resolve)),
    );
    gateway.cut(3012);
    await Promise.all(again);

    expect(gateway.urls).toHaveLength(2);
    expect(client.state).toBe('connected');
  });

  it('ends for good without the class', async () => {
    const client = clientWith(WebSocket);
    subscribeTo(client, 1000);
    const ended = new Promise<DisconnectedContext>((resolve) => client.once('disconnected', resolve));
    client.connect();
    expect(await ended).toMatchObject({ code: 3, reason: 'message size limit exceeded' });
  });
});

describe('a centrifuge client', () => {
  it('learns what was expected and got of a call that is too large, and stays connected', async () => {
    const client = clientWith(holdfastWebSocket({ WebSocket }));
    client.connect();
    await client.ready(10_000);

    await expect(client.rpc('echo.say', { text: 'x'.repeat(40_000) })).rejects.toMatchObject({
      code: 107,
      message: expect.stringMatching(/^expected a command of at most 32768 bytes, got 40\d{3}$/),
    });

    await expect(client.send({ text: 'x'.repeat(40_000) })).rejects.toMatchObject({ code: 10 });
    await expect(client.rpc('echo.say', {})).resolves.toBeDefined();
    expect(gateway.urls).toHaveLength(1);
  });

  it('has the order of its messages and calls in their ids, and gets the replies of its calls', async () => {
    const client = clientWith(holdfastWebSocket({ WebSocket }));
    client.connect();
    await client.ready(10_000);
    const calls: Promise<unknown>[] = [];
    for (let n = 1; n <= 20; n++) calls.push(n % 3 === 0 ? client.rpc('a.b', { n }) : client.send({ n }));
    await Promise.all(calls);
    const lines = gateway.frames.slice(-20).map((frame) => JSON.parse(frame));
    expect(lines.map(({ rpc, send }) => (rpc ?? send).data.n)).toEqual(calls.map((_, index) => index + 1));
    expect(lines.map(({ id }) => id - lines[0].id)).toEqual(calls.map((_, index) => index));
    await expect(client.rpc('a.b', { text: 'x'.repeat(40_000) })).rejects.toMatchObject({ code: 107 });
    await expect(client.rpc('a.b', {})).resolves.toBeDefined();
    expect(gateway.urls).toHaveLength(1);
  });

  it('fails one publish of a batch and not the others', async () => {
    const client = clientWith(holdfastWebSocket({ WebSocket }));
    client.connect();
    await client.ready(10_000);
    client.startBatching();
    const results = [100, 40_000, 100].map((size) => client.rpc('echo.say', { text: 'x'.repeat(size) }));
    await new Promise((resolve) => setImmediate(resolve));
    client.stopBatching();
    const settled = await Promise.allSettled(results);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(gateway.frames.at(-1)?.split('\n')).toHaveLength(2);
  });

  it('tries again while no token can be had, and connects each time with another', async () => {
    let calls = 0;
    const token = async () => {
      calls++;
      if (calls <= 2) throw new Error('offline');
      return `t${calls}`;
    };
    const client = clientWith(holdfastWebSocket({ WebSocket, token }));
    const errors: ErrorContext[] = [];
    client.on('error', (context) => errors.push(context));
    client.connect();
    await client.ready(10_000);
    expect(errors.map(({ type, error }) => [type, error.code])).toEqual([
      ['transport', 2],
      ['transport', 2],
    ]);
    const again = new Promise((resolve) => client.once('connected', resolve));
    gateway.cut(3012);
    await again;
    expect(gateway.urls).toEqual(['/local?connect=1&token=t3', '/local?connect=1&token=t4']);
  });

  it('may be disconnected while its token is pending', async () => {
    const client = clientWith(
      holdfastWebSocket({ WebSocket, token: () => new Promise<string>(() => undefined) }),
    );
    client.connect();
    client.disconnect();
    expect(client.state).toBe('disconnected');
    await expect(client.ready(1_000)).rejects.toBeDefined();
  });
});
