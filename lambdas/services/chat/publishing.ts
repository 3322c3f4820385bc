import { type JsonObject, userChannel } from '../../service-sdk';
import { type Call, chatChannel } from './caller';
import type { Message, Room } from './model';

/** A message as `chat.history` answers it. */
export function shown({
  id,
  user,
  text,
  at,
  mentions,
  clientId,
  revision,
  editedAt,
  deleted,
}: Message): JsonObject {
  return {
    id,
    user,
    text,
    at,
    ...(mentions.length === 0 ? {} : { mentions: [...mentions] }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(revision === 0 ? {} : { revision }),
    ...(editedAt === undefined ? {} : { editedAt }),
    ...(deleted === undefined ? {} : { deleted }),
  };
}

/** What a publication of a message has beside its data. Its time lets a late repeat be looked for in the channel's log. */
const optionsOf = ({ id, at }: Message) => ({ idempotencyKey: `message:${id}`, publishedAt: at });

/**
 * Publishes a message behind those before it. Ids are taken in the store, by functions that run side by side; so that the channel has
 * them in the same order, whoever publishes a message first publishes each earlier one that is not published for certain. The queue
 * and the channel's log drop what comes twice. That also mends what a function left undone that died between store and queue.
 */
export async function publishInOrder(
  call: Call,
  room: Room,
  earlier: readonly Message[],
  message: Message,
): Promise<void> {
  for (const left of earlier) {
    await call.publish(chatChannel(room.room), { type: 'message', ...shown(left) }, optionsOf(left));
    await tellMentioned(call, room.room, left);
  }
  await call.publishAsReply(
    chatChannel(room.room),
    { type: 'message', ...shown(message) },
    { ...optionsOf(message), reply: { id: message.id } },
  );
  await tellMentioned(call, room.room, message);
  await Promise.all([
    call.messages.markPublished(room.room, message.id),
    call.messages.endSend(room.room, message.sendKey, message.id),
  ]);
}

async function tellMentioned(call: Call, room: string, { id, user: by, mentions }: Message): Promise<void> {
  for (const user of mentions) {
    if (userChannel(user) === undefined) continue;
    const idempotencyKey = `mention:${room}:${id}`;
    await call.toUser(user, { type: 'mention', room, id, by }, { idempotencyKey });
  }
}
