import { setTimeout as sleep } from 'node:timers/promises';
import type { Centrifuge } from 'centrifuge';
import type { JsonObject } from '../../lambdas/contract/json';
import { seededRandom } from '../../local/faults/random';
import { type ControlClient, type Holdfast, startHoldfast } from '../../local/kit';
import { chat, follow, messagesIn } from '../support/chat/chat-rooms';
import { Clients, eventually } from '../support/clients';
import { rounds } from '../support/counts';
import type { Link } from '../support/link';
import { inParallel, upTo } from '../support/publishing';
import { faultsOf, type Sightings } from '../support/sightings';

// All that the platform promises of chat at once: 200 members in 20 rooms (two rooms in the short run) while the chat function is
// redeployed, killed and throttled, and every event and every message of a queue is delivered twice.

const ROOMS = rounds(2, 20);
const MEMBERS = 10;
const MESSAGES_OF_EACH = rounds(3, 6);
const IN_FLIGHT = 12;
const CHAT = 'service-chat';
const PHASE_MS = 1_500;
const AWAY_MS = 3_000;
/** Errors that say nothing about the command: who meets them repeats it. */
const GIVE_UP = [103, 104, 107, 108];

interface Member {
  readonly user: string;
  readonly client: Centrifuge;
  readonly link: Link;
  seen: Sightings;
}

interface Room {
  readonly room: string;
  readonly members: readonly Member[];
  /** Replies to sends, by text. */
  readonly sent: Map<string, JsonObject>;
}

let stack: Holdfast;
let clients: Clients;
let faults: ControlClient;

beforeAll(async () => {
  stack = await startHoldfast();
  clients = new Clients(stack);
  faults = stack.faults;
}, 90_000);
afterAll(async () => {
  clients.close();
  await stack.stop();
});

let repeats = 0;
let redeployments = 0;

/** A command until it is answered. Sends carry a `clientId`, everything else may be repeated as it is. */
async function surely(client: Centrifuge, method: string, data: JsonObject): Promise<JsonObject> {
  for (;;) {
    try {
      return await chat(client, method, data);
    } catch (error) {
      const { code } = error as { readonly code?: number };
      if (code === undefined || GIVE_UP.includes(code)) throw error;
      repeats += 1;
      await sleep(100 + Math.random() * 300);
    }
  }
}

async function memberOf(user: string): Promise<Omit<Member, 'seen'>> {
  const { client, link } = await clients.linked(user);
  client.connect();
  await client.ready(20_000);
  return { user, client, link };
}

async function makeRoom(n: number): Promise<Room> {
  const people: Omit<Member, 'seen'>[] = [];
  for (const k of upTo(MEMBERS)) people.push(await memberOf(`m${k}-of-${n}`));
  const [owner] = people;
  if (owner === undefined) throw new Error('expected an owner');
  const room = String((await surely(owner.client, 'createRoom', { name: `Room ${n}` }))['room']);
  const members: Member[] = [];
  for (const person of people) {
    await surely(person.client, 'join', { room });
    members.push({ ...person, seen: await follow(person.client, room) });
  }
  return { room, members, sent: new Map() };
}

/** One trouble after the other until the work is done: crashes, throttling, every process killed, a new version deployed. */
async function trouble(working: () => boolean): Promise<void> {
  await faults.set('events', { copies: 2, holdMs: 20 });
  await faults.set('messages', { copies: 2 });
  for (let phase = 0; working(); phase += 1) {
    if (phase % 4 === 0) await faults.set('invocations', { function: CHAT, share: 0.15, crashWithinMs: 40 });
    if (phase % 4 === 1) await faults.set('invocations', { function: CHAT, share: 0.3, throttle: true });
    if (phase % 4 === 2) {
      await faults.redeploy({ function: CHAT });
      redeployments += 1;
    }
    if (phase % 4 === 3) await faults.kill({ function: CHAT });
    await sleep(PHASE_MS);
  }
}

