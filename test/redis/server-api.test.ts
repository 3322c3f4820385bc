import { DISCONNECTS } from '../../lambdas/contract/codes';
import { channelKeys, connectionKey } from '../../lambdas/gateway/core/keys';
import { ClientActions } from '../../lambdas/gateway/core/server-api/client-actions';
import { RedisApiStore } from '../../lambdas/gateway/core/server-api/redis-store';
import { endlessKeys, operatorRedis } from '../support/redis';
import { gatewayWorld, ROOM, unique } from './gateway-world';

const RULES = { ...ROOM, presence: true };
const world = gatewayWorld({ rules: RULES });
const { scripts, channels, clock, poster, connections, partitions, users, due, courier, record } = world;
const operator = operatorRedis();
const store = new RedisApiStore(scripts, channels, clock);
const actions = new ClientActions({ ...world, store });

afterAll(async () => {
  const endless = await endlessKeys(operator);
  await scripts.disconnect();
  operator.disconnect();
  expect(endless).toEqual([]);
});

afterEach(() => poster.outcomes.clear());

/** A connection of a user of its own. */
async function connected(): Promise<{ readonly id: string; readonly user: string }> {
  const id = unique('conn');
  await world.connected(id);
  return { id, user: `user-${id}` };
}

const given = (channel: string, more: object = {}) => ({ channel, rules: RULES, ...more });
const publish = (channel: string, data: string) =>
  courier.handle([record(world.publication(channel, data, unique('key')), channel)]);

describe('a subscription that a backend makes', () => {
  it('is told by a push, before any publication of it', async () => {
    const { id, user } = await connected();
    const channel = unique('room:');
    await publish(channel, 'before');
    expect(await actions.subscribe(id, user, given(channel, { data: { a: 1 } }))).toBe('done');
    await publish(channel, 'after');
    await world.runWakes();
    expect(poster.messages(id)).toMatchObject([
      {
        push: {
          channel,
          subscribe: {
            recoverable: true,
            positioned: true,
            offset: 1,
            epoch: expect.any(String),
            data: { a: 1 },
          },
        },
      },
      { push: { channel, pub: { offset: 2, data: 'after' } } },
    ]);
    expect(await connections.memberships(id)).toMatchObject([
      { channel, traits: { serverSide: true, presence: true } },
    ]);
  });

  it('is made once', async () => {
    const { id, user } = await connected();
    const channel = unique('room:');
    for (const _ of [1, 2]) expect(await actions.subscribe(id, user, given(channel))).toBe('done');
    expect(poster.messages(id)).toHaveLength(1);
  });

  it('is not made for a connection that waits for its connect command, has ended, or is another’s', async () => {
    const channel = unique('room:');
    const pending = unique('conn');
    await connections.open(pending, undefined);
    const ended = await connected();
    await connections.close(ended.id);
    const other = await connected();
    expect(await actions.subscribe(pending, '', given(channel))).toBe('done');
    expect(await actions.subscribe(ended.id, ended.user, given(channel))).toBe('done');
    expect(await actions.subscribe(other.id, 'somebody', given(channel))).toBe('done');
    for (const id of [pending, ended.id, other.id]) expect(poster.messages(id)).toEqual([]);
  });

  it('waits until no frame is being served, which may be the connect command', async () => {
    const { id, user } = await connected();
    const channel = unique('room:');
    await operator.hset(connectionKey(id), 'lock', 'somebody');
    const subscribed = actions.subscribe(id, user, given(channel));
    await clock.sleep(200);
    expect(poster.messages(id)).toEqual([]);
    await operator.hset(connectionKey(id), 'lock', '');
    expect(await subscribed).toBe('done');
    expect(poster.messages(id)).toHaveLength(1);
  });

  it('fails for now where a frame is served for too long', async () => {
    const { id, user } = await connected();
    await operator.hset(connectionKey(id), 'lock', 'somebody');
    expect(await actions.subscribe(id, user, given(unique('room:')))).toBe('failed');
    expect(await actions.unsubscribe(id, unique('room:'))).toBe('failed');
  }, 15_000);

  it('ends the connection where nobody knows whether its client was told', async () => {
    const { id, user } = await connected();
    poster.outcomes.set(id, 'unknown');
    expect(await actions.subscribe(id, user, given(unique('room:')))).toBe('done');
    expect(poster.closed).toContain(id);
    expect((await store.facts(id)).connected).toBe(false);
  });

  it('ends with a connection that is gone', async () => {
    const { id, user } = await connected();
    const channel = unique('room:');
    poster.outcomes.set(id, 'gone');
    expect(await actions.subscribe(id, user, given(channel))).toBe('done');
    expect(poster.closed).not.toContain(id);
    expect((await store.facts(id)).connected).toBe(false);
    const [{ partition = 0, nonce = '' } = {}] = await connections.memberships(id);
    expect(await partitions.has(channel, partition, id, nonce)).toBe(false);
  });
});

