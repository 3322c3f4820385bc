import type { NamespaceRules } from '../../lambdas/contract/registry';
import { gatewayWorld, ROOM, unique } from './gateway-world';

const RULES: NamespaceRules = { ...ROOM, presence: true, lifecycle: true };

const world = gatewayWorld({ rules: RULES, connectionEvents: true });
afterAll(() => world.scripts.disconnect());
beforeEach(() => {
  world.events.splice(0);
  world.sentWakes.splice(0);
});

const serve = (connection: string, command: object) =>
  world.ingress.handle(connection, JSON.stringify({ id: 1, ...command }));

async function subscribed(channel: string, id = unique('c')) {
  await world.connected(id);
  await serve(id, { subscribe: { channel } });
  return id;
}

/** Events as `<event> <client, or nothing>`, in the order in which they were put. */
const told = () =>
  world.events.map((event) => `${event.event} ${'client' in event ? event.client : ''}`.trim());
const idsOf = () => world.events.map(({ id }) => id);

describe('lifecycle events', () => {
  it('tell of subscriptions and of the use of a channel', async () => {
    const channel = unique('room:');
    const a = await subscribed(channel);
    await world.runWakes();
    await serve(a, { unsubscribe: { channel } });
    await world.runWakes();
    expect(told()).toEqual(['occupied', `subscribed ${a}`, `unsubscribed ${a}`, 'vacated']);
    expect(world.events[1]).toEqual({
      v: 1,
      kind: 'lifecycle',
      event: 'subscribed',
      id: expect.stringMatching(/^subscribed:.+:.+$/) as unknown,
      at: expect.any(Number) as unknown,
      channel,
      namespace: 'room',
      client: a,
      user: `user-${a}`,
      info: { user: `user-${a}`, client: a },
    });
    const [occupied, , , vacated] = world.events;
    expect(occupied).toMatchObject({ channel, namespace: 'room', generation: expect.any(Number) as unknown });
    expect(vacated).toMatchObject({ generation: (occupied as { generation: number }).generation });
  });

  it('are not told in a namespace without them', async () => {
    const without = gatewayWorld({ rules: { ...RULES, lifecycle: false } });
    const channel = unique('room:');
    const id = unique('c');
    await without.connected(id);
    await without.ingress.handle(id, JSON.stringify({ id: 1, subscribe: { channel } }));
    await without.departures.depart(id);
    await without.runWakes();
    await without.runWakes();
    expect(without.events).toEqual([]);
    await without.scripts.disconnect();
  });

  it('tell once of a subscription that the server renewed', async () => {
    const channel = unique('room:');
    const a = await subscribed(channel);
    const [membership] = await world.connections.memberships(a);
    // Its partition loses it, and its client comes back within the grace.
    if (membership) await world.connections.drop(a, channel, membership.nonce);
    await serve(a, { subscribe: { channel } });
    await world.runWakes();
    await world.departures.depart(a);
    for (let round = 0; round < 3; round++) await world.runWakes();
    expect(told()).toEqual([
      'occupied',
      `subscribed ${a}`,
      `unsubscribed ${a}`,
      'vacated',
      `disconnected ${a}`,
    ]);
  });

  it('are announced before anything happens: where the queue fails, nothing does', async () => {
    const channel = unique('room:');
    const send = world.wakes.send;
    world.wakes.send = async () => {
      throw new Error('away');
    };
    const a = await subscribed(channel);
    world.wakes.send = send;
    expect(world.poster.messages(a).at(-1)).toMatchObject({ error: { code: 100 } });
    expect(await world.presence.counts(channel)).toMatchObject({ clients: 0 });
  });

  it.each(['subscribe', 'unsubscribe', 'departure'] as const)(
    'are told of a %s by its announcement alone, whoever dies behind it',
    async (what) => {
      const channel = unique('room:');
      const a = await subscribed(channel);
      if (what !== 'subscribe') {
        await world.runWakes();
        world.events.splice(0);
        // Dies behind the message: what it would have done is done by who reads it.
        const vanish = world.presence.vanish.bind(world.presence);
        if (what === 'unsubscribe') {
          world.presence.vanish = async () => {
            throw new Error('died');
          };
        }
        if (what === 'unsubscribe') await serve(a, { unsubscribe: { channel } });
        else await world.departures.depart(a);
        world.presence.vanish = vanish;
      }
      for (let round = 0; round < 3; round++) await world.runWakes();
      const begin = ['occupied', `subscribed ${a}`];
      expect(told().slice(0, 2)).toEqual(what === 'subscribe' ? begin : [`unsubscribed ${a}`, 'vacated']);
    },
  );

  it('come again under their ids where the bus failed', async () => {
    const channel = unique('room:');
    await subscribed(channel);
    const [announcement] = world.sentWakes.filter(({ wake }) => wake.type === 'lifecycle');
    const record = world.record(announcement?.wake);
    world.lifecycleBus.put = async (events) => {
      world.events.push(...events);
      throw new Error('away');
    };
    expect(await world.courier.handle([record])).toEqual([record.messageId]);
    world.lifecycleBus.put = async (events) => {
      world.events.push(...events);
    };
    expect(await world.courier.handle([record])).toEqual([]);
    expect(await world.courier.handle([record])).toEqual([]);
    expect(idsOf()).toHaveLength(4);
    expect(new Set(idsOf()).size).toBe(2);
  });

  it('are looked for once more where their announcement was faster', async () => {
    const channel = unique('room:');
    const of = { connection: unique('c'), nonce: 'n' };
    const until = Date.now() + 9_500;
    await world.courier.handle([world.record({ v: 1, type: 'lifecycle', channel, of, until })]);
    expect(world.sentWakes).toEqual([
      { wake: { v: 1, type: 'lifecycle', channel, of, until }, delaySeconds: 10 },
    ]);
    const over = { v: 1, type: 'lifecycle', channel, of, until: Date.now() - 1 };
    await world.courier.handle([world.record(over)]);
    expect(world.sentWakes).toHaveLength(1);
  });

  it('tell of connections, once and by what is known of them', async () => {
    const id = unique('c');
    await world.connections.open(id, undefined);
    const { token } = world;
    await serve(id, { connect: { token: await token('alice') } });
    await world.runWakes();
    await world.departures.depart(id);
    await world.departures.depart(id);
    await world.runWakes();
    expect(world.events).toEqual([
      expect.objectContaining({ id: `connected:${id}`, event: 'connected', client: id, user: 'alice' }),
      expect.objectContaining({ id: `disconnected:${id}`, event: 'disconnected', client: id, user: 'alice' }),
    ]);
  });

  it('tell nothing of a connection that was never accepted', async () => {
    const id = unique('c');
    await world.connections.open(id, undefined);
    const wake = { v: 1, type: 'connected', connection: id, user: 'alice', at: Date.now() };
    await world.courier.handle([world.record({ ...wake, until: Date.now() - 1 })]);
    await world.departures.depart(id);
    expect(world.sentWakes).toEqual([]);
    expect(world.events).toEqual([]);
  });
});
