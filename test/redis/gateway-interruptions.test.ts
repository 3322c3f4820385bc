import { systemClock } from '../../lambdas/gateway/core/clock';
import { Drain } from '../../lambdas/gateway/core/delivery/drain';
import type { Member } from '../../lambdas/gateway/core/delivery/partitions';
import { LOCK_MS, POST_RESERVE_MS } from '../../lambdas/gateway/core/delivery/times';
import { channelKeys, partitionKey } from '../../lambdas/gateway/core/keys';
import { operatorRedis } from '../support/redis';
import { gatewayWorld, unique } from './gateway-world';

const operator = operatorRedis();
let world = gatewayWorld();

beforeEach(() => {
  world = gatewayWorld();
});
afterEach(() => world.scripts.disconnect());
afterAll(() => operator.disconnect());

const away = new Error('away');

function publish(channel: string) {
  return world.courier.handle([world.record(world.publication(channel, 'x', unique('key')), channel)]);
}

async function subscribe(connection: string, channel: string, id = 1) {
  await world.ingress.handle(connection, JSON.stringify({ id, subscribe: { channel } }));
  return world.poster.messages(connection).find((message) => message['id'] === id);
}

async function connected() {
  const connection = unique('c');
  await world.connected(connection);
  return connection;
}

/** A connection whose reply is posted and whose wakes are worked off. */
async function subscriber(channel: string) {
  const connection = await connected();
  await subscribe(connection, channel);
  await world.runWakes();
  return connection;
}

const places = (channel: string) => operator.hget(channelKeys(channel).meta, 'n0');
const isMember = (channel: string, connection: string) =>
  operator.hexists(partitionKey(channel, 0), `m:${connection}`);

/** Runs `first` before the first call of a method only. */
function once<Arguments extends unknown[], Result>(
  method: (...args: Arguments) => Promise<Result>,
  first: () => Promise<void>,
): (...args: Arguments) => Promise<Result> {
  let calls = 0;
  return async (...args) => {
    if (calls++ === 0) await first();
    return method(...args);
  };
}

describe('a first subscriber', () => {
  it('gets what is published between its place and its join', async () => {
    const channel = unique('room:');
    const connection = await connected();
    const { partitions } = world;
    partitions.join = once(partitions.join.bind(partitions), async () => {
      await publish(channel);
    });
    await subscribe(connection, channel);
    await world.runWakes();
    expect(world.poster.offsets(connection, channel)).toEqual([1]);
    await publish(channel);
    expect(world.poster.offsets(connection, channel)).toEqual([1, 2]);
  });
});

describe('a subscribe that fails on the way', () => {
  const fail = async () => {
    throw away;
  };
  it.each([
    ['place', () => (world.channels.place = once(world.channels.place.bind(world.channels), fail))],
    ['join', () => (world.partitions.join = once(world.partitions.join.bind(world.partitions), fail))],
    [
      'settle',
      () => (world.connections.settle = once(world.connections.settle.bind(world.connections), fail)),
    ],
  ])('at its %s leaves nothing behind, so that the next one succeeds', async (_, interrupt) => {
    const channel = unique('room:');
    const connection = await connected();
    interrupt();
    expect(await subscribe(connection, channel, 1)).toMatchObject({ error: { code: 100 } });
    expect(await isMember(channel, connection)).toBe(0);
    expect((await places(channel)) ?? '0').toBe('0');
    expect(await subscribe(connection, channel, 2)).toHaveProperty('subscribe');
    expect(await places(channel)).toBe('1');
  });

  it('never makes the next one fail for good where it cannot be undone either', async () => {
    const channel = unique('room:');
    const connection = await connected();
    const drop = world.connections.drop.bind(world.connections);
    world.channels.place = once(world.channels.place.bind(world.channels), fail);
    world.connections.drop = once(drop, fail);
    await subscribe(connection, channel, 1);
    expect(await subscribe(connection, channel, 2)).toMatchObject({ error: { code: 100, temporary: true } });
  });

  it('gives a place in a partition of a former epoch back, even where that fails at first', async () => {
    const channel = unique('room:');
    await subscriber(channel);
    await operator.del(channelKeys(channel).meta);
    const connection = await connected();
    world.channels.vacate = once(world.channels.vacate.bind(world.channels), fail);
    expect(await subscribe(connection, channel, 1)).toMatchObject({ error: { code: 100 } });
    expect(world.sentWakes).toHaveLength(1);
    await world.runWakes();
    expect(await subscribe(connection, channel, 2)).toHaveProperty('subscribe');
  });

  it('undoes the other server-side subscriptions of its connect', async () => {
    const channels = [unique('room:'), unique('room:')] as const;
    const connection = unique('c');
    await world.connections.open(connection, { user: 'u', expiresAt: 0, channels });
    const settle = world.connections.settle.bind(world.connections);
    world.connections.settle = async (id, membership, start) => {
      if (membership.channel === channels[1]) throw away;
      return settle(id, membership, start);
    };
    await world.ingress.handle(connection, JSON.stringify({ id: 1, connect: {} }));
    expect(world.poster.messages(connection)[0]).toMatchObject({ error: { code: 100 } });
    for (const channel of channels) {
      expect(await isMember(channel, connection)).toBe(0);
      expect(await places(channel)).toBe('0');
    }
  });
});

