import type { Centrifuge, PublicationContext } from 'centrifuge';
import type { JsonObject } from '../../lambdas/contract/json';
import { BAD_INPUTS, badData } from '../support/chat/bad-inputs';
import { chat, follow, messagesIn, roomOf } from '../support/chat/chat-rooms';
import { Clients, eventually } from '../support/clients';
import { inParallel, upTo } from '../support/publishing';
import { faultsOf, type Sightings } from '../support/sightings';
import { readTarget } from '../support/target';

const target = readTarget();
const clients = new Clients(target);
afterEach(() => clients.close());

const connected = (...users: string[]) => Promise.all(users.map((user) => clients.connected(user)));

/** The code with which a subscribe ends. */
function refusalOf(client: Centrifuge, channel: string): Promise<{ code: number }> {
  const subscription = client.newSubscription(channel);
  const ended = new Promise<{ code: number }>((resolve) => subscription.on('unsubscribed', resolve));
  subscription.subscribe();
  return ended;
}

describe('a room', () => {
  it('shows its members the messages of all in the order of their ids, and counts who got and read them', async () => {
    const members = await connected('alice', 'bob', 'carol');
    const [alice, bob, carol] = members as [Centrifuge, Centrifuge, Centrifuge];
    const room = await roomOf(members);
    const seen = await Promise.all(members.map((client) => follow(client, room)));

    const sent: JsonObject[] = [];
    await inParallel(30, 8, async (n) => {
      const data = { room, text: `${n}`, clientId: `c${n}` };
      sent.push(await chat(members[n % 3] ?? alice, 'send', data));
    });

    const [first] = seen as [Sightings, ...Sightings[]];
    await eventually('all messages', () => seen.every(({ offsets }) => offsets.length === 30));
    for (const sightings of seen) {
      expect(faultsOf(sightings.all)).toEqual([]);
      expect(messagesIn(sightings).map(({ id }) => id)).toEqual(upTo(30));
      expect(sightings.data).toEqual(first.data);
    }
    const places = new Map(first.offsets.map((offset, index) => [messagesIn(first)[index]?.id, offset]));
    for (const { id, offset } of sent) expect(places.get(Number(id))).toBe(offset);
    const { messages } = await chat(bob, 'history', { room, limit: 100 });
    expect((messages as { text: string }[]).map(({ text }) => text)).toEqual(
      messagesIn(first).map(({ text }) => text),
    );

    await chat(bob, 'markDelivered', { room, upTo: 30 });
    await chat(carol, 'markRead', { room, upTo: 10 });
    const mine = messagesIn(first).filter(({ user }) => user === 'alice');
    for (const { id } of mine) {
      const read = id <= 10 ? 1 : 0;
      expect(await chat(alice, 'status', { room, id })).toEqual({ sent: 2, delivered: 1 + read, read });
    }
    const ofOthers = messagesIn(first).filter(({ id, user }) => id > 10 && user !== 'carol').length;
    expect(await chat(carol, 'unread')).toMatchObject({
      rooms: expect.arrayContaining([{ room, unread: ofOthers }]),
    });
  }, 30_000);

  it('brings a member who was away what he missed, once and in order', async () => {
    const [alice] = (await connected('alice')) as [Centrifuge];
    const { client: bob, link } = await clients.linked('bob');
    bob.connect();
    await bob.ready(10_000);
    const room = await roomOf([alice, bob]);
    const seen = await follow(bob, room);
    const send = (n: number) => chat(alice, 'send', { room, text: `${n}` });

    for (const n of upTo(3)) await send(n);
    await eventually('what came before', () => seen.offsets.length === 3);
    link.cut();
    for (const n of upTo(20)) await send(3 + n);
    await chat(alice, 'edit', { room, id: 5, text: 'edited' });
    link.restore();

    await eventually('what he missed', () => seen.offsets.length === 24, 20_000);
    expect(faultsOf(seen.all)).toEqual([]);
    expect(messagesIn(seen).map(({ text }) => text)).toEqual(upTo(23).map(String));
    expect(seen.all.at(-21)).toMatchObject({ kind: 'publication', offset: 4 });
    expect(seen.all.filter(({ kind }) => kind === 'subscribed')).toEqual([
      expect.anything(),
      expect.objectContaining({ wasRecovering: true, recovered: true }),
    ]);
  }, 60_000);

  it('answers a repeated send with the id and offset of the first', async () => {
    const [alice] = (await connected('alice')) as [Centrifuge];
    const room = await roomOf([alice]);
    const seen = await follow(alice, room);
    const send = (clientId: string) => chat(alice, 'send', { room, text: clientId, clientId });
    const first = await send('a');
    await send('b');
    expect(await Promise.all([send('a'), send('a')])).toEqual([first, first]);
    await send('c');
    await eventually('three messages', () => seen.offsets.length >= 3);
    expect(messagesIn(seen).map(({ text }) => text)).toEqual(['a', 'b', 'c']);
  }, 30_000);

  it('tells members what is typed, keeps none of it, and nobody else', async () => {
    const members = await connected('alice', 'bob', 'eve');
    const [alice, bob, eve] = members as [Centrifuge, Centrifuge, Centrifuge];
    const room = await roomOf([alice, bob]);
    const channel = `typing:${room}`;
    const typed: PublicationContext[] = [];
    for (const client of [alice, bob]) {
      const subscription = client.newSubscription(channel);
      if (client === bob) subscription.on('publication', (publication) => typed.push(publication));
      subscription.subscribe();
      await subscription.ready(10_000);
    }
    await alice.publish(channel, { typing: true });
    await eventually('what alice types', () => typed.length === 1);
    expect(typed[0]).toMatchObject({ data: { typing: true }, info: { user: 'alice' } });
    await expect(eve.publish(channel, { typing: true })).rejects.toMatchObject({ code: 103 });
    await expect(alice.publish(`chat:${room}`, { text: 'by myself' })).rejects.toMatchObject({ code: 103 });
    await expect(bob.history(channel, { limit: 10 })).rejects.toMatchObject({ code: 108 });
  }, 30_000);

  it('ends the subscriptions of a member who leaves, and lets him in again after a join', async () => {
    const members = await connected('alice', 'bob');
    const [alice, bob] = members as [Centrifuge, Centrifuge];
    const room = await roomOf(members);
    const ended: string[] = [];
    for (const channel of [`chat:${room}`, `typing:${room}`]) {
      const subscription = bob.newSubscription(channel);
      subscription.on('unsubscribed', ({ code }) => ended.push(`${channel} ${code}`));
      subscription.subscribe();
      await subscription.ready(10_000);
    }
    await chat(bob, 'leave', { room });
    await eventually('both ends', () => ended.length === 2);
    expect(ended.sort()).toEqual([`chat:${room} 2000`, `typing:${room} 2000`]);
    await expect(chat(bob, 'send', { room, text: 'hi' })).rejects.toMatchObject({ code: 103 });
    await chat(bob, 'join', { room });
    bob.getSubscription(`chat:${room}`)?.subscribe();
    await bob.getSubscription(`chat:${room}`)?.ready(10_000);
    expect(await chat(alice, 'send', { room, text: 'again' })).toMatchObject({ id: 1 });
  }, 30_000);

  it('tells users in their own channels that they are invited and mentioned', async () => {
    const [alice] = (await connected('alice')) as [Centrifuge];
    const user = `bob-${Date.now()}`;
    const bob = await clients.centrifuge(user);
    const told: unknown[] = [];
    bob.on('publication', ({ channel, data }) => told.push([channel, data]));
    bob.connect();
    await bob.ready(10_000);
    const { room } = await chat(alice, 'createRoom', { name: 'Tea', access: 'invite' });
    await expect(chat(bob, 'join', { room: room ?? null })).rejects.toMatchObject({ code: 103 });
    await chat(alice, 'invite', { room: room ?? null, user });
    await chat(bob, 'join', { room: room ?? null });
    await chat(alice, 'send', { room: room ?? null, text: `hello @${user}, @nobody` });
    await eventually('invitation and mention', () => told.length === 2);
    expect(told).toEqual([
      [`user:#${user}`, { type: 'invite', room, name: 'Tea', by: 'alice' }],
      [`user:#${user}`, { type: 'mention', room, id: 1, by: 'alice' }],
    ]);
  }, 30_000);
});

