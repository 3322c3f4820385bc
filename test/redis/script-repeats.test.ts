import { createServer, type Server } from 'node:net';
import { RedisScripts, TOTAL_TIMEOUT_MS } from '../../lambdas/gateway/core/adapters/redis-scripts';
import { storesOn } from '../../lambdas/gateway/core/adapters/state';
import { HOLD_MS } from '../../lambdas/gateway/core/connections/connection';
import { drop } from '../../lambdas/gateway/core/connections/scripts/drop';
import { openedAt } from '../../lambdas/gateway/core/connections/scripts/opened-at';
import { activate } from '../../lambdas/gateway/core/delivery/scripts/activate';
import { mark } from '../../lambdas/gateway/core/delivery/scripts/mark';
import { place } from '../../lambdas/gateway/core/delivery/scripts/place';
import { vacate } from '../../lambdas/gateway/core/delivery/scripts/vacate';
import { connectionKey, partitionKey } from '../../lambdas/gateway/core/keys';
import { testScripts, unique } from './gateway-world';

const scripts = testScripts();
const { connections, partitions } = storesOn(scripts);

afterAll(() => scripts.disconnect());

async function joined() {
  const channel = unique('room:');
  await partitions.join(
    channel,
    0,
    { connection: 'a', nonce: 'n', state: 'pending', offset: 0, until: 9_000, serverSide: false },
    { epoch: 'e', top: 0 },
  );
  return channel;
}

describe('a script whose answer was lost and that runs again', () => {
  it('asks for its wake again, but not for that of another', async () => {
    const keys = [partitionKey(await joined(), 0)];
    expect(await scripts.run(mark, keys, [1000, 2000, 'mine'])).toBe(1);
    expect(await scripts.run(mark, keys, [1000, 2000, 'mine'])).toBe(1);
    expect(await scripts.run(mark, keys, [1000, 2000, 'other'])).toBe(0);
  });

  it('wakes after an activation again', async () => {
    const keys = [partitionKey(await joined(), 0)];
    expect(await scripts.run(activate, keys, ['m:a', 'n', 1])).toBe('wake');
    expect(await scripts.run(activate, keys, ['m:a', 'n', 1])).toBe('wake');
  });

  it('has committed', async () => {
    const channel = await joined();
    const commit = { epoch: 'e', cursor: 1, posted: true, changes: [] };
    const removals = [
      { connection: 'a', nonce: 'n', state: 'pending', offset: 0, until: 0, serverSide: false } as const,
    ];
    await partitions.begin(channel, 0, 't', 100, 200);
    const first = await partitions.commit(channel, 0, 't', 110, { ...commit, removals });
    expect(first).toMatchObject({ result: 'committed', removed: 1 });
    expect(await partitions.commit(channel, 0, 't', 110, { ...commit, removals })).toEqual(first);
    expect(await partitions.commit(channel, 0, 'u', 110, { ...commit, removals })).toEqual({
      result: 'lost',
    });
  });

  it('has dropped its subscription', async () => {
    const id = unique('c');
    await connections.open(id, { user: 'u', expiresAt: 0, channels: [] });
    await connections.hold(id, 'room:a', 'n', 1);
    const run = (token: string) => scripts.run(drop, [connectionKey(id)], ['s:room:a', 'n', token]);
    expect([await run('mine'), await run('mine'), await run('other')]).toEqual([
      'dropped',
      'dropped',
      'absent',
    ]);
  });
});

describe('time limits', () => {
  it('let a subscribe place, join and settle while it holds the channel', () => {
    expect(HOLD_MS).toBeGreaterThan(3 * TOTAL_TIMEOUT_MS);
  });
});

describe('RedisScripts on connections that break', () => {
  let server: Server;
  let attempts = 0;
  beforeEach(async () => {
    attempts = 0;
    server = createServer((socket) => {
      attempts++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  async function attemptsOf(script: typeof openedAt): Promise<number> {
    attempts = 0;
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const broken = new RedisScripts({
      host: 'localhost',
      port,
      user: 'u',
      password: async () => 'p',
      ca: '',
    });
    await expect(
      broken.run(
        script,
        ['hf1:{c:x}', 'hf1:{c:x}:log'].slice(0, script.keys === 'given' ? 2 : script.keys),
        [],
      ),
    ).rejects.toThrow();
    await broken.disconnect();
    return attempts;
  }

  it.each([place, vacate])('tries $name once and what bears a repeat twice', async (script) => {
    const once = await attemptsOf(script);
    expect(await attemptsOf(openedAt)).toBe(2 * once);
  });
});
