import { Checkup } from '../../lambdas/gateway/core/connections/checkup';
import type { ConnectionView } from '../../lambdas/gateway/core/connections/connection';
import { NO_TRAITS } from '../../lambdas/gateway/core/connections/subscription-record';
import { PARTITION_MEMBERS } from '../../lambdas/gateway/core/delivery/partitions';
import { channelKeys, connectionKey, dueKey, partitionKey, userKeys } from '../../lambdas/gateway/core/keys';
import type { LimitName } from '../../lambdas/gateway/core/limits/limits';
import { Caretaker } from '../../lambdas/gateway/core/liveness/caretaker';
import { dueShardOf } from '../../lambdas/gateway/core/liveness/due-set';
import { EXPIRY_GRACE_MS } from '../../lambdas/gateway/core/liveness/prognosis';
import { operatorRedis } from '../support/redis';
import { gatewayWorld, unique } from './gateway-world';

const RULES = { pingSeconds: 540, keepAliveSeconds: 420, plannedReconnectSeconds: 6600, pendingSeconds: 10 };
const KEEP_ALIVE_MS = RULES.keepAliveSeconds * 1000;

const world = gatewayWorld();
const operator = operatorRedis();
const noted: LimitName[] = [];
/** How far the clock of the janitor is ahead. */
let ahead = 0;
const clock = { ...world.clock, now: () => Date.now() + ahead };
const caretaker = new Caretaker({
  ...world,
  checkup: new Checkup(world),
  rules: RULES,
  noteLimit: (name) => {
    noted.push(name);
  },
  clock,
});

beforeEach(() => {
  ahead = 0;
  noted.length = 0;
});
afterAll(async () => {
  await world.scripts.disconnect();
  operator.disconnect();
});

async function connected(expiresAt = 0) {
  const id = unique('c');
  const user = unique('user');
  await world.connections.open(id, { user, expiresAt, channels: [] }, false);
  await world.users.enter(id, { user });
  await world.due.note(id, Date.now());
  return { id, user };
}

/** A connection that is subscribed. */
async function subscribed(channel = unique('room:')) {
  const { id } = await connected();
  await world.ingress.handle(id, JSON.stringify({ id: 1, subscribe: { channel } }));
  world.poster.frames.delete(id);
  return { id, channel };
}

async function publish(channel: string) {
  const delivery = world.publication(channel, 'x', unique('key'));
  await world.courier.handle([world.record(delivery, channel)]);
}

const isDue = async (id: string) => (await operator.zscore(dueKey(dueShardOf(id)), id)) !== null;
const codes = (id: string) =>
  world.poster.messages(id).map(({ push }) => {
    const { disconnect, unsubscribe } = (push ?? {}) as Record<string, { code: number } | undefined>;
    return disconnect?.code ?? unsubscribe?.code;
  });

describe('a connection that lives', () => {
  it('gets an empty message once nothing was posted for the keep-alive, and is due again after that', async () => {
    const { id } = await connected();
    const soon = await caretaker.look(id);
    expect(world.poster.messages(id)).toEqual([]);
    expect(Math.abs(soon - (Date.now() + KEEP_ALIVE_MS))).toBeLessThan(2_000);
    ahead = KEEP_ALIVE_MS;
    const next = await caretaker.look(id);
    expect(world.poster.frames.get(id)).toEqual(['{}']);
    expect(Math.abs(next - (clock.now() + KEEP_ALIVE_MS))).toBeLessThan(2_000);
  });

  it('gets none where a channel posted to it meanwhile, and is due when that is a while ago', async () => {
    const { id, channel } = await subscribed();
    await publish(channel);
    world.poster.frames.delete(id);
    await operator.hset(partitionKey(channel, 0), 'posted', Date.now() + 300_000);
    ahead = KEEP_ALIVE_MS + 1_000;
    const next = await caretaker.look(id);
    expect(world.poster.messages(id)).toEqual([]);
    expect(Math.abs(next - (Date.now() + 300_000 + KEEP_ALIVE_MS))).toBeLessThan(2_000);
  });

  it('gets one where a drain posted to others of its channel alone', async () => {
    const { id, channel } = await subscribed();
    const slow = await subscribed(channel);
    world.poster.outcomes.set(slow.id, 'throttled');
    await publish(channel);
    world.poster.outcomes.delete(slow.id);
    const posted = await operator.hget(partitionKey(channel, 0), 'posted');
    await world.clock.sleep(1_600);
    await world.drain.drain(channel, 0, Date.now() + 5_000);
    expect(world.poster.offsets(slow.id, channel)).toEqual([1]);
    // Only the one that was behind was posted to.
    expect(await operator.hget(partitionKey(channel, 0), 'posted')).toBe(posted);
    expect(world.poster.offsets(id, channel)).toEqual([1]);
  });

  it('is found gone, and leaves its channels', async () => {
    const { id, channel } = await subscribed();
    world.poster.outcomes.set(id, 'gone');
    ahead = KEEP_ALIVE_MS;
    await caretaker.look(id);
    world.poster.outcomes.delete(id);
    expect(await operator.hkeys(partitionKey(channel, 0))).not.toContain(`m:${id}`);
    expect(await operator.hget(connectionKey(id), 'state')).toBe('closed');
    expect(await isDue(id)).toBe(false);
  });

  it('is looked at again soon where the post was throttled', async () => {
    const { id } = await connected();
    world.poster.outcomes.set(id, 'throttled');
    ahead = KEEP_ALIVE_MS;
    expect((await caretaker.look(id)) - clock.now()).toBeLessThan(60_000);
    world.poster.outcomes.delete(id);
    expect(await operator.hget(connectionKey(id), 'state')).toBe('connected');
  });

  it('is ended with 3010 where its partition does not know it', async () => {
    const { id, channel } = await subscribed();
    await operator.del(partitionKey(channel, 0));
    await caretaker.look(id);
    expect(codes(id)).toEqual([3010]);
  });

  it('is ended with 3010 where its channel does not know its partition', async () => {
    const { id: first, channel } = await subscribed();
    await operator.hset(channelKeys(channel).meta, 'n0', PARTITION_MEMBERS);
    const { id } = await subscribed(channel);
    await caretaker.look(id);
    expect(codes(id)).toEqual([]);
    await operator.del(channelKeys(channel).meta);
    await publish(channel);
    await caretaker.look(id);
    expect(codes(id)).toEqual([3010]);
    // The first partition hears of the new epoch by the publication itself.
    expect(codes(first)).toEqual([2500]);
  });
});

