import type { NamespaceRules } from '../../lambdas/contract/registry';
import { partitionKey } from '../../lambdas/gateway/core/keys';
import type { PostOutcome } from '../../lambdas/gateway/core/ports';
import { operatorRedis } from '../support/redis';
import { gatewayWorld, ROOM, unique } from './gateway-world';

const RULES: NamespaceRules = { ...ROOM, presence: true, joinLeave: true };

const world = gatewayWorld({ rules: RULES });
const operator = operatorRedis();
afterAll(async () => {
  operator.disconnect();
  await world.scripts.disconnect();
});

/** Subscribes a connection; `listens`: to joins and leaves. */
async function subscribed(channel: string, listens = true, id = unique('c')) {
  await world.connected(id);
  await serve(id, { subscribe: { channel, join_leave: listens } });
  return id;
}

const serve = (connection: string, command: object) =>
  world.ingress.handle(connection, JSON.stringify({ id: 1, ...command }));

/** What a connection got on a channel, in its order: replies by their kind, pushes with what they are about. */
function heard(connection: string): string[] {
  return world.poster.messages(connection).map(({ push, ...reply }) => {
    if (push === undefined) return Object.keys(reply).filter((key) => key !== 'id')[0] ?? '';
    const { join, leave, pub } = push as Record<string, { info?: { client: string }; offset?: number }>;
    if (join) return `join ${join.info?.client}`;
    if (leave) return `leave ${leave.info?.client}`;
    return pub ? `pub ${pub.offset}` : 'other';
  });
}

const publish = async (channel: string) => {
  await world.courier.handle([world.record(world.publication(channel, 'x', unique('k')), channel)]);
};

