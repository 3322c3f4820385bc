import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandContext, defineService, type RpcContext, type ServiceHandler } from '../../service-sdk';
import { type Call, roomOfChannel, stampOf } from './caller';
import { inputs, ROOM_ID } from './input';
import { edit, history, remove } from './messages';
import { mark, status, unread } from './receipts';
import { notAMember } from './refusals';
import { admit, createRoom, invite, join, leave, removeMember } from './rooms';
import { SUBSCRIPTION_SECONDS } from './rules';
import { send } from './sending';
import type { ChatStore } from './store';

/** The chat service on a store, which is asked for at the first command. */
export function chatService(store: () => ChatStore): ServiceHandler {
  const callOf = (context: RpcContext<unknown>): Call => {
    const { envelope, user, publish, toUser, unsubscribe } = context;
    return {
      ...store(),
      user,
      stamp: stampOf(envelope),
      event: envelope.id,
      now: Date.now,
      rest: sleep,
      publish,
      toUser,
      publishAsReply: (channel, data, { reply, ...options }) =>
        publish(channel, data, { ...options, replyWithOffset: reply }),
      unsubscribe,
    };
  };
  /** Members come in, who may be another tomorrow. */
  const subscribe = {
    handle: async ({
      channel,
      user,
    }: Pick<CommandContext<unknown>, 'user'> & { readonly channel: string }) => {
      const room = roomOfChannel(channel);
      if (user === '' || !ROOM_ID.test(room)) throw notAMember();
      const { role } = await admit({ ...store(), user }, room);
      return { info: { role }, expiresAt: Math.floor(Date.now() / 1000) + SUBSCRIPTION_SECONDS };
    },
  };
  return defineService({
    name: 'chat',
    rpc: {
      createRoom: {
        input: inputs.createRoom,
        handle: (context) => createRoom(callOf(context), context.data),
      },
      join: { input: inputs.room, handle: (context) => join(callOf(context), context.data) },
      leave: { input: inputs.room, handle: (context) => leave(callOf(context), context.data) },
      invite: { input: inputs.roomAndUser, handle: (context) => invite(callOf(context), context.data) },
      remove: { input: inputs.roomAndUser, handle: (context) => removeMember(callOf(context), context.data) },
      send: { input: inputs.send, handle: (context) => send(callOf(context), context.data) },
      edit: { input: inputs.edit, handle: (context) => edit(callOf(context), context.data) },
      delete: { input: inputs.message, handle: (context) => remove(callOf(context), context.data) },
      history: { input: inputs.history, handle: (context) => history(callOf(context), context.data) },
      markDelivered: {
        input: inputs.mark,
        handle: (context) => mark(callOf(context), 'deliveredUpTo', context.data),
      },
      markRead: { input: inputs.mark, handle: (context) => mark(callOf(context), 'readUpTo', context.data) },
      status: { input: inputs.message, handle: (context) => status(callOf(context), context.data) },
      unread: { input: inputs.nothing, handle: (context) => unread(callOf(context)) },
    },
    subscribe: { chat: subscribe, typing: subscribe },
  });
}