describe('a connection that has to end', () => {
  async function ended(id: string, code: number) {
    await caretaker.look(id);
    expect(codes(id)).toEqual([code]);
    expect(world.poster.closed.filter((closed) => closed === id)).toEqual([id]);
    expect(await isDue(id)).toBe(false);
  }

  it('is one that never connected: 3502', async () => {
    const id = unique('c');
    await world.connections.open(id, undefined);
    await world.due.note(id, Date.now());
    expect((await caretaker.look(id)) - Date.now()).toBeLessThanOrEqual(10_000);
    ahead = 10_000;
    await ended(id, 3502);
    expect(noted).toEqual(['pendingSeconds']);
  });

  it('is one whose token was not renewed: 3005', async () => {
    const { id } = await connected(Math.floor(Date.now() / 1000) + 60);
    ahead = 60_000 + EXPIRY_GRACE_MS;
    await ended(id, 3005);
  });

  it('is an old one: 3001', async () => {
    const { id, user } = await connected();
    ahead = RULES.plannedReconnectSeconds * 1050;
    await ended(id, 3001);
    expect(await operator.hexists(userKeys(user).connections, id)).toBe(0);
  });

  it('is one whose state was lost: 3010', async () => {
    const { id } = await connected();
    await operator.del(connectionKey(id));
    await ended(id, 3010);
  });

  it('is one whose departure was not completed: it leaves its channels', async () => {
    const { id, channel } = await subscribed();
    await world.connections.close(id);
    expect(await operator.hkeys(partitionKey(channel, 0))).toContain(`m:${id}`);
    await ended(id, 3010);
    expect(await operator.hkeys(partitionKey(channel, 0))).not.toContain(`m:${id}`);
  });

  it('stays due where its socket was not closed', async () => {
    const { id } = await connected();
    const close = world.poster.close.bind(world.poster);
    world.poster.close = async () => 'throttled';
    ahead = RULES.plannedReconnectSeconds * 1050;
    const next = await caretaker.look(id);
    world.poster.close = close;
    expect(await isDue(id)).toBe(true);
    expect(next - clock.now()).toBeLessThan(60_000);
    await caretaker.look(id);
    expect(world.poster.closed).toContain(id);
    expect(await isDue(id)).toBe(false);
  });
});

describe('a subscription that is expired', () => {
  async function expiring(channel: string) {
    const { id } = await subscribed(channel);
    const view: ConnectionView = await world.connections.view(id);
    const [record] = view.subscriptions;
    const expiresAt = Math.floor(Date.now() / 1000) + 60;
    const value = `${record?.partition}:${record?.nonce}:0::${expiresAt}`;
    await operator.hset(connectionKey(id), `s:${channel}`, value);
    return id;
  }

  it('ends with 2501, out of its partition first, and its client may subscribe again', async () => {
    const channel = unique('room:');
    const id = await expiring(channel);
    expect((await caretaker.look(id)) - Date.now()).toBeLessThanOrEqual(60_000 + EXPIRY_GRACE_MS);
    ahead = 60_000 + EXPIRY_GRACE_MS;
    let known: boolean | undefined;
    world.poster.before = async (connection) => {
      if (connection === id) known = (await operator.hexists(partitionKey(channel, 0), `m:${id}`)) === 1;
    };
    await caretaker.look(id);
    world.poster.before = async () => undefined;
    expect(codes(id)).toEqual([2501]);
    expect(known).toBe(false);
    expect((await world.connections.view(id)).subscriptions).toEqual([]);
    await world.ingress.handle(id, JSON.stringify({ id: 2, subscribe: { channel } }));
    expect(world.poster.messages(id).at(-1)).toMatchObject({ id: 2, subscribe: {} });
  });

  it('keeps the channel from a next one as long as a drain may post to it', async () => {
    const channel = unique('room:');
    const id = await expiring(channel);
    await world.partitions.begin(channel, 0, 'a drain', Date.now(), Date.now() + 8_000);
    ahead = 60_000 + EXPIRY_GRACE_MS;
    world.sentWakes.length = 0;
    await caretaker.look(id);
    expect(codes(id)).toEqual([2501]);
    expect((await world.connections.view(id)).subscriptions).toMatchObject([{ channel, stage: 'leaving' }]);
    expect(world.sentWakes).toContainEqual({
      wake: { v: 1, type: 'drain', channel, partition: 0 },
      delaySeconds: expect.any(Number) as number,
    });
  });

  it('does not touch others', async () => {
    const { id, channel } = await subscribed();
    ahead = 3_600_000;
    await caretaker.look(id);
    expect(codes(id)).toEqual([undefined]);
    expect((await world.connections.view(id)).subscriptions).toMatchObject([
      { channel, traits: { ...NO_TRAITS } },
    ]);
  });
});
