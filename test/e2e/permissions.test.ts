import { Clients, collect, eventually } from '../support/clients';
import { readTarget, tokenOf } from '../support/target';

const target = readTarget();
const clients = new Clients(target);
afterEach(() => clients.close());

/** Channels of their own per run: a deployed environment keeps what earlier runs published. */
const run = `${Date.now().toString(36)}${process.pid}`;

const seconds = () => Math.floor(Date.now() / 1000);

describe('an unchanged centrifuge client', () => {
  it('refreshes its token again and again on one connection, which then shows something else', async () => {
    const channel = `room:refresh-${run}`;
    let tokens = 0;
    const alice = clients.custom({
      getToken: async () => {
        tokens += 1;
        return tokenOf(target, { sub: 'alice', exp: seconds() + 2, info: { tokens } });
      },
    });
    const states: string[] = [];
    alice.on('state', ({ newState }) => states.push(newState));
    alice.connect();
    await alice.ready(10_000);
    const seen = await collect(alice, channel);
    await alice.publish(channel, {});
    await eventually('two more tokens', () => tokens >= 3, 15_000);
    // The reply to a refresh comes after the token; a command behind it is served with what it changed.
    await alice.rpc('echo.say', { text: 'behind the refresh' });
    await alice.publish(channel, {});
    await eventually('both publications', () => seen.length === 2);

    expect(states).toEqual(['connecting', 'connected']);
    expect(seen[0]?.info).toMatchObject({ user: 'alice', connInfo: { tokens: 1 } });
    expect(seen[1]?.info?.connInfo).not.toEqual({ tokens: 1 });
  }, 30_000);

  it('gets a new token where the one at hand has expired', async () => {
    const expired = await tokenOf(target, { sub: 'alice', exp: 1 });
    const fresh = () => tokenOf(target, { sub: 'alice' });
    const alice = clients.custom({ token: expired, getToken: fresh });
    alice.connect();
    await expect(alice.ready(10_000)).resolves.toBeUndefined();
  });

  it('is disconnected for good where its next token is of another user', async () => {
    const users = ['alice', 'bob'];
    const client = clients.custom({
      getToken: () => tokenOf(target, { sub: users.shift() ?? 'bob', exp: seconds() + 1 }),
    });
    const ended = new Promise<{ code: number }>((resolve) => client.on('disconnected', resolve));
    client.connect();
    await client.ready(10_000);
    expect(await ended).toMatchObject({ code: 3500 });
  });

  it('renews the token of a subscription and stays subscribed', async () => {
    const channel = `room:sub-refresh-${run}`;
    const alice = await clients.connected('alice');
    const bob = await clients.connected('bob');
    let tokens = 0;
    const subscription = alice.newSubscription(channel, {
      getToken: async () => {
        tokens += 1;
        return tokenOf(target, { sub: 'alice', channel, exp: seconds() + 2, data: { hello: 'alice' } });
      },
    });
    const states: string[] = [];
    const seen: unknown[] = [];
    let greeting: unknown;
    subscription.on('state', ({ newState }) => states.push(newState));
    subscription.on('subscribed', ({ data }) => {
      greeting = data;
    });
    subscription.on('publication', ({ data }) => seen.push(data));
    subscription.subscribe();
    await subscription.ready(10_000);
    await eventually('two more tokens', () => tokens >= 3, 15_000);
    await bob.publish(channel, { n: 1 });
    await eventually('the publication', () => seen.length === 1);

    expect(states).toEqual(['subscribing', 'subscribed']);
    expect(greeting).toEqual({ hello: 'alice' });
  }, 30_000);

  it('is unsubscribed where the token of its subscription is of another channel', async () => {
    const channel = `room:other-token-${run}`;
    const alice = await clients.connected('alice');
    const subscription = alice.newSubscription(channel, {
      getToken: () => tokenOf(target, { sub: 'alice', channel: `${channel}-` }),
    });
    const ended = new Promise<{ code: number }>((resolve) => subscription.on('unsubscribed', resolve));
    subscription.subscribe();
    expect(await ended).toMatchObject({ code: 103 });
  });

  it('subscribes by the word of a service, and publishes by it', async () => {
    const channel = `echo:${run}`;
    const alice = await clients.connected('alice');
    const bob = await clients.connected('bob');
    await expect(alice.publish(channel, { text: 'too early' })).rejects.toMatchObject({ code: 103 });
    const subscription = alice.newSubscription(channel);
    const greeting = new Promise<unknown>((resolve) =>
      subscription.on('subscribed', ({ data }) => resolve(data)),
    );
    const heard: unknown[] = [];
    subscription.on('publication', ({ data, info, offset }) => heard.push({ data, info, offset }));
    subscription.subscribe();
    await subscription.ready(10_000);
    const overheard = await collect(bob, channel);

    await alice.publish(channel, { text: 'hello' });
    await expect(alice.publish(channel, { words: 'hello' })).rejects.toMatchObject({ code: 107 });

    await eventually('one publication for each', () => heard.length === 1 && overheard.length === 1);
    expect(await greeting).toEqual({ welcome: 'alice' });
    expect(heard).toEqual([
      {
        data: { text: 'hello', user: 'alice' },
        info: expect.objectContaining({ user: 'alice', chanInfo: { guest: false } }),
        offset: 1,
      },
    ]);
  });

  it('is told no by a service', async () => {
    const alice = await clients.connected('alice');
    const subscription = alice.newSubscription('echo:closed');
    const ended = new Promise<{ code: number }>((resolve) => subscription.on('unsubscribed', resolve));
    subscription.subscribe();
    expect(await ended).toMatchObject({ code: 103 });
  });
});
