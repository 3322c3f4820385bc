import type { Centrifuge, UnsubscribedContext } from 'centrifuge';
import { Clients, eventually } from '../support/clients';
import { closeConnection } from '../support/connections-api';
import type { Link } from '../support/link';
import { publishMany, upTo } from '../support/publishing';
import { faultsOf, Sightings } from '../support/sightings';
import { readTarget, tokenFor } from '../support/target';

const target = readTarget();
const clients = new Clients(target);
afterEach(() => clients.close());

const run = `${Date.now().toString(36)}${process.pid}`;
const BEFORE = 5;
const MISSED = 30;
const AFTER = 5;

/** How long after its connection a client may wait for what it missed. */
const RECOVERY_MS = 2_000;

interface Reader {
  readonly client: Centrifuge;
  readonly link: Link;
  readonly seen: Sightings;
  /** Connection ids, one per connection. */
  readonly connections: string[];
}

async function reader(user: string, channel: string): Promise<Reader> {
  const { client, link } = await clients.linked(user);
  const connections: string[] = [];
  client.on('connected', ({ client: id }) => connections.push(id));
  client.connect();
  return { client, link, seen: await Sightings.of(client, channel), connections };
}

const isOffline = ({ client }: Reader) => client.state === 'connecting';

it.each([
  ['its network breaks', ({ link }: Reader) => link.cut()],
  ['it vanishes and the gateway does not notice', ({ link }: Reader) => link.vanish()],
  [
    'the server closes its connection',
    async ({ link, connections }: Reader) => {
      link.block();
      await closeConnection(target, connections[0] ?? '');
    },
  ],
])(
  'gives a client the 30 publications that it missed, once and in order, when %s',
  async (name, interrupt) => {
    const channel = `room:cut-${run}-${name.length}`;
    const publisher = await clients.connected('publisher');
    const bob = await reader('bob', channel);
    await publishMany(publisher, channel, { count: BEFORE });
    await eventually('the first publications', () => bob.seen.data.length === BEFORE);

    await interrupt(bob);
    await eventually('the client offline', () => isOffline(bob));
    await publishMany(publisher, channel, { count: MISSED });
    expect(bob.seen.data).toHaveLength(BEFORE);
    bob.link.restore();
    await bob.client.ready(20_000);
    await eventually('what it missed', () => bob.seen.data.length >= BEFORE + MISSED, RECOVERY_MS);

    await publishMany(publisher, channel, { count: AFTER });
    await eventually('what follows', () => bob.seen.data.length >= BEFORE + MISSED + AFTER);
    expect(bob.seen.offsets).toEqual(upTo(BEFORE + MISSED + AFTER));
    expect(faultsOf(bob.seen.all)).toEqual([]);
    expect(bob.connections).toHaveLength(2);
  },
  60_000,
);

it('gives 40 clients that are cut at once the 30 publications that they missed, once and in order', async () => {
  const channel = `room:cut-all-${run}`;
  const publisher = await clients.connected('publisher');
  const readers = await Promise.all(upTo(40).map((n) => reader(`reader-${n}`, channel)));
  await publishMany(publisher, channel, { count: BEFORE });
  const have = (count: number) => () => readers.every(({ seen }) => seen.data.length >= count);
  await eventually('the first publications at all', have(BEFORE));

  for (const { link } of readers) link.cut();
  await eventually('all clients offline', () => readers.every(isOffline));
  await publishMany(publisher, channel, { count: MISSED });
  for (const { link } of readers) link.restore();
  await eventually('what they missed', have(BEFORE + MISSED), 20_000);
  await publishMany(publisher, channel, { count: AFTER });
  await eventually('what follows', have(BEFORE + MISSED + AFTER));

  for (const { seen, connections } of readers) {
    expect(seen.offsets).toEqual(upTo(BEFORE + MISSED + AFTER));
    expect(faultsOf(seen.all)).toEqual([]);
    expect(connections).toHaveLength(2);
  }
}, 90_000);

describe('the channel of a user', () => {
  it('is among the subscriptions of the connect reply', async () => {
    const user = `alice-${run}`;
    const socket = await clients.raw();
    socket.send({ id: 1, connect: { token: await tokenFor(target, user) } });
    expect(await socket.next()).toMatchObject({
      id: 1,
      connect: { subs: { [`user:#${user}`]: { recoverable: true, positioned: true } } },
    });
  });

  it('is recovered after a reconnect with what was published meanwhile', async () => {
    const user = `bob-${run}`;
    const channel = `user:#${user}`;
    const alice = await clients.connected('alice');
    const { client: bob, link } = await clients.linked(user);
    const seen = Sightings.ofServerSide(bob, channel);
    bob.connect();
    await bob.ready(10_000);
    const shout = (text: string) => alice.rpc('echo.shout', { channel, text });
    await shout('live');
    await eventually('the live publication', () => seen.data.length === 1);

    link.cut();
    await eventually('the client offline', () => bob.state === 'connecting');
    for (const n of upTo(5)) await shout(`missed ${n}`);
    link.restore();
    await eventually('what it missed', () => seen.data.length >= 6);
    await shout('live again');
    await eventually('what follows', () => seen.data.length >= 7);

    expect(seen.data).toEqual(
      ['live', ...upTo(5).map((n) => `missed ${n}`), 'live again'].map((text) => ({ text, user: 'alice' })),
    );
    expect(faultsOf(seen.all)).toEqual([]);
    const subscribes = seen.all.filter(({ kind }) => kind === 'subscribed');
    expect(subscribes).toEqual([
      expect.objectContaining({ wasRecovering: false }),
      expect.objectContaining({ wasRecovering: true, recovered: true }),
    ]);
  }, 30_000);

  it('is closed to everybody else', async () => {
    const channel = `user:#owner-${run}`;
    const mallory = await clients.connected('mallory');
    const subscription = mallory.newSubscription(channel);
    const refused = new Promise<UnsubscribedContext>((resolve) => subscription.once('unsubscribed', resolve));
    subscription.subscribe();
    expect(await refused).toMatchObject({ code: 103 });
    await expect(mallory.history(channel, { limit: 1 })).rejects.toMatchObject({ code: 103 });
  });
});
