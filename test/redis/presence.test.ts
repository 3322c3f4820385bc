import { storesOn } from '../../lambdas/gateway/core/adapters/state';
import { CONNECTION_TTL_SECONDS } from '../../lambdas/gateway/core/connections/connection';
import { channelKeys } from '../../lambdas/gateway/core/keys';
import type { Arrival } from '../../lambdas/gateway/core/presence/presence';
import { RedisPresence } from '../../lambdas/gateway/core/presence/redis-presence';
import { MAX_LISTED_MEMBERS } from '../../lambdas/gateway/core/presence/scripts/roster';
import { endlessKeys, operatorRedis } from '../support/redis';
import { testScripts, unique } from './gateway-world';

const scripts = testScripts();
const operator = operatorRedis();
let now = Date.now();
const presence = new RedisPresence(scripts, { now: () => now, sleep: async () => undefined });
const { channels } = storesOn(scripts);

afterAll(async () => {
  const endless = await endlessKeys(operator);
  await scripts.disconnect();
  operator.disconnect();
  expect(endless).toEqual([]);
});

function arrival(connection: string, more: Partial<Arrival> & { readonly user?: string } = {}): Arrival {
  const { user = `user of ${connection}`, ...rest } = more;
  const info = { user, client: connection };
  return { connection, nonce: `n-${connection}`, info, lifecycle: false, listens: false, ...rest };
}

const appear = (channel: string, ...arrivals: Arrival[]) =>
  arrivals.reduce<Promise<unknown>>(
    (before, one) => before.then(() => presence.appear(channel, one)),
    Promise.resolve(),
  );
const clientsIn = async (channel: string) =>
  (await presence.members(channel)).listed?.map(({ client }) => client).sort();
const countsIn = async (channel: string) => {
  const { clients, users } = await presence.counts(channel);
  return { clients, users };
};
const movesOf = async (channel: string) =>
  (await operator.xrange(channelKeys(channel).moves, '-', '+')).map(([, fields]) => [
    fields[1],
    (JSON.parse(fields[3] ?? '{}') as { client: string }).client,
  ]);

describe('who is in a channel', () => {
  it('is listed with what tokens say of them, whatever characters that has', async () => {
    const channel = unique('room:');
    const info = {
      user: 'Zoë "世界" |7|l|{}\\',
      client: 'a=',
      conn_info: { name: 'Zoë "}' },
      chan_info: { role: '|x|' },
    };
    await presence.appear(channel, arrival('a=', { info }));
    await presence.appear(channel, arrival('b=', { user: '' }));
    const { listed } = await presence.members(channel);
    expect(listed).toHaveLength(2);
    expect(listed).toEqual(expect.arrayContaining([info, { user: '', client: 'b=' }]));
  });

  it('is counted by clients and by users', async () => {
    const channel = unique('room:');
    await appear(channel, arrival('a', { user: 'alice' }), arrival('b', { user: 'alice' }), arrival('c'));
    expect(await countsIn(channel)).toEqual({ clients: 3, users: 2 });
    await presence.vanish(channel, { connection: 'a', nonce: 'n-a' });
    expect(await countsIn(channel)).toEqual({ clients: 2, users: 2 });
    await presence.vanish(channel, { connection: 'b', nonce: 'n-b' });
    expect(await countsIn(channel)).toEqual({ clients: 1, users: 1 });
    await presence.vanish(channel, { connection: 'c', nonce: 'n-c' });
    expect(await countsIn(channel)).toEqual({ clients: 0, users: 0 });
  });

  it('stays there by a newer subscription when the former one is taken away late', async () => {
    const channel = unique('room:');
    await appear(channel, arrival('a'), arrival('a', { nonce: 'newer' }));
    await presence.vanish(channel, { connection: 'a', nonce: 'n-a' });
    expect(await clientsIn(channel)).toEqual(['a']);
    expect(await countsIn(channel)).toEqual({ clients: 1, users: 1 });
    await presence.vanish(channel, { connection: 'a', nonce: 'newer' });
    expect(await clientsIn(channel)).toEqual([]);
  });

  it('is the same after a repeat of any call', async () => {
    const channel = unique('room:');
    await appear(channel, arrival('a'), arrival('a'), arrival('b'));
    expect(await countsIn(channel)).toEqual({ clients: 2, users: 2 });
    for (let n = 0; n < 2; n++) await presence.vanish(channel, { connection: 'a', nonce: 'n-a' });
    expect(await countsIn(channel)).toEqual({ clients: 1, users: 1 });
  });

  it('is gone when its lease is over, at whatever comes next', async () => {
    const channel = unique('room:');
    await appear(channel, arrival('a', { user: 'alice' }));
    now += 1_000;
    await appear(channel, arrival('b'));
    now += CONNECTION_TTL_SECONDS * 1000 - 500;
    try {
      expect(await countsIn(channel)).toEqual({ clients: 1, users: 1 });
      expect(await clientsIn(channel)).toEqual(['b']);
    } finally {
      now = Date.now();
    }
  });

  it('is not listed where they are too many, and counted all the same', async () => {
    const channel = unique('room:');
    const names = Array.from({ length: MAX_LISTED_MEMBERS }, (_, index) => `c${index}`);
    await Promise.all(names.map((name) => presence.appear(channel, arrival(name, { user: 'u' }))));
    expect((await presence.members(channel)).listed).toHaveLength(MAX_LISTED_MEMBERS);
    await appear(channel, arrival('one more', { user: 'u' }));
    expect((await presence.members(channel)).listed).toBeUndefined();
    expect(await countsIn(channel)).toEqual({ clients: MAX_LISTED_MEMBERS + 1, users: 1 });
  });

  it('is not listed where that would be larger than a post', async () => {
    const channel = unique('room:');
    const info = { user: 'u', conn_info: { text: 'x'.repeat(60 * 1024) } };
    await presence.appear(channel, arrival('a', { info: { ...info, client: 'a' } }));
    expect((await presence.members(channel)).listed).toHaveLength(1);
    await presence.appear(channel, arrival('b', { info: { ...info, client: 'b' } }));
    expect((await presence.members(channel)).listed).toBeUndefined();
  });
});