describe('a log of large publications', () => {
  const RETENTION = { entries: 300, seconds: 600 };
  const LARGE = JSON.stringify({ data: 'x'.repeat(30_000) });

  it('is read in small answers and delivered whole, in order', async () => {
    const channel = unique('room:');
    const connection = await subscriber(channel);
    for (let index = 0; index < 300; index++) {
      await world.channels.append(channel, [{ text: LARGE, idempotencyKey: unique('key') }], RETENTION);
    }
    const reader = (await operator.hget(channelKeys(channel).meta, 'r0')) ?? '';
    const log = await world.channels.read(channel, { partition: 0, token: 't', last: '*' }, 200, 0);
    const bytes = [...log.beforeCursor, ...log.afterCursor].map(({ publication }) => publication.length);
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(2 * (32 * 1024 + LARGE.length));
    expect(log.beforeCursor[0]?.offset).toBe(1);
    expect(log.afterCursor[0]?.offset).toBe(201);
    expect(log.top).toBe(300);
    await operator.hset(channelKeys(channel).meta, 'r0', reader);
    await new Drain(world).drain(channel, 0, Date.now() + 60_000);
    expect(world.poster.offsets(connection, channel)).toEqual(
      Array.from({ length: 300 }, (_, index) => index + 1),
    );
  }, 60_000);

  it('is not read at a place that recovers too much', async () => {
    const channel = unique('room:');
    for (let index = 0; index < 3; index++) {
      await world.channels.append(channel, [{ text: LARGE, idempotencyKey: unique('key') }], RETENTION);
    }
    expect((await world.channels.place(channel, 0)).entries).toEqual([]);
  });
});

describe('a round', () => {
  /** Puts a member into another state, as a round before would have. */
  async function become(channel: string, connection: string, state: Member['state']) {
    await operator.hset(channelKeys(channel).meta, 'r0', 'test');
    const begun = await world.partitions.begin(channel, 0, 'test', 0, 1);
    if (begun.result !== 'held') throw away;
    const { view } = begun;
    const member = view.members.find((known) => known.connection === connection);
    if (member === undefined) throw away;
    const changes = [{ ...member, state, offset: 0, until: 0 }];
    await world.partitions.commit(channel, 0, 'test', 0, { ...view, posted: false, changes, removals: [] });
  }

  it('commits before it takes a closed connection out of its other channels', async () => {
    const [channel, other] = [unique('room:'), unique('room:')];
    const connection = await subscriber(channel);
    await subscribe(connection, other, 2);
    await become(channel, connection, 'closing');
    const steps: string[] = [];
    const { partitions } = world;
    const { commit, leave } = {
      commit: partitions.commit.bind(partitions),
      leave: partitions.leave.bind(partitions),
    };
    partitions.commit = async (...args) => {
      steps.push('commit');
      return commit(...args);
    };
    partitions.leave = async (...args) => {
      steps.push('leave');
      return leave(...args);
    };
    await publish(channel);
    expect(world.poster.closed).toEqual([connection]);
    expect(steps.indexOf('leave')).toBeGreaterThan(steps.indexOf('commit'));
    expect(await isMember(other, connection)).toBe(0);
    expect(await places(channel)).toBe('0');
  });

  it.each(['unsubscribing', 'closing'] as const)(
    'posts nothing to a member that is %s where Redis took its time',
    async (state) => {
      const channel = unique('room:');
      const connection = await subscriber(channel);
      await become(channel, connection, state);
      const { connections } = world;
      let late = 0;
      const delay = async () => {
        late = LOCK_MS - POST_RESERVE_MS + 1;
      };
      connections.drop = once(connections.drop.bind(connections), delay);
      connections.close = once(connections.close.bind(connections), delay);
      const clock = { now: () => Date.now() + late, sleep: systemClock.sleep };
      await new Drain({ ...world, clock, wakes: world.wakes }).drain(channel, 0, Date.now() + 1_000);
      expect(late).toBeGreaterThan(0);
      expect(world.poster.messages(connection)).toHaveLength(1);
      expect(world.poster.closed).toEqual([]);
      expect(world.sentWakes).toHaveLength(1);
      expect(await isMember(channel, connection)).toBe(1);
    },
  );

  it('commits what it posted where it cannot drop a subscription', async () => {
    const channel = unique('room:');
    const [told, there] = [await subscriber(channel), await subscriber(channel)];
    await become(channel, told, 'unsubscribing');
    world.connections.drop = once(world.connections.drop.bind(world.connections), async () => {
      throw away;
    });
    expect(await publish(channel)).toEqual([]);
    expect(world.poster.offsets(there, channel)).toEqual([1]);
    expect(world.sentWakes.map(({ delaySeconds }) => delaySeconds)).toEqual([1]);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await world.runWakes();
    expect(world.poster.messages(told).at(-1)).toMatchObject({ push: { unsubscribe: { code: 2500 } } });
    expect(world.poster.closed).toEqual([]);
  });
});
