import { ApiClient } from '../support/api-client';
import { Clients, collect, eventually } from '../support/clients';
import { Moves, subscribedTo } from '../support/moves';
import { readTarget, tokenOf } from '../support/target';

// What applications use of centrifuge 5.8.0, as it is on npm, beyond publishing and receiving (main-job.test.ts).

const target = readTarget();
const clients = new Clients(target);
const api = new ApiClient(target);
afterEach(() => clients.close());

/** Channels of their own per run: a deployed environment keeps what earlier runs published. */
const run = `${Date.now().toString(36)}${process.pid}`;

const seconds = () => Math.floor(Date.now() / 1000);

describe('the token of a connection', () => {
  it('is refreshed again and again, and others then see what the new one shows', async () => {
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

  it('is fetched anew where the one at hand has expired', async () => {
    const expired = await tokenOf(target, { sub: 'alice', exp: 1 });
    const fresh = () => tokenOf(target, { sub: 'alice' });
    const alice = clients.custom({ token: expired, getToken: fresh });
    alice.connect();
    await expect(alice.ready(10_000)).resolves.toBeUndefined();
  });

  it('ends the connection for good where the next one is of another user', async () => {
    const users = ['alice', 'bob'];
    const client = clients.custom({
      getToken: () => tokenOf(target, { sub: users.shift() ?? 'bob', exp: seconds() + 1 }),
    });
    const ended = new Promise<{ code: number }>((resolve) => client.on('disconnected', resolve));
    client.connect();
    await client.ready(10_000);
    expect(await ended).toMatchObject({ code: 3500 });
  });
});

describe('the token of a subscription', () => {
  it('is renewed, and the client stays subscribed', async () => {
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

  it('ends the subscription where it is of another channel', async () => {
    const channel = `room:other-token-${run}`;
    const alice = await clients.connected('alice');
    const subscription = alice.newSubscription(channel, {
      getToken: () => tokenOf(target, { sub: 'alice', channel: `${channel}-` }),
    });
    const ended = new Promise<{ code: number }>((resolve) => subscription.on('unsubscribed', resolve));
    subscription.subscribe();
    expect(await ended).toMatchObject({ code: 103 });
  });

  it('is fetched anew where the one at hand has expired', async () => {
    const channel = `room:old-token-${run}`;
    const alice = await clients.connected('alice');
    const expired = await tokenOf(target, { sub: 'alice', channel, exp: 1 });
    const subscription = alice.newSubscription(channel, {
      token: expired,
      getToken: () => tokenOf(target, { sub: 'alice', channel }),
    });
    subscription.subscribe();
    await expect(subscription.ready(10_000)).resolves.toBeUndefined();
  });
});

describe('presence', () => {
  it('says who is in a channel, and how many', async () => {
    const channel = `room:presence-${run}`;
    const [alice, bob, second] = [
      await clients.connected('alice'),
      await clients.connected('bob'),
      await clients.connected('bob'),
    ];
    const subscription = await subscribedTo(alice, channel);
    await subscribedTo(bob, channel);
    await subscribedTo(second, channel);

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
    const moves = await Moves.of(alice, channel);
    await eventually('the own join', () => moves.of('alice').length === 1);

    const bob = await clients.connected('bob');
    const subscription = await subscribedTo(bob, channel);
    await eventually('the join of the other', () => moves.of('bob').length === 1);
    subscription.unsubscribe();
    await eventually('its leave, at once', () => moves.of('bob').length === 2, 5_000);

    expect(moves.all.map(({ kind, user }) => `${kind} ${user}`)).toEqual([
      'join alice',
      'join bob',
      'leave bob',
    ]);
  });
});

describe('a server-side subscription', () => {
  it('is made of a channel that the token names', async () => {
    const channel = `room:server-${run}`;
    const alice = await clients.connected('alice');
    const bob = await clients.centrifuge('bob', { channels: [channel] });
    const seen: unknown[] = [];
    bob.on('publication', (publication) => seen.push(publication));
    bob.connect();
    await bob.ready(10_000);

    await alice.publish(channel, { n: 1 });

    await eventually('the publication', () => seen.length === 1);
    expect(seen[0]).toMatchObject({ channel, offset: 1, data: { n: 1 } });
  });

  it('is made and ended by a backend, and its client hears who joins', async () => {
    const user = `carol-${run}`;
    const channel = `room:backend-${run}`;
    const carol = await clients.connected(user);
    const seen: string[] = [];
    carol.on('subscribed', (event) => seen.push(`subscribed ${JSON.stringify(event.data)}`));
    carol.on('unsubscribed', () => seen.push('unsubscribed'));
    carol.on('join', (event) => seen.push(`join ${event.info.user}`));
    carol.on('publication', ({ data }) => seen.push(`publication ${JSON.stringify(data)}`));

    await api.call('subscribe', { user, channel, data: { welcome: true } });
    await eventually('the own join', () => seen.length === 2);
    const dave = await clients.connected('dave');
    await subscribedTo(dave, channel);
    await eventually('the join of the other', () => seen.length === 3);
    await dave.publish(channel, 1);
    await eventually('the publication', () => seen.length === 4);
    await api.call('unsubscribe', { user, channel });
    await eventually('the end', () => seen.includes('unsubscribed'));

    expect(seen.slice(0, 4)).toEqual([
      'subscribed {"welcome":true}',
      `join ${user}`,
      'join dave',
      'publication 1',
    ]);
  });
});

describe('an rpc', () => {
  it('fails with the code that says why', async () => {
    const alice = await clients.connected('alice');
    await expect(alice.rpc('echo.whisper', {})).rejects.toMatchObject({ code: 104 });
    await expect(alice.rpc('nobody.home', {})).rejects.toMatchObject({ code: 104 });
    await expect(alice.rpc('echo.say', { text: 42 })).rejects.toMatchObject({ code: 107 });
    await expect(alice.rpc('echo.shout', { channel: 'no spaces', text: 'x' })).rejects.toMatchObject({
      code: 107,
    });
    await expect(alice.publish('nowhere:1', {})).rejects.toMatchObject({ code: 102 });
    await expect(alice.rpc('echo.say', { text: 'still here' })).resolves.toMatchObject({
      data: { text: 'still here' },
    });
  });

  it('is answered in time or fails, and the connection goes on', async () => {
    const alice = await clients.connected('alice');
    const states: string[] = [];
    alice.on('state', ({ newState }) => states.push(newState));
    const calls = [
      alice.rpc('echo.say', { text: 'a' }),
      alice.rpc('echo.say', { text: '' }),
      alice.rpc('nobody.home', {}),
      alice.rpc('echo.say', { text: 'b' }),
    ].map((call) =>
      call.then(
        ({ data }) => data.text,
        ({ code }) => code,
      ),
    );
    expect(await Promise.all(calls)).toEqual(['a', 107, 104, 'b']);
    expect(states).toEqual([]);
  });
});

describe('revoke', () => {
  it('ends connections by older tokens for good, keeps such tokens out, and takes newer ones', async () => {
    const user = `heidi-${run}`;
    const issuedAt = seconds() - 100;
    const old = await tokenOf(target, { sub: user, iat: issuedAt });
    const open = [clients.custom({ token: old }), clients.custom({ token: old })];
    const ended = open.map(
      (client) => new Promise<number>((resolve) => client.on('disconnected', ({ code }) => resolve(code))),
    );
    for (const client of open) client.connect();
    await Promise.all(open.map((client) => client.ready(10_000)));

    await api.call('revoke', { user, issued_before: issuedAt + 50 });

    expect(await Promise.all(ended)).toEqual([3500, 3500]);
    const again = clients.custom({ token: old });
    const refused = new Promise<number>((resolve) => again.on('disconnected', ({ code }) => resolve(code)));
    again.connect();
    expect(await refused).toBe(3500);
    const renewed = clients.custom({ token: await tokenOf(target, { sub: user, iat: issuedAt + 50 }) });
    renewed.connect();
    await expect(renewed.ready(10_000)).resolves.toBeUndefined();
  });

  it('ends a connection whose next token is an older one', async () => {
    const user = `ivan-${run}`;
    const issuedAt = seconds() - 100;
    const issued = [issuedAt, issuedAt - 50];
    const client = clients.custom({
      getToken: () => tokenOf(target, { sub: user, iat: issued.shift() ?? 0, exp: seconds() + 2 }),
    });
    const ended = new Promise<number>((resolve) => client.on('disconnected', ({ code }) => resolve(code)));
    client.connect();
    await client.ready(10_000);
    await api.call('revoke', { user, issued_before: issuedAt - 10 });
    expect(await ended).toBe(3500);
  });
});