it('refuses a subscribe, send, history and status of who is no member with 103', async () => {
  const members = await connected('alice', 'eve');
  const [alice, eve] = members as [Centrifuge, Centrifuge];
  const room = await roomOf([alice]);
  await chat(alice, 'send', { room, text: 'secret' });
  for (const channel of [`chat:${room}`, `typing:${room}`, 'chat:none']) {
    expect(await refusalOf(eve, channel)).toMatchObject({ code: 103 });
  }
  for (const where of [room, 'none']) {
    await expect(chat(eve, 'send', { room: where, text: 'hi' })).rejects.toMatchObject({ code: 103 });
    await expect(chat(eve, 'history', { room: where })).rejects.toMatchObject({ code: 103 });
    await expect(chat(eve, 'status', { room: where, id: 1 })).rejects.toMatchObject({ code: 103 });
  }
  await expect(eve.history(`chat:${room}`, { limit: 1 })).rejects.toMatchObject({ code: 103 });
}, 30_000);

it('answers each bad input with what it expected and got', async () => {
  const members = await connected('alice', 'bob');
  const [alice] = members as [Centrifuge, Centrifuge];
  const room = await roomOf(members);
  await chat(alice, 'send', { room, text: 'hi' });
  for (const [method, what, change, reason] of BAD_INPUTS) {
    const answer = await chat(alice, method, badData(method, room, change)).catch((error: unknown) => error);
    expect([method, what, answer]).toEqual([
      method,
      what,
      expect.objectContaining({ code: 107, message: `bad request: ${reason}` }),
    ]);
  }
}, 60_000);
