import type { Centrifuge, Subscription } from 'centrifuge';
import { Clients, eventually } from '../support/clients';
import { readTarget } from '../support/target';

const target = readTarget();
const clients = new Clients(target);
afterEach(() => clients.close());

const run = `${Date.now().toString(36)}${process.pid}`;

/** A grace of 15 s after a lost connection, and what the local runtime needs. */
const GRACE_MS = 15_000;
const LEFT_WITHIN_MS = GRACE_MS + 8_000;

interface Moved {
  readonly kind: 'join' | 'leave';
  readonly user: string;
  readonly client: string;
}

/** Subscribes and collects who joins and leaves, as an application hears of it. */
async function watching(client: Centrifuge, channel: string) {
  const moved: Moved[] = [];
  const subscription = client.newSubscription(channel, { joinLeave: true });
  subscription.on('join', ({ info }) => moved.push({ kind: 'join', user: info.user, client: info.client }));
  subscription.on('leave', ({ info }) => moved.push({ kind: 'leave', user: info.user, client: info.client }));
  subscription.subscribe();
  await subscription.ready(10_000);
  return { subscription, moved };
}

async function subscribed(client: Centrifuge, channel: string): Promise<Subscription> {
  const subscription = client.newSubscription(channel);
  subscription.subscribe();
  await subscription.ready(10_000);
  return subscription;
}

const usersIn = async (subscription: Subscription) =>
  Object.values((await subscription.presence()).clients)
    .map(({ user }) => user)
    .sort();
const of = (moved: readonly Moved[], user: string) =>
  moved.filter((one) => one.user === user).map(({ kind }) => kind);

it('tells a client who is in a channel, and how many', async () => {
  const channel = `room:presence-${run}`;
  const [alice, bob, second] = [
    await clients.connected('alice'),
    await clients.connected('bob'),
    await clients.connected('bob'),
  ];
  const subscription = await subscribed(alice, channel);
  await subscribed(bob, channel);
  await subscribed(second, channel);

  const { clients: listed } = await subscription.presence();
  expect(
    Object.values(listed)
      .map(({ user }) => user)
      .sort(),
  ).toEqual(['alice', 'bob', 'bob']);
  for (const [client, info] of Object.entries(listed)) expect(info.client).toBe(client);
  expect(await subscription.presenceStats()).toEqual({ numClients: 3, numUsers: 2 });
  await expect(alice.presence(`user:#alice`)).rejects.toMatchObject({ code: 108 });
});

it('tells who joins, itself among them, and who leaves, to those who ask for it', async () => {
  const channel = `room:moves-${run}`;
  const alice = await clients.connected('alice');
  const { moved } = await watching(alice, channel);
  await eventually('the own join', () => of(moved, 'alice').length === 1);

  const bob = await clients.connected('bob');
  const subscription = await subscribed(bob, channel);
  await eventually('the join of the other', () => of(moved, 'bob').length === 1);
  subscription.unsubscribe();
  await eventually('its leave, at once', () => of(moved, 'bob').length === 2, 5_000);

  expect(moved.map(({ kind, user }) => `${kind} ${user}`)).toEqual(['join alice', 'join bob', 'leave bob']);
});

it('tells of a connection that is lost after a grace', async () => {
  const channel = `room:lost-${run}`;
  const alice = await clients.connected('alice');
  const { subscription, moved } = await watching(alice, channel);
  const { client: bob, link } = await clients.linked('bob');
  bob.connect();
  await subscribed(bob, channel);
  await eventually('the join', () => of(moved, 'bob').length === 1);

  const lostAt = Date.now();
  link.cut();
  await eventually('the client offline', () => bob.state === 'connecting');
  expect(await usersIn(subscription)).toEqual(['alice', 'bob']);
  await eventually('the leave', () => of(moved, 'bob').length === 2, LEFT_WITHIN_MS);
  expect(Date.now() - lostAt).toBeGreaterThan(GRACE_MS - 1_000);
  expect(await usersIn(subscription)).toEqual(['alice']);
}, 60_000);

it('flickers nobody who reconnects within the grace', async () => {
  const channel = `room:flicker-${run}`;
  const alice = await clients.connected('alice');
  const { subscription, moved } = await watching(alice, channel);
  const { client: bob, link } = await clients.linked('bob');
  bob.connect();
  await subscribed(bob, channel);
  await eventually('the join', () => of(moved, 'bob').length === 1);

  link.cut();
  await eventually('the client offline', () => bob.state === 'connecting');
  link.restore();
  const until = Date.now() + LEFT_WITHIN_MS;
  while (Date.now() < until && of(moved, 'bob').length < 3) {
    expect(await usersIn(subscription)).toContain('bob');
    expect((await subscription.presenceStats()).numUsers).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }

  // The new connection joins before the former one leaves: by its clients, the user was there all the time.
  expect(of(moved, 'bob')).toEqual(['join', 'join', 'leave']);
  const [former, , left] = moved.filter(({ user }) => user === 'bob');
  expect(left?.client).toBe(former?.client);
  expect(await usersIn(subscription)).toEqual(['alice', 'bob']);
}, 60_000);