describe('joins and leaves', () => {
  it('reach every member that wants them, its own join too, and only those', async () => {
    const channel = unique('room:');
    const [a, silent] = [await subscribed(channel), await subscribed(channel, false)];
    await world.runWakes();
    const b = await subscribed(channel);
    await world.runWakes();
    await serve(b, { unsubscribe: { channel } });
    await world.runWakes();
    expect(heard(a)).toEqual(['subscribe', `join ${a}`, `join ${silent}`, `join ${b}`, `leave ${b}`]);
    expect(heard(b)).toEqual(['subscribe', `join ${b}`, 'unsubscribe']);
    expect(heard(silent)).toEqual(['subscribe']);
  });

  it('carry the client info', async () => {
    const channel = unique('room:');
    const a = await subscribed(channel);
    await world.runWakes();
    expect(world.poster.messages(a).at(-1)).toEqual({
      push: { channel, join: { info: { client: a, user: `user-${a}` } } },
    });
  });

  it('cost nothing where nobody wants them', async () => {
    const channel = unique('room:');
    world.sentWakes.splice(0);
    const a = await subscribed(channel, false);
    // One for the partition that is new.
    expect(world.sentWakes.length).toBeLessThanOrEqual(1);
    await world.runWakes();
    await subscribed(channel, false);
    await serve(a, { unsubscribe: { channel } });
    expect(world.sentWakes).toEqual([]);
  });

  it('are not heard by who does not ask, whatever the namespace says, nor in one without them', async () => {
    const without = gatewayWorld({ rules: { ...RULES, joinLeave: false } });
    const channel = unique('room:');
    const id = unique('c');
    await without.connected(id);
    await without.ingress.handle(id, JSON.stringify({ id: 1, subscribe: { channel, join_leave: true } }));
    await without.runWakes();
    expect(without.poster.messages(id)).toHaveLength(1);
    await without.scripts.disconnect();
  });

  it('come before the publications of the same frame', async () => {
    const channel = unique('room:');
    const a = await subscribed(channel);
    await world.runWakes();
    world.poster.frames.delete(a);
    const b = await subscribed(channel);
    world.sentWakes.splice(0);
    await publish(channel);
    expect(heard(a)).toEqual([`join ${b}`, 'pub 1']);
    expect(world.poster.frames.get(a)).toHaveLength(1);
  });

  it('wait for a frame with room where publications fill one, and are not lost', async () => {
    const channel = unique('room:');
    const a = await subscribed(channel);
    await world.runWakes();
    world.poster.frames.delete(a);
    const b = await subscribed(channel);
    world.sentWakes.splice(0);
    const large = { ...world.publication(channel, 'x'.repeat(32 * 1024), unique('k')) };
    await world.courier.handle([world.record(large, channel)]);
    expect(heard(a)).toEqual(['pub 1', `join ${b}`]);
    expect(world.poster.frames.get(a)).toHaveLength(2);
  });

  it('never come before the reply of the subscribe', async () => {
    const channel = unique('room:');
    const a = await subscribed(channel);
    await world.runWakes();
    const b = unique('c');
    world.poster.before = async (connection, frame) => {
      if (connection !== b || !frame.includes('"subscribe"')) return;
      world.poster.before = async () => undefined;
      // The join is in the channel by now, and others hear of it before its own client does.
      await world.drain.drain(channel, 0, Date.now() + 5_000);
      expect(heard(b)).toEqual([]);
    };
    await subscribed(channel, true, b);
    await world.runWakes();
    expect(heard(a)).toEqual(['subscribe', `join ${a}`, `join ${b}`]);
    expect(heard(b)).toEqual(['subscribe', `join ${b}`]);
  });

  it('tell of a lost connection after its grace', async () => {
    const channel = unique('room:');
    const [a, b] = [await subscribed(channel), await subscribed(channel)];
    await world.runWakes();
    await world.departures.depart(b);
    expect(heard(a).at(-1)).toBe(`join ${b}`);
    await world.runWakes();
    await world.runWakes();
    expect(heard(a).at(-1)).toBe(`leave ${b}`);
  });

  it.each(['unknown', 'failed'] as const)(
    'are told once at most: a post of them that is %s closes no connection and is not repeated',
    async (outcome) => {
      const channel = unique('room:');
      const a = await subscribed(channel);
      await world.runWakes();
      world.poster.outcomes.set(a, outcome);
      await subscribed(channel);
      await world.runWakes();
      world.poster.outcomes.delete(a);
      await publish(channel);
      expect(world.poster.closed).not.toContain(a);
      expect(heard(a)).toEqual(['subscribe', `join ${a}`, 'pub 1']);
    },
  );

  it('are posted again where they were throttled', async () => {
    const channel = unique('room:');
    const a = await subscribed(channel);
    await world.runWakes();
    const refusals: PostOutcome[] = ['throttled'];
    const post = world.poster.post.bind(world.poster);
    world.poster.post = async (connection, frame) =>
      (connection === a ? refusals.shift() : undefined) ?? post(connection, frame);
    const b = await subscribed(channel);
    await world.runWakes();
    expect(heard(a)).toEqual(['subscribe', `join ${a}`]);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await world.runWakes();
    world.poster.post = post;
    expect(heard(a)).toEqual(['subscribe', `join ${a}`, `join ${b}`]);
  });

  it('end the subscription of who is gone', async () => {
    const channel = unique('room:');
    const a = await subscribed(channel);
    await world.runWakes();
    world.poster.outcomes.set(a, 'gone');
    const opened = world.connections.openedAt;
    world.connections.openedAt = async () => 0;
    const b = await subscribed(channel);
    await world.runWakes();
    world.connections.openedAt = opened;
    expect(await operator.hexists(partitionKey(channel, 0), `m:${a}`)).toBe(0);
    await world.runWakes();
    await world.runWakes();
    expect(heard(b).at(-1)).toBe(`leave ${a}`);
  });

  it('come in frames of some kilobytes, none missing', async () => {
    const channel = unique('room:');
    const a = await subscribed(channel);
    await world.runWakes();
    world.poster.frames.delete(a);
    const names = Array.from({ length: 150 }, () => unique('c'));
    for (const connection of names) {
      const info = { user: `user-${connection}`, client: connection };
      const arrival = { connection, nonce: 'n', info, lifecycle: false, listens: false };
      await world.presence.appear(channel, arrival);
    }
    await world.drain.drain(channel, 0, Date.now() + 5_000);
    expect(heard(a)).toEqual(names.map((name) => `join ${name}`));
    for (const frame of world.poster.frames.get(a) ?? []) expect(frame.length).toBeLessThan(16 * 1024);
  });

  it('wake the other partitions of a channel', async () => {
    const channel = unique('room:');
    const first = await subscribed(channel);
    await world.runWakes();
    // As if 500 were in the first partition.
    await operator.hset(`hf1:{ch:${channel}}:meta`, 'n0', 500);
    const second = await subscribed(channel);
    await world.runWakes();
    const third = await subscribed(channel);
    world.poster.frames.delete(first);
    await world.runWakes();
    expect(heard(first)).toEqual([`join ${third}`]);
    expect(heard(second)).toEqual(['subscribe', `join ${second}`, `join ${third}`]);
  });
});
