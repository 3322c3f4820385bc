import { PARTITION_MEMBERS } from '../../lambdas/gateway/core/delivery/partitions';
import { LOCK_MS } from '../../lambdas/gateway/core/delivery/times';
import { channelKeys, connectionKey, partitionKey } from '../../lambdas/gateway/core/keys';
import { endlessKeys, operatorRedis } from '../support/redis';
import { gatewayWorld, unique } from './gateway-world';

const operator = operatorRedis();
let world = gatewayWorld();

beforeEach(() => {
  world = gatewayWorld();
});
afterEach(() => world.scripts.disconnect());
afterAll(async () => {
  const endless = await endlessKeys(operator);
  operator.disconnect();
  expect(endless).toEqual([]);
});

const upTo = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

async function subscriber(channel: string, more: object = {}) {
  const connection = unique('c');
  await world.connected(connection);
  await world.ingress.handle(connection, JSON.stringify({ id: 1, subscribe: { channel, ...more } }));
  // A new partition asks for a drain.
  await world.runWakes();
  return connection;
}

function publish(channel: string, key = unique('key')) {
  const record = world.record(world.publication(channel, 'hello', key), channel);
  return world.courier.handle([record]);
}

function codes(connection: string) {
  return world.poster.messages(connection).flatMap((message) => {
    const push = message['push'] as
      | { disconnect?: { code: number }; unsubscribe?: { code: number } }
      | undefined;
    return push?.disconnect?.code ?? push?.unsubscribe?.code ?? [];
  });
}

