import { Clients, collect, eventually } from '../support/clients';
import { readTarget } from '../support/target';

const target = readTarget();
const clients = new Clients(target);
afterEach(() => clients.close());

/** Channels of their own per run: a deployed environment keeps what earlier runs published. */
const run = `${Date.now().toString(36)}${process.pid}`;

describe('an unchanged centrifuge client', () => {
  it.each([
    ['plain text', 'hi'],
    ['quotes and escapes', `"quoted" 'single' \\back\\slash \n new line \t tab </script>`],
    ['emoji and scripts', 'Grüße, 世界 👩‍👩‍👧‍👦 \u0000 end'],
    ['20 KB', 'long text '.repeat(2_000)],
  ])('gets echo.say answered with its text and user: %s', async (_name, text) => {
    const alice = await clients.connected('alice');
    const { data } = await alice.rpc('echo.say', { text });
    expect(data).toEqual({ text, user: 'alice' });
  });

  it('receives what a service publishes, together with the other subscribers, at offset 1', async () => {
    const channel = `room:shout-${run}`;
    const alice = await clients.connected('alice');
    const bob = await clients.connected('bob');
    const seen = [await collect(alice, channel), await collect(bob, channel)];

    const { data } = await alice.rpc('echo.shout', { channel, text: 'to all' });

    expect(data).toMatchObject({ offset: 1 });
    await eventually('one publication for each', () =>
      seen.every((publications) => publications.length === 1),
    );
    for (const publications of seen) {
      expect(publications[0]).toMatchObject({ offset: 1, data: { text: 'to all', user: 'alice' } });
    }
  });

  it('publishes to a channel and sees it come back with its user', async () => {
    const channel = `room:publish-${run}`;
    const alice = await clients.connected('alice');
    const bob = await clients.connected('bob');
    const seen = [await collect(alice, channel), await collect(bob, channel)];

    for (let n = 1; n <= 10; n++) await alice.publish(channel, { n });

    await eventually('ten publications for each', () =>
      seen.every((publications) => publications.length === 10),
    );
    for (const publications of seen) {
      expect(publications.map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(publications.map(({ data }) => data.n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(publications[0]?.info).toMatchObject({ user: 'alice' });
    }
  });

  it('hears nothing more of a channel that it left', async () => {
    const channel = `room:leave-${run}`;
    const alice = await clients.connected('alice');
    const bob = await clients.connected('bob');
    const left = await collect(bob, channel);
    const stayed = await collect(alice, channel);
    const subscription = bob.getSubscription(channel);
    const ended = new Promise<void>((resolve) => subscription?.once('unsubscribed', () => resolve()));
    subscription?.unsubscribe();
    await ended;
    // The SDK does not wait for the reply; a command behind it does.
    await bob.rpc('echo.say', { text: 'behind the unsubscribe' });

    await alice.publish(channel, { n: 1 });

    await eventually('the publication at the member', () => stayed.length === 1);
    expect(left).toHaveLength(0);
  });

  it('gets what it missed when it comes back', async () => {
    const channel = `room:recover-${run}`;
    const alice = await clients.connected('alice');
    const bob = await clients.connected('bob');
    const seen = await collect(bob, channel);
    await alice.publish(channel, { n: 1 });
    await eventually('the first publication', () => seen.length === 1);
    bob.disconnect();
    for (let n = 2; n <= 6; n++) await alice.publish(channel, { n });
    bob.connect();

    await eventually('all publications', () => seen.length >= 6);
    expect(seen.map(({ data }) => data.n)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('reads what a channel keeps, page by page and backwards', async () => {
    const channel = `room:history-${run}`;
    const alice = await clients.connected('alice');
    for (let n = 1; n <= 5; n++) await alice.publish(channel, { n });

    // The SDK's own names: `since` is the position of the last publication that was seen.
    const { offset, epoch, publications: none } = await alice.history(channel);
    expect({ offset, none }).toEqual({ offset: 5, none: [] });
    const first = await alice.history(channel, { limit: 3 });
    const rest = await alice.history(channel, { limit: 3, since: { offset: 3, epoch } });
    const newest = await alice.history(channel, { limit: 2, reverse: true });
    const numbers = [first, rest, newest].map(({ publications }) => publications.map(({ data }) => data.n));
    expect(numbers).toEqual([
      [1, 2, 3],
      [4, 5],
      [5, 4],
    ]);
    await expect(
      alice.history(channel, { limit: 1, since: { offset: 1, epoch: 'another' } }),
    ).rejects.toMatchObject({ code: 112 });
  });

  it('gets what a service sends to its user, also what it missed, and nobody else gets it', async () => {
    const [user, other] = [`alice-${run}`, `bob-${run}`];
    const channel = `user:#${user}`;
    const mine = await clients.centrifuge(user);
    const seen: unknown[] = [];
    mine.on('publication', (publication) =>
      seen.push({ on: publication.channel, text: publication.data.text }),
    );
    mine.connect();
    await mine.ready(10_000);
    const others = await clients.connected(other);

    await others.rpc('echo.shout', { channel, text: 'one' });
    await eventually('the first publication', () => seen.length === 1);
    mine.disconnect();
    await others.rpc('echo.shout', { channel, text: 'two' });
    mine.connect();
    await eventually('the publication that was missed', () => seen.length === 2);

    expect(seen).toEqual([
      { on: channel, text: 'one' },
      { on: channel, text: 'two' },
    ]);
    await expect(others.history(channel, { limit: 1 })).rejects.toMatchObject({ code: 103 });
    await expect(others.publish(channel, {})).rejects.toMatchObject({ code: 103 });
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
