import { type Call, chatChannel } from './caller';
import type { Input } from './input';
import type { Message } from './model';
import { shown } from './publishing';
import { checkMember, notAMember, notTheAuthor, refusal, tooManySends, unknownMessage } from './refusals';
import { HISTORY_BYTES } from './rules';

/** The author changes the text; replied with the offset of the publication that says so. */
export async function edit(call: Call, { room, id, text }: Input<'edit'>): Promise<void> {
  const { rooms, messages, user, stamp } = call;
  const [member, message] = await placeAndMessage(call, room, id);
  if (message.user !== user) throw notTheAuthor('a message of your own');
  if (message.deleted)
    throw refusal('badRequest', 'data.id: expected a message that is there, got a deleted one');
  if (message.editStamp !== stamp && !(await rooms.pay(room, member, call.now()))) throw tooManySends();
  await messages.edit(room, id, { text, at: call.now(), stamp });
  await publishChange(call, room, id);
}

/** The author or the room's owner deletes a message; its place and its id stay. Deleting twice is deleting. */
export async function remove(call: Call, { room, id }: Input<'message'>): Promise<void> {
  const [member, message] = await placeAndMessage(call, room, id);
  if (message.user !== call.user && member.role !== 'owner') {
    throw notTheAuthor('a message of your own, or the role owner');
  }
  await call.messages.remove(room, id);
  await publishChange(call, room, id);
}

/** A page, newest last; shorter than `limit` at the room's first message or where its texts are long. */
export async function history(call: Call, { room, before, limit }: Input<'history'>) {
  checkMember(await call.rooms.member(room, call.user));
  const newestFirst = await call.messages.page(room, before ?? Number.MAX_SAFE_INTEGER, limit);
  const page: ReturnType<typeof shown>[] = [];
  let bytes = 0;
  for (const message of newestFirst) {
    const one = shown(message);
    bytes += Buffer.byteLength(JSON.stringify(one));
    if (bytes > HISTORY_BYTES) break;
    page.push(one);
  }
  return { messages: page.reverse() };
}

async function placeAndMessage({ rooms, messages, user }: Call, room: string, id: number) {
  const [member, message] = await Promise.all([rooms.member(room, user), messages.message(room, id)]);
  const own = checkMember(member);
  if (message === undefined) throw unknownMessage('id', id);
  return [own, message] as const;
}

/**
 * Publishes what the message is now. Also where this call changed nothing: the run that did may have died before it published, and
 * the key makes it one publication.
 */
async function publishChange(call: Call, room: string, id: number): Promise<void> {
  const message = await call.messages.message(room, id);
  if (message === undefined) throw notAMember();
  await call.publishAsReply(chatChannel(room), changeOf(message), {
    idempotencyKey: `change:${id}:${message.revision}`,
    reply: { id },
  });
}

function changeOf(message: Message) {
  if (message.deleted) return { type: 'delete', id: message.id, revision: message.revision };
  return { type: 'edit', ...shown(message) };
}