describe('delivery', () => {
  it('brings 50 publications to two subscribers in order, and a repeat to nobody', async () => {
    const channel = unique('room:');
    const [a, b] = [await subscriber(channel), await subscriber(channel)];
    for (let index = 1; index <= 50; index++) {
      await world.ingress.handle(a, JSON.stringify({ id: 1 + index, publish: { channel, data: index } }));
    }
    const records = world.deliveries.map((delivery) => world.record(delivery, channel));
    for (let index = 0; index < records.length; index += 10) {
      expect(await world.courier.handle(records.slice(index, index + 10))).toEqual([]);
    }
    expect(await world.courier.handle(records.slice(0, 10))).toEqual([]);
    await world.runWakes();
    expect(world.poster.offsets(a, channel)).toEqual(upTo(50));
    expect(world.poster.offsets(b, channel)).toEqual(upTo(50));
    const replies = world.poster.messages(a).filter((message) => 'publish' in message);
    expect(new Set(replies.map(({ id }) => id)).size).toBe(50);
    // Ten of a batch travel in one frame.
    expect(world.poster.frames.get(b)?.length).toBeLessThan(20);
    expect(world.poster.messages(b)[1]).toEqual({
      push: { channel, pub: { offset: 1, data: 1, info: { user: `user-${a}`, client: a } } },
    });
  });

  it('loses nothing where couriers run in parallel and clients join meanwhile', async () => {
    const channel = unique('room:');
    const early = [await subscriber(channel), await subscriber(channel)];
    world.poster.before = () => new Promise((resolve) => setTimeout(resolve, 3));
    const joins: Promise<string>[] = [];
    const publishes: Promise<unknown>[] = [];
    for (let index = 0; index < 60; index++) {
      publishes.push(publish(channel));
      if (index % 6 === 0) joins.push(subscriber(channel));
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
    const late = await Promise.all(joins);
    await Promise.all(publishes);
    await world.runWakes();
    await world.runWakes();
    for (const connection of early) expect(world.poster.offsets(connection, channel)).toEqual(upTo(60));
    for (const connection of late) {
      const [reply] = world.poster.messages(connection);
      const from = (reply?.['subscribe'] as { offset?: number } | undefined)?.offset ?? 0;
      expect(world.poster.offsets(connection, channel)).toEqual(upTo(60, from + 1));
      expect(codes(connection)).toEqual([]);
    }
  });

  it('posts the reply before any publication of the subscription', async () => {
    const channel = unique('room:');
    await publish(channel);
    let joining: Promise<unknown> = Promise.resolve();
    world.poster.before = async (_, frame) => {
      if (frame.includes('"subscribe"')) joining = publish(channel);
      await new Promise((resolve) => setTimeout(resolve, 30));
    };
    const connection = await subscriber(channel);
    await joining;
    await world.runWakes();
    const [first, ...rest] = world.poster.messages(connection);
    expect(first).toMatchObject({ id: 1, subscribe: { offset: 1 } });
    expect(rest).toHaveLength(1);
    expect(world.poster.offsets(connection, channel)).toEqual([2]);
  });

  it('wakes the partitions beside the first', async () => {
    const channel = unique('room:');
    const first = await subscriber(channel);
    await operator.hset(channelKeys(channel).meta, 'n0', PARTITION_MEMBERS);
    const second = await subscriber(channel);
    await publish(channel);
    await publish(channel);
    expect(world.sentWakes.map(({ wake }) => wake)).toMatchObject([{ partition: 1 }]);
    await world.runWakes();
    expect(world.poster.offsets(first, channel)).toEqual([1, 2]);
    expect(world.poster.offsets(second, channel)).toEqual([1, 2]);
  });

  it('keeps a frame below 32 KB and goes on with the next', async () => {
    const channel = unique('room:');
    const connection = await subscriber(channel);
    const large = 'x'.repeat(15_000);
    await world.courier.handle(
      upTo(5).map(() => world.record(world.publication(channel, large, unique('key')), channel)),
    );
    expect(world.poster.offsets(connection, channel)).toEqual(upTo(5));
    const sizes = world.poster.frames.get(connection)?.map((frame) => frame.length) ?? [];
    expect(Math.max(...sizes)).toBeLessThanOrEqual(32 * 1024);
  });
});

describe('outcomes of posts', () => {
  it('forgets a connection that is gone, and only that', async () => {
    const channel = unique('room:');
    const [gone, there] = [await subscriber(channel), await subscriber(channel)];
    await operator.hset(connectionKey(gone), 'at', Date.now() - 31_000);
    world.poster.outcomes.set(gone, 'gone');
    await publish(channel);
    await publish(channel);
    expect(world.poster.offsets(there, channel)).toEqual([1, 2]);
    expect(world.poster.closed).toEqual([]);
    expect(await operator.hget(connectionKey(gone), 'state')).toBe('closed');
    expect(await operator.hexists(partitionKey(channel, 0), `m:${gone}`)).toBe(0);
    expect(await operator.hget(channelKeys(channel).meta, 'n0')).toBe('1');
  });

  it('serves a throttled member again after a second, from its own offset', async () => {
    const channel = unique('room:');
    const [slow, fast] = [await subscriber(channel), await subscriber(channel)];
    world.poster.outcomes.set(slow, 'throttled');
    await publish(channel);
    await publish(channel);
    expect(world.poster.offsets(fast, channel)).toEqual([1, 2]);
    expect(world.sentWakes.map(({ delaySeconds }) => delaySeconds)).toEqual([1, 1]);
    world.poster.outcomes.delete(slow);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await world.runWakes();
    await publish(channel);
    expect(world.poster.offsets(slow, channel)).toEqual([1, 2, 3]);
  });

  it.each(['unknown', 'failed'] as const)('closes a connection after a post that was %s', async (outcome) => {
    const channel = unique('room:');
    const [lost, there] = [await subscriber(channel), await subscriber(channel)];
    world.poster.before = async (connection, frame) => {
      if (connection !== lost) return;
      if (frame.includes('"pub"')) world.poster.outcomes.set(lost, outcome);
      else world.poster.outcomes.delete(lost);
    };
    await publish(channel);
    await publish(channel);
    expect(codes(lost)).toEqual([3010]);
    expect(world.poster.closed).toEqual([lost]);
    expect(world.poster.offsets(there, channel)).toEqual([1, 2]);
  });
});

describe('lost positions', () => {
  it('closes the members of a partition whose courier died with posts in flight', async () => {
    const channel = unique('room:');
    const connection = await subscriber(channel);
    const long = Date.now() - LOCK_MS - 1;
    await world.partitions.begin(channel, 0, 'dead', long, long + LOCK_MS);
    await world.partitions.announce(channel, 0, 'dead', 1);
    await publish(channel);
    expect(codes(connection)).toEqual([3010]);
    expect(world.poster.closed).toEqual([connection]);
    expect(world.poster.offsets(connection, channel)).toEqual([]);
  });

  it.each([
    ['the meta hash is lost', async (channel: string) => operator.del(channelKeys(channel).meta)],
    ['the log is lost', async (channel: string) => operator.del(channelKeys(channel).log)],
    ['the log is rewound', async (channel: string) => operator.hset(channelKeys(channel).meta, 'top', 1)],
  ])('tells members to subscribe again where %s', async (_, harm) => {
    const channel = unique('room:');
    const connection = await subscriber(channel);
    const offsets = async () => world.poster.offsets(connection, channel);
    await publish(channel);
    await publish(channel);
    world.poster.before = async () => undefined;
    // The member misses one while it is throttled, so that the log has to be read.
    world.poster.outcomes.set(connection, 'throttled');
    await publish(channel);
    world.poster.outcomes.delete(connection);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await harm(channel);
    await publish(channel);
    await world.runWakes();
    expect(await offsets()).toEqual([1, 2]);
    expect(codes(connection)).toEqual([2500]);
    // The client does what it was told.
    await world.ingress.handle(connection, JSON.stringify({ id: 9, subscribe: { channel } }));
    const before = (await offsets()).length;
    await publish(channel);
    await world.runWakes();
    expect((await offsets()).length).toBe(before + 1);
  });

  it('tells the members of every partition of a new epoch', async () => {
    const channel = unique('room:');
    const first = await subscriber(channel);
    await operator.hset(channelKeys(channel).meta, 'n0', PARTITION_MEMBERS);
    const second = await subscriber(channel);
    await operator.del(channelKeys(channel).meta);
    await publish(channel);
    await world.runWakes();
    await world.runWakes();
    expect([...codes(first), ...codes(second)]).toEqual([2500, 2500]);
  });

  it('closes a subscription that stays pending', async () => {
    const channel = unique('room:');
    const connection = unique('c');
    await world.connected(connection);
    await world.channels.place(channel, undefined);
    const place = await world.channels.place(channel, undefined);
    await world.partitions.join(
      channel,
      0,
      { connection, nonce: 'n', state: 'pending', offset: 0, until: Date.now() + 500, serverSide: false },
      place,
    );
    await publish(channel);
    expect(world.sentWakes.map(({ delaySeconds }) => delaySeconds)).toEqual([1]);
    await new Promise((resolve) => setTimeout(resolve, 600));
    await world.runWakes();
    expect(codes(connection)).toEqual([3010]);
    expect(world.poster.closed).toEqual([connection]);
  });
});

describe('subscriptions', () => {
  it('recovers what was missed, or nothing', async () => {
    const channel = unique('room:');
    const watcher = await subscriber(channel);
    const [reply = {}] = world.poster.messages(watcher);
    const { epoch } = reply['subscribe'] as { epoch: string };
    for (let index = 0; index < 3; index++) await publish(channel);
    const some = await subscriber(channel, { recover: true, offset: 1, epoch });
    expect(world.poster.messages(some)[0]).toEqual({
      id: 1,
      subscribe: {
        recoverable: true,
        positioned: true,
        epoch,
        offset: 1,
        was_recovering: true,
        recovered: true,
        publications: [
          { offset: 2, data: 'hello' },
          { offset: 3, data: 'hello' },
        ],
      },
    });
    const none = await subscriber(channel, { recover: true, offset: 3, epoch });
    expect(world.poster.messages(none)[0]).toMatchObject({ subscribe: { recovered: true, offset: 3 } });
    for (const position of [
      { offset: 3, epoch: 'other' },
      { offset: 9, epoch },
    ]) {
      const failed = await subscriber(channel, { recover: true, ...position });
      expect(world.poster.messages(failed)[0]?.['subscribe']).toEqual({
        recoverable: true,
        positioned: true,
        epoch,
        offset: 3,
        was_recovering: true,
      });
    }
    await publish(channel);
    expect(world.poster.offsets(some, channel)).toEqual([4]);
  });

  it('recovers nothing above 300 publications or 24 KB', async () => {
    const channel = unique('room:');
    await world.courier.handle(
      upTo(3).map(() => world.record(world.publication(channel, 'x'.repeat(9_000), unique('key')), channel)),
    );
    const large = await subscriber(channel, { recover: true, offset: 0, epoch: '' });
    expect(world.poster.messages(large)[0]?.['subscribe']).not.toHaveProperty('recovered');
    const many = unique('room:');
    const records = upTo(301).map(() => world.record(world.publication(many, '', unique('key')), many));
    await world.courier.handle(records);
    const all = await subscriber(many, { recover: true, offset: 0, epoch: '' });
    expect(world.poster.messages(all)[0]?.['subscribe']).not.toHaveProperty('recovered');
    const most = await subscriber(many, { recover: true, offset: 1, epoch: '' });
    expect(world.poster.messages(most)[0]).toMatchObject({ subscribe: { recovered: true, offset: 1 } });
  });

  it('answers 105 to a second subscribe, and takes it after an unsubscribe', async () => {
    const channel = unique('room:');
    const connection = await subscriber(channel);
    const frame = [
      { id: 2, subscribe: { channel } },
      { id: 3, unsubscribe: { channel } },
      { id: 4, unsubscribe: { channel } },
      { id: 5, subscribe: { channel } },
    ];
    await world.ingress.handle(connection, frame.map((command) => JSON.stringify(command)).join('\n'));
    expect(world.poster.frames.get(connection)).toHaveLength(2);
    expect(world.poster.messages(connection).slice(1)).toEqual([
      { id: 2, error: { code: 105, message: 'already subscribed' } },
      { id: 3, unsubscribe: {} },
      { id: 4, unsubscribe: {} },
      { id: 5, subscribe: expect.objectContaining({ positioned: true }) },
    ]);
    await publish(channel);
    expect(world.poster.offsets(connection, channel)).toEqual([1]);
  });

  it('ends an unsubscribe only after the drain that may still post', async () => {
    const channel = unique('room:');
    const connection = await subscriber(channel);
    let release = () => {};
    const posting = new Promise<void>((started) => {
      world.poster.before = async (_, frame) => {
        if (!frame.includes('"pub"')) return;
        started();
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      };
    });
    const published = publish(channel);
    await posting;
    const unsubscribed = world.ingress.handle(
      connection,
      JSON.stringify({ id: 2, unsubscribe: { channel } }),
    );
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(world.poster.messages(connection)).toHaveLength(1);
    release();
    await Promise.all([published, unsubscribed]);
    expect(world.poster.messages(connection).map((message) => Object.keys(message)[0])).toEqual([
      'id',
      'push',
      'id',
    ]);
  });

  it('ends a connection whose close failed at its next frame, with what it is a member of', async () => {
    const channel = unique('room:');
    const connection = await subscriber(channel);
    world.poster.outcomes.set(connection, 'failed');
    const close = jest.spyOn(world.poster, 'close').mockResolvedValueOnce('failed');
    expect(
      await world.departures.disconnect(world.poster, connection, {
        code: 3010,
        reason: 'insufficient state',
      }),
    ).toBe(false);
    expect(await operator.hget(channelKeys(channel).meta, 'n0')).toBe('1');
    world.poster.outcomes.delete(connection);
    await world.ingress.handle(connection, '{"id":2,"ping":{}}');
    expect(close).toHaveBeenCalledTimes(2);
    expect(codes(connection)).toEqual([3010]);
    expect(world.poster.closed).toEqual([connection]);
    expect(await operator.hget(channelKeys(channel).meta, 'n0')).toBe('0');
  });

  it('leaves everything at a disconnect, whenever it comes', async () => {
    const channel = unique('room:');
    const connection = await subscriber(channel);
    await world.departures.depart(connection);
    await world.departures.depart(connection);
    await publish(channel);
    expect(world.poster.offsets(connection, channel)).toEqual([]);
    expect(await operator.hget(channelKeys(channel).meta, 'n0')).toBe('0');
    // A frame that was on its way meanwhile gets nothing.
    world.poster.outcomes.set(connection, 'gone');
    await world.ingress.handle(connection, '{"id":2,"ping":{}}');
    expect(world.poster.messages(connection)).toHaveLength(1);
  });

  it('undoes a join that a disconnect overtook', async () => {
    const channel = unique('room:');
    const connection = unique('c');
    await world.connected(connection);
    const place = world.channels.place.bind(world.channels);
    world.channels.place = async (...args) => {
      await world.departures.depart(connection);
      return place(...args);
    };
    await world.ingress.handle(connection, JSON.stringify({ id: 1, subscribe: { channel } }));
    expect(await operator.hexists(partitionKey(channel, 0), `m:${connection}`)).toBe(0);
  });
});