describe('joins and leaves', () => {
  it('are written while somebody listens, and tell how many partitions to wake', async () => {
    const channel = unique('room:');
    await channels.place(channel, undefined);
    expect(await presence.appear(channel, arrival('a'))).toEqual({ partitions: 0, events: false });
    expect(await presence.appear(channel, arrival('b', { listens: true }))).toMatchObject({ partitions: 1 });
    await appear(channel, arrival('c'));
    expect(await presence.vanish(channel, { connection: 'c', nonce: 'n-c' })).toMatchObject({
      partitions: 1,
    });
    expect(await movesOf(channel)).toEqual([
      ['join', 'b'],
      ['join', 'c'],
      ['leave', 'c'],
    ]);
  });

  it('are not told of a subscription that takes the place of another one of its client', async () => {
    const channel = unique('room:');
    await channels.place(channel, undefined);
    await appear(channel, arrival('a', { listens: true }));
    expect(await presence.appear(channel, arrival('a', { listens: true, nonce: 'newer' }))).toMatchObject({
      partitions: 0,
    });
    await presence.vanish(channel, { connection: 'a', nonce: 'n-a' });
    expect(await movesOf(channel)).toEqual([['join', 'a']]);
  });

  it('ask for their wakes again where a leave is repeated', async () => {
    const channel = unique('room:');
    await channels.place(channel, undefined);
    await appear(channel, arrival('a', { listens: true }), arrival('b'));
    const leave = () => presence.vanish(channel, { connection: 'b', nonce: 'n-b' });
    expect([await leave(), await leave()]).toEqual([
      { partitions: 1, events: false },
      { partitions: 1, events: false },
    ]);
    expect((await movesOf(channel)).filter(([kind]) => kind === 'leave')).toHaveLength(1);
  });

  it('stop above the most members, and go on below', async () => {
    const channel = unique('room:');
    await channels.place(channel, undefined);
    await appear(channel, arrival('listener', { listens: true }));
    const names = Array.from({ length: MAX_LISTED_MEMBERS - 1 }, (_, index) => `c${index}`);
    await Promise.all(names.map((name) => presence.appear(channel, arrival(name))));
    const before = (await movesOf(channel)).at(-1);
    expect(await presence.appear(channel, arrival('too many'))).toMatchObject({ partitions: 0 });
    expect((await movesOf(channel)).at(-1)).toEqual(before);
    await presence.vanish(channel, { connection: 'c0', nonce: 'n-c0' });
    expect((await movesOf(channel)).at(-1)).toEqual(['leave', 'c0']);
  });

  it('go on where the channel has forgotten how many there were', async () => {
    const channel = unique('room:');
    await appear(channel, arrival('a', { listens: true }), arrival('b'));
    await operator.del(channelKeys(channel).meta);
    await appear(channel, arrival('c', { listens: true }));
    expect(await movesOf(channel)).toEqual([['join', 'c']]);
  });

  it('keep about as many as a burst has', async () => {
    const channel = unique('room:');
    await appear(channel, arrival('listener', { listens: true }));
    const names = Array.from({ length: 1_000 }, (_, index) => `c${index}`);
    await Promise.all(names.map((name) => presence.appear(channel, arrival(name))));
    const length = await operator.xlen(channelKeys(channel).moves);
    expect(length).toBeGreaterThanOrEqual(200);
    expect(length).toBeLessThan(401);
  });
});

