import type { Subscription } from 'centrifuge';
import { Clients, eventually } from '../support/clients';
import { Moves, subscribedTo } from '../support/moves';
import { readTarget } from '../support/target';

const target = readTarget();
const clients = new Clients(target);
afterEach(() => clients.close());

const run = `${Date.now().toString(36)}${process.pid}`;

/** A grace of 15 s after a lost connection, and what the local runtime needs. */
const GRACE_MS = 15_000;
const LEFT_WITHIN_MS = GRACE_MS + 8_000;

const usersIn = async (subscription: Subscription) =>
  Object.values((await subscription.presence()).clients)
    .map(({ user }) => user)
    .sort();
it('tells of a connection that is lost after a grace', async () => {
  const channel = `room:lost-${run}`;
  const alice = await clients.connected('alice');
  const moves = await Moves.of(alice, channel);
  const { subscription } = moves;
  const { client: bob, link } = await clients.linked('bob');
  bob.connect();
  await subscribedTo(bob, channel);
  await eventually('the join', () => moves.of('bob').length === 1);

  const lostAt = Date.now();
  link.cut();
  await eventually('the client offline', () => bob.state === 'connecting');
  expect(await usersIn(subscription)).toEqual(['alice', 'bob']);
  await eventually('the leave', () => moves.of('bob').length === 2, LEFT_WITHIN_MS);
  expect(Date.now() - lostAt).toBeGreaterThan(GRACE_MS - 1_000);
  expect(await usersIn(subscription)).toEqual(['alice']);
}, 60_000);

it('flickers nobody who reconnects within the grace', async () => {
  const channel = `room:flicker-${run}`;
  const alice = await clients.connected('alice');
  const moves = await Moves.of(alice, channel);
  const { subscription } = moves;
  const { client: bob, link } = await clients.linked('bob');
  bob.connect();
  await subscribedTo(bob, channel);
  await eventually('the join', () => moves.of('bob').length === 1);

  link.cut();
  await eventually('the client offline', () => bob.state === 'connecting');
  link.restore();
  const until = Date.now() + LEFT_WITHIN_MS;
  while (Date.now() < until && moves.of('bob').length < 3) {
    expect(await usersIn(subscription)).toContain('bob');
    expect((await subscription.presenceStats()).numUsers).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }

  // The new connection joins before the former one leaves: by its clients, the user was there all the time.
  expect(moves.of('bob')).toEqual(['join', 'join', 'leave']);
  const [former, , left] = moves.all.filter(({ user }) => user === 'bob');
  expect(left?.client).toBe(former?.client);
  expect(await usersIn(subscription)).toEqual(['alice', 'bob']);
}, 60_000);