async function sendAll(rooms: readonly Room[]): Promise<void> {
  const work = rooms.flatMap((place) =>
    place.members.flatMap((member) => upTo(MESSAGES_OF_EACH).map((n) => ({ place, member, n }))),
  );
  const half = Math.floor(work.length / 2);
  // Round by round, so that members of all rooms send side by side.
  work.sort((a, b) => a.n - b.n || (a.member.user < b.member.user ? -1 : 1));
  await inParallel(work.length, IN_FLIGHT, async (index) => {
    const { place, member, n } = work[index] ?? fail();
    if (index === half) void away(rooms.map(({ members }) => members.at(-1) ?? fail()));
    const text = `${n} of ${member.user}`;
    const reply = await surely(member.client, 'send', { room: place.room, text, clientId: text });
    place.sent.set(text, reply);
  });
}

/** Members whose connection is gone for a while, in the midst of it all. */
async function away(members: readonly Member[]): Promise<void> {
  for (const { link } of members) link.cut();
  await sleep(AWAY_MS);
  for (const { link } of members) link.restore();
}

function fail(): never {
  throw new Error('expected a piece of work, got none');
}

function checkMessages({ members, sent }: Room): void {
  const count = MEMBERS * MESSAGES_OF_EACH;
  const [first] = members;
  if (first === undefined) throw new Error('expected members');
  const places = new Map(messagesIn(first.seen).map(({ id }, index) => [id, first.seen.offsets[index]]));
  for (const { seen } of members) {
    expect(faultsOf(seen.all)).toEqual([]);
    expect(messagesIn(seen).map(({ id }) => id)).toEqual(upTo(count));
    expect(seen.data).toEqual(first.seen.data);
  }
  expect(new Set(messagesIn(first.seen).map(({ text }) => text))).toEqual(new Set(sent.keys()));
  for (const { id, text } of messagesIn(first.seen)) {
    expect(sent.get(text)).toMatchObject({ id, offset: places.get(id) });
  }
}

async function checkReceipts({ room, members }: Room, random: () => number): Promise<void> {
  const messages = messagesIn(members[0]?.seen ?? fail());
  const marks = members.map(() => {
    const delivered = Math.ceil(random() * messages.length);
    return { delivered, read: Math.ceil(random() * delivered) };
  });
  await Promise.all(
    members.map(async ({ client }, index) => {
      const { delivered, read } = marks[index] ?? fail();
      await surely(client, 'markDelivered', { room, upTo: delivered });
      await surely(client, 'markRead', { room, upTo: read });
    }),
  );
  for (const { id, user } of [messages[0], messages[Math.floor(messages.length / 2)], messages.at(-1)].map(
    (message) => message ?? fail(),
  )) {
    const others = marks.filter((_, index) => members[index]?.user !== user);
    expect(await surely(members[1]?.client ?? fail(), 'status', { room, id })).toEqual({
      sent: MEMBERS - 1,
      delivered: others.filter(({ delivered }) => delivered >= id).length,
      read: others.filter(({ read }) => read >= id).length,
    });
  }
  for (const [index, { client, user }] of members.entries()) {
    const behind = messages.filter(
      (message) => message.id > (marks[index]?.read ?? 0) && message.user !== user,
    );
    const { rooms } = await surely(client, 'unread', {});
    expect(rooms).toEqual([{ room, unread: behind.length }]);
  }
}

it(
  `keeps ${ROOMS} rooms of ${MEMBERS} in order, and every count exact, while everything comes twice and the function is redeployed, killed and throttled`,
  async () => {
    const rooms: Room[] = [];
    await inParallel(ROOMS, 4, async (n) => rooms.push(await makeRoom(n)));
    let working = true;
    const struck = trouble(() => working);
    await sendAll(rooms);
    const random = seededRandom(7);
    const arrived = () =>
      rooms.every(({ members }) =>
        members.every(({ seen }) => messagesIn(seen).length >= MEMBERS * MESSAGES_OF_EACH),
      );
    await eventually('all messages at all members', arrived, 60_000);
    for (const place of rooms) await checkReceipts(place, random);
    working = false;
    await struck;
    await faults.clear();
    for (const place of rooms) checkMessages(place);
    // Otherwise the trouble was none.
    expect(repeats).toBeGreaterThan(ROOMS);
    expect(redeployments).toBeGreaterThan(0);
  },
  rounds(180_000, 900_000),
);