describe('an unsubscribe by a backend', () => {
  it('is told by a push, behind which nothing of the channel comes', async () => {
    const { id, user } = await connected();
    const channel = unique('room:');
    await actions.subscribe(id, user, given(channel));
    expect(await actions.unsubscribe(id, channel)).toBe('done');
    await publish(channel, 'after');
    await world.runWakes();
    expect(poster.messages(id).slice(1)).toEqual([
      { push: { channel, unsubscribe: { code: 2000, reason: 'server unsubscribe' } } },
    ]);
    expect(await world.roster.counts(channel)).toMatchObject({ clients: 0 });
  });

  it('tells nothing where there is no subscription', async () => {
    const { id } = await connected();
    expect(await actions.unsubscribe(id, unique('room:'))).toBe('done');
    expect(poster.messages(id)).toEqual([]);
  });

  it('ends the connection where its client may not know', async () => {
    const { id, user } = await connected();
    const channel = unique('room:');
    await actions.subscribe(id, user, given(channel));
    poster.outcomes.set(id, 'throttled');
    expect(await actions.unsubscribe(id, channel)).toBe('done');
    expect(poster.closed).toContain(id);
  });
});

describe('what a backend asks of users', () => {
  it('reaches their connections, as long as those have a lease', async () => {
    const user = unique('user');
    const [one, other] = [unique('conn'), unique('conn')];
    for (const id of [one, other]) await users.enter(id, { user, issuedAt: 100 });
    expect([...(await store.of(user))].sort()).toEqual([one, other].sort());
    const later = new RedisApiStore(scripts, channels, { ...clock, now: () => Date.now() + 9_000_000 });
    expect(await later.of(user)).toEqual([]);
    expect(await store.of(unique('user'))).toEqual([]);
  });

  it('revokes tokens that were issued before, and ends their connections', async () => {
    const { id, user } = await connected();
    const young = unique('conn');
    await users.enter(id, { user, issuedAt: 100 });
    await users.enter(young, { user, issuedAt: 200 });
    expect(await actions.revoke(user, 200)).toBe('done');
    expect(poster.messages(id)).toEqual([{ push: { disconnect: DISCONNECTS.invalidToken } }]);
    expect(poster.messages(young)).toEqual([]);
    expect(await users.enter(unique('conn'), { user, issuedAt: 199 })).toBe('revoked');
  });
});

describe('what a backend reads', () => {
  it('is where a publication with a key stands', async () => {
    const channel = unique('room:');
    expect(await store.published(channel, 'k')).toBeUndefined();
    await courier.handle([record(world.publication(channel, 'x', 'k'), channel)]);
    expect(await store.published(channel, 'k')).toEqual({ offset: 1, epoch: expect.any(String) });
  });

  it('is how many connections there are', async () => {
    const before = await store.connections();
    for (const _ of [1, 2, 3]) await due.note(unique('conn'), Date.now() + 60_000);
    expect(await store.connections()).toBe(before + 3);
  });

  it('is no publication that was removed; members that lack it are told, and the position goes on', async () => {
    const { id, user } = await connected();
    const channel = unique('room:');
    await actions.subscribe(id, user, given(channel));
    await publish(channel, 'secret');
    await world.runWakes();
    await store.removeHistory(channel);
    const page = { limit: 10, since: undefined, reverse: false, newest: 1000 };
    expect(await store.history(channel, page)).toMatchObject({ top: 1, entries: [] });
    expect(await operator.xlen(channelKeys(channel).log)).toBe(0);
    await publish(channel, 'next');
    await world.runWakes();
    expect(poster.offsets(id, channel)).toEqual([1, 2]);
  });
});
