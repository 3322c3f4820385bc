import { linesOf } from '../../lambdas/gateway/core/explain/lines';
import { FactReader } from '../../lambdas/gateway/core/explain/reader';
import { verdictOf } from '../../lambdas/gateway/core/explain/verdict';
import { channelKeys, connectionKey, partitionKey } from '../../lambdas/gateway/core/keys';
import { operatorRedis } from '../support/redis';
import { gatewayWorld, unique } from './gateway-world';

const operator = operatorRedis();
const worlds: ReturnType<typeof gatewayWorld>[] = [];

afterAll(async () => {
  await Promise.all(worlds.map(({ scripts }) => scripts.disconnect()));
  operator.disconnect();
});

/** Two connections that subscribe to a channel, and what to ask of it. */
async function subscribed() {
  const world = gatewayWorld();
  worlds.push(world);
  const [channel, alice, bob] = [unique('room:'), unique('c'), unique('c')];
  for (const connection of [alice, bob]) {
    await world.connected(connection);
    await world.ingress.handle(connection, JSON.stringify({ id: 1, subscribe: { channel } }));
  }
  await world.runWakes();
  const publish = async () => {
    await world.courier.handle([world.record(world.publication(channel, 'x', unique('k')), channel)]);
    await world.runWakes();
  };
  const ask = (offset: number, user = `user-${alice}`, most?: number) =>
    new FactReader(world.scripts, world.clock, most).read({ user, channel, offset });
  return { world, channel, alice, bob, publish, ask };
}

describe('an explanation', () => {
  it('of a publication that was posted, and of one that is still to come', async () => {
    const { alice, publish, ask } = await subscribed();
    await publish();
    const facts = await ask(1);
    expect(facts).toMatchObject({
      log: { top: 1, kept: true, oldest: 1, witness: { offset: 1 } },
      partitions: [{ cursor: 1, members: 2, lockedUntil: undefined }],
      partitionCount: 1,
      looked: 2,
      nameless: 0,
      members: [{ connection: alice, state: 'active', subscription: { stage: 'settled', start: 0 } }],
    });
    expect(verdictOf(facts).kind).toBe('delivered');
    expect(linesOf(facts).at(-1)).toMatch(/^verdict: delivered/);
    expect(verdictOf(await ask(2)).kind).toBe('not published');
    expect(verdictOf(await ask(1, 'nobody')).kind).toBe('not subscribed');
  });

  it('of a member that was throttled', async () => {
    const { world, alice, bob, publish, ask } = await subscribed();
    world.poster.outcomes.set(alice, 'throttled');
    await publish();
    const facts = await ask(1);
    expect(facts.members).toMatchObject([{ state: 'behind', offset: 0 }]);
    expect(['throttled', 'not drained yet']).toContain(verdictOf(facts).kind);
    expect(verdictOf(await ask(1, `user-${bob}`)).kind).toBe('delivered');
  });

  it('of a subscription that began later', async () => {
    const { world, channel, publish, ask } = await subscribed();
    await publish();
    const late = unique('c');
    await world.connected(late);
    await world.ingress.handle(late, JSON.stringify({ id: 1, subscribe: { channel } }));
    const verdict = verdictOf(await ask(1, `user-${late}`));
    expect(verdict).toMatchObject({ kind: 'before the subscription' });
    expect(verdict.text).toContain('began at offset 1');
  });

  it('of a partition that a drain holds, and of one whose drain died', async () => {
    const { world, channel, ask } = await subscribed();
    await world.channels.append(channel, [{ text: '{"data":1}', idempotencyKey: 'k' }], {
      entries: 9,
      seconds: 60,
    });
    const until = Date.now() + 60_000;
    await world.partitions.begin(channel, 0, 'token', Date.now(), until);
    await world.channels.read(channel, { partition: 0, token: 'token', last: '' }, 0, undefined);
    await world.partitions.announce(channel, 0, 'token', 1);
    const held = await ask(1);
    expect(held.partitions).toMatchObject([{ lockedUntil: until, announced: 1, readerLost: false }]);
    expect(verdictOf(held).kind).toBe('draining');
    await operator.hset(partitionKey(channel, 0), 'until', 1);
    const died = await ask(1);
    expect(died.partitions).toMatchObject([{ readerLost: true }]);
    expect(verdictOf(died).kind).toBe('a drain died');
  });

  it('of a partition that was set back behind its last drain', async () => {
    const { world, channel, publish, ask } = await subscribed();
    await publish();
    const key = partitionKey(channel, 0);
    const former = await operator.hgetall(key);
    expect((await ask(1)).partitions).toMatchObject([{ readerLost: false }]);
    await publish();
    await operator.hset(key, former);
    const facts = await ask(2);
    expect(facts.partitions).toMatchObject([{ cursor: 1, readerLost: true }]);
    expect(verdictOf(facts).kind).toBe('a drain died');
    await world.courier.handle([world.record({ v: 1, type: 'drain', channel, partition: 0 })]);
    await world.runWakes();
    expect((await ask(2)).members).toEqual([]);
    expect(world.poster.closed).toHaveLength(2);
  });

  it('of a partition that was lost and made anew misses no drain', async () => {
    const { world, channel, publish, ask } = await subscribed();
    await publish();
    await operator.del(partitionKey(channel, 0));
    const next = unique('c');
    await world.connected(next);
    await world.ingress.handle(next, JSON.stringify({ id: 1, subscribe: { channel } }));
    expect((await ask(1)).partitions).toMatchObject([{ members: 1, readerLost: false }]);
  });

  it('of a partition that waits for its wake', async () => {
    const { world, channel, ask } = await subscribed();
    await world.channels.append(channel, [{ text: '{"data":1}', idempotencyKey: 'k' }], {
      entries: 9,
      seconds: 60,
    });
    const marked = Date.now();
    await world.partitions.mark(channel, 0, marked, 2_000);
    const facts = await ask(1);
    expect(facts.partitions).toMatchObject([{ dirtySince: marked }]);
    expect(verdictOf(facts).kind).toBe('not drained yet');
  });

  it('of a connection that was closed, and of one that is lost', async () => {
    const { world, alice, bob, ask, publish } = await subscribed();
    await publish();
    await world.connections.close(alice);
    await operator.del(connectionKey(bob));
    const facts = await ask(1);
    expect(facts).toMatchObject({ nameless: 1, members: [{ connection: alice, closed: true }] });
  });

  it('stops at the most members that it may look at, and says so', async () => {
    const { ask } = await subscribed();
    expect(await ask(1, 'nobody', 2)).toMatchObject({ looked: 2, stopped: false });
    const facts = await ask(1, 'nobody', 1);
    expect(facts).toMatchObject({ looked: 1, stopped: true });
    expect(linesOf(facts)[3]).toContain('there are more');
  });

  it('writes nothing', async () => {
    const { channel, alice, publish, ask } = await subscribed();
    await publish();
    const { meta, log } = channelKeys(channel);
    const keys = [meta, log, partitionKey(channel, 0), connectionKey(alice)];
    const dump = () => Promise.all(keys.map((key) => operator.dumpBuffer(key)));
    const before = await dump();
    await ask(1);
    expect(await dump()).toEqual(before);
  });

  it('of a channel that never was gives it no epoch', async () => {
    const { world } = await subscribed();
    const channel = unique('room:');
    const facts = await new FactReader(world.scripts, world.clock).read({ user: 'a', channel, offset: 1 });
    expect(verdictOf(facts).kind).toBe('no log');
    expect(await operator.exists(channelKeys(channel).meta)).toBe(0);
  });
});