describe('events for the bus', () => {
  const told = (connection: string, more: Partial<Arrival> = {}) =>
    arrival(connection, { lifecycle: true, ...more });
  const eventsOf = async (channel: string) => (await presence.pendingEvents(channel, undefined)).events;
  const kindsOf = async (channel: string) =>
    (await eventsOf(channel)).map(({ kind, of, generation }) => [kind, of?.connection ?? generation]);

  it('tell who came and went, and since when the channel was in use', async () => {
    const channel = unique('room:');
    const at = now;
    await appear(channel, told('a'), told('b'));
    now += 5;
    await presence.vanish(channel, { connection: 'a', nonce: 'n-a' });
    await presence.vanish(channel, { connection: 'b', nonce: 'n-b' });
    await appear(channel, told('c'));
    const events = await eventsOf(channel);
    expect(events.map(({ kind, of, generation }) => [kind, of?.connection ?? generation])).toEqual([
      ['occupied', at],
      ['subscribed', 'a'],
      ['subscribed', 'b'],
      ['unsubscribed', 'a'],
      ['unsubscribed', 'b'],
      ['vacated', at],
      ['occupied', at + 5],
      ['subscribed', 'c'],
    ]);
    expect(events[1]).toMatchObject({
      at,
      of: { connection: 'a', nonce: 'n-a', info: { user: 'user of a', client: 'a' } },
    });
  });

  it('number the times that a channel is in use upwards, even within a millisecond', async () => {
    const channel = unique('room:');
    for (let n = 0; n < 2; n++) {
      await appear(channel, told('a'));
      await presence.vanish(channel, { connection: 'a', nonce: 'n-a' });
    }
    const generations = (await eventsOf(channel)).flatMap(({ generation }) => generation ?? []);
    expect(generations).toEqual([now, now, now + 1, now + 1]);
  });

  it('are not written for a repeat, nor for who has them not', async () => {
    const channel = unique('room:');
    await appear(channel, told('a'), told('a'), arrival('b'));
    expect(await kindsOf(channel)).toEqual([
      ['occupied', now],
      ['subscribed', 'a'],
    ]);
  });

  it('wait until they are forgotten, ten at a time', async () => {
    const channel = unique('room:');
    await appear(channel, ...Array.from({ length: 11 }, (_, index) => told(`c${index}`)));
    const first = await presence.pendingEvents(channel, { connection: 'c10', nonce: 'n-c10' });
    expect([first.events.length, first.more, first.present]).toEqual([10, true, true]);
    expect(await kindsOf(channel)).toHaveLength(10);
    await presence.forgetEvents(
      channel,
      first.events.map(({ id }) => id),
    );
    const second = await presence.pendingEvents(channel, { connection: 'c10', nonce: 'another' });
    expect([second.events.length, second.more, second.present]).toEqual([2, false, false]);
  });

  it('tell of leases that were over', async () => {
    const channel = unique('room:');
    await appear(channel, told('a'));
    now += CONNECTION_TTL_SECONDS * 1000 + 1;
    try {
      expect(await presence.counts(channel)).toMatchObject({ clients: 0, events: true });
    } finally {
      now = Date.now();
    }
    expect((await eventsOf(channel)).map(({ kind }) => kind)).toEqual([
      'occupied',
      'subscribed',
      'unsubscribed',
      'vacated',
    ]);
  });
});
