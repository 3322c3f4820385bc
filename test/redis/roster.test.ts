import type { NamespaceRules } from '../../lambdas/contract/registry';
import { LEAVE_GRACE_SECONDS } from '../../lambdas/gateway/core/presence/roster';
import { gatewayWorld, ROOM, unique } from './gateway-world';

const LISTED: NamespaceRules = { ...ROOM, presence: true, joinLeave: true };

const world = gatewayWorld({ rules: LISTED });
afterAll(() => world.scripts.disconnect());

async function subscribed(channel: string, more: object = {}) {
  const id = unique('c');
  await world.connected(id);
  await world.ingress.handle(id, JSON.stringify({ id: 1, subscribe: { channel, ...more } }));
  return id;
}

const ask = async (connection: string, command: object) => {
  await world.ingress.handle(connection, JSON.stringify({ id: 9, ...command }));
  return world.poster.messages(connection).at(-1);
};
const clientsIn = async (channel: string) =>
  (await world.presence.members(channel)).listed?.map(({ client }) => client).sort();
const departedWakes = () => world.sentWakes.filter(({ wake }) => wake.type === 'departed');

describe('presence', () => {
  it('lists subscribers with their users, and counts them', async () => {
    const channel = unique('room:');
    const [a, b] = [await subscribed(channel), await subscribed(channel)];
    expect(await ask(a, { presence: { channel } })).toEqual({
      id: 9,
      presence: {
        presence: { [a]: { user: `user-${a}`, client: a }, [b]: { user: `user-${b}`, client: b } },
      },
    });
    expect(await ask(b, { presence_stats: { channel } })).toEqual({
      id: 9,
      presence_stats: { num_clients: 2, num_users: 2 },
    });
  });

  it('knows nobody in a channel that nobody uses', async () => {
    const a = await subscribed(unique('room:'));
    const channel = unique('room:');
    expect(await ask(a, { presence: { channel } })).toEqual({ id: 9, presence: { presence: {} } });
    expect(await ask(a, { presence_stats: { channel } })).toEqual({
      id: 9,
      presence_stats: { num_clients: 0, num_users: 0 },
    });
  });

  it('answers 108 in a namespace without it', async () => {
    const without = gatewayWorld();
    const id = unique('c');
    await without.connected(id);
    const channel = unique('room:');
    for (const command of [{ presence: { channel } }, { presence_stats: { channel } }]) {
      await without.ingress.handle(id, JSON.stringify({ id: 9, ...command }));
      expect(without.poster.messages(id).at(-1)).toMatchObject({ error: { code: 108 } });
    }
    await without.scripts.disconnect();
  });

  it('ends at once with an unsubscribe', async () => {
    const channel = unique('room:');
    const a = await subscribed(channel);
    await ask(a, { unsubscribe: { channel } });
    expect(await clientsIn(channel)).toEqual([]);
    await ask(a, { subscribe: { channel } });
    expect(await clientsIn(channel)).toEqual([a]);
  });

  it('ends a grace after the connection, by one message for all its channels', async () => {
    const [one, two] = [unique('room:'), unique('room:')];
    const a = await subscribed(one);
    await ask(a, { subscribe: { channel: two } });
    world.sentWakes.splice(0);
    await world.departures.depart(a);
    await world.departures.depart(a);
    expect([await clientsIn(one), await clientsIn(two)]).toEqual([[a], [a]]);
    expect(departedWakes()).toEqual([
      expect.objectContaining({ delaySeconds: LEAVE_GRACE_SECONDS }) as unknown,
    ]);
    await world.runWakes();
    expect([await clientsIn(one), await clientsIn(two)]).toEqual([[], []]);
  });

  it('sends no message for a connection that stands nowhere', async () => {
    const a = unique('c');
    await world.connected(a);
    world.sentWakes.splice(0);
    await world.departures.depart(a);
    expect(world.sentWakes).toEqual([]);
  });

  it('ends its message again where it was lost on the way', async () => {
    const channel = unique('room:');
    const a = await subscribed(channel);
    world.sentWakes.splice(0);
    const send = world.wakes.send;
    world.wakes.send = async () => {
      throw new Error('away');
    };
    await expect(world.departures.depart(a)).rejects.toThrow('away');
    world.wakes.send = send;
    await world.departures.depart(a);
    await world.runWakes();
    expect(await clientsIn(channel)).toEqual([]);
  });

  it('keeps who was told to subscribe again, and takes away who does not', async () => {
    const channel = unique('room:');
    const [back, gone] = [await subscribed(channel), await subscribed(channel)];
    await world.runWakes();
    const { channels, partitions } = world;
    const { epoch } = await channels.place(channel, undefined);
    expect(epoch).not.toBe('');
    await channels.vacate(channel, 0, 1);
    const begun = await partitions.begin(channel, 0, 't', Date.now(), Date.now() + 1_000);
    const members = begun.result === 'held' ? begun.view.members : [];
    await partitions.commit(channel, 0, 't', Date.now(), {
      epoch,
      cursor: 0,
      posted: false,
      changes: members.map((member) => ({ ...member, state: 'unsubscribing' as const, offset: 0, until: 0 })),
      removals: [],
    });
    world.sentWakes.splice(0);
    await world.drain.drain(channel, 0, Date.now() + 5_000);
    for (const id of [back, gone]) {
      expect(world.poster.messages(id).at(-1)).toMatchObject({ push: { unsubscribe: { code: 2500 } } });
    }
    expect(await clientsIn(channel)).toEqual([back, gone].sort());
    await ask(back, { subscribe: { channel } });
    expect(departedWakes().map(({ delaySeconds }) => delaySeconds)).toEqual([LEAVE_GRACE_SECONDS]);
    await world.runWakes();
    expect(await clientsIn(channel)).toEqual([back]);
  });

  it('has nobody whose subscribe was given up', async () => {
    const channel = unique('room:');
    const a = unique('c');
    await world.connected(a);
    const settle = world.connections.settle.bind(world.connections);
    world.connections.settle = async () => 'lost';
    await world.ingress.handle(a, JSON.stringify({ id: 1, subscribe: { channel } }));
    world.connections.settle = settle;
    expect(world.poster.messages(a).at(-1)).toMatchObject({ error: { code: 100 } });
    expect(await clientsIn(channel)).toEqual([]);
  });
});
