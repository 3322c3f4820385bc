import { type Call, sendKeyOf } from './caller';
import type { Input } from './input';
import { mentionedIn } from './mentions';
import type { Member, Message } from './model';
import { publishInOrder } from './publishing';
import { checkMember, checkRoom, refusal, tooManySends } from './refusals';
import { REPEATED_WITHIN } from './rules';
import type { Sent } from './store';

/** Ids that a send tries to take before it gives up: each one that is gone went to another send. */
const MAX_ATTEMPTS = 100;

/** Rest after the first of them, at most; later ones are longer, so that sends do not meet again and again. */
const REST_MS = 5;

/**
 * Stores and publishes a message; the courier replies `{id, offset, epoch}`. A repeat, by the event or by `clientId`, is answered the
 * same; one that the channel's log may have dropped since, with `{id}`.
 */
export async function send(call: Call, input: Input<'send'>) {
  const { messages, user } = call;
  const sendKey = sendKeyOf(user, call.event, input.clientId);
  const found = await messages.beforeSend(input.room, user, sendKey);
  const room = checkRoom(found.room);
  const member = checkMember(found.member);
  const message = await stored(call, { room: input.room, member, sendKey, sent: found.sent }, input);
  if (room.publishedUpTo - message.id >= REPEATED_WITHIN) return { id: message.id };
  const gap = message.id > room.publishedUpTo + 1;
  const earlier = gap ? await messages.between(room.room, room.publishedUpTo, message.id - 1) : [];
  await publishInOrder(call, room, earlier, message);
  return undefined;
}

interface Sending {
  readonly room: string;
  readonly member: Member;
  readonly sendKey: string;
  readonly sent: Sent | undefined;
}

/**
 * The message in the store: found, or added under the next id. It is added after an id only by who has read all messages since
 * the send was noted, and found none of its own: so repeats, also side by side, make one.
 */
async function stored(call: Call, sending: Sending, input: Input<'send'>): Promise<Message> {
  const { messages } = call;
  const { room, sendKey } = sending;
  const { id, floor } = sending.sent ?? (await begun(call, sending));
  const former = id === undefined ? undefined : await messages.message(room, id);
  if (former) return former;
  const mentions = await mentioned(call, room, input.text);
  let last = floor;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const message = draftOf(call, input, { id: last + 1, sendKey, mentions });
    if (await messages.add(room, message)) return message;
    const later = await messages.between(room, last);
    const own = later.find((other) => other.sendKey === sendKey);
    if (own) return own;
    last = later.at(-1)?.id ?? last;
    await call.rest(Math.random() * Math.min(attempt, 10) * REST_MS);
  }
  throw refusal('tooManyRequests', 'expected fewer messages to the room at once, got more');
}

async function begun(call: Call, { room, member, sendKey }: Sending): Promise<Sent> {
  const { rooms, messages } = call;
  const [paid, floor] = await Promise.all([rooms.pay(room, member, call.now()), messages.lastId(room)]);
  if (!paid) throw tooManySends();
  if (await messages.beginSend(room, sendKey, floor)) return { floor };
  // A repeat was faster, and may have begun, and even ended, before our look at the last id.
  return (await messages.sent(room, sendKey)) ?? { floor };
}

function draftOf(
  { user, now }: Call,
  { text, clientId }: Input<'send'>,
  taken: Pick<Message, 'id' | 'sendKey' | 'mentions'>,
): Message {
  return { ...taken, user, text, at: now(), revision: 0, ...(clientId === undefined ? {} : { clientId }) };
}

async function mentioned({ rooms }: Call, room: string, text: string): Promise<readonly string[]> {
  const names = mentionedIn(text);
  return names.length === 0 ? names : rooms.membersAmong(room, names);
}
