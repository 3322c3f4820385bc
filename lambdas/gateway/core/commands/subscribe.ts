import type { Command } from '../protocol/commands';
import type { Answer } from './answer';
import { AUTHORIZATION_MS } from './authorizations';
import { putEnvelope } from './envelopes';
import type { CommandParts } from './parts';
import { permitSubscribe } from './permission';
import { RecoveryBudget } from './recovery';
import type { Sender } from './sender';
import type { Subscriptions } from './subscriptions';

type SubscribeCommand = Extract<Command, { kind: 'subscribe' }>;

/**
 * Serves a subscribe. Rejects where Redis, the registry, the keys, the bus or the wakes queue fails.
 * @param renews whether it takes the place of a former subscription (`SubscribeRequest`)
 */
export async function serveSubscribe(
  parts: CommandParts,
  subscriptions: Subscriptions,
  sender: Sender,
  command: SubscribeCommand,
  renews: boolean,
): Promise<Answer> {
  const { id, channel, recover, joinLeave } = command;
  const permitted = await permitSubscribe(parts, sender, command);
  if (permitted.result === 'refused') return permitted;
  if (permitted.result === 'ask') {
    return askOwner(parts, subscriptions, sender, command, permitted.owner, renews);
  }
  const { connection, user, info } = sender;
  const { permission } = permitted;
  const subscribed = await subscriptions.subscribe(
    connection,
    { channel, user, info, recover, serverSide: false, renews, joinLeave, permission },
    new RecoveryBudget(),
  );
  if (subscribed.result !== 'subscribed') return subscribed;
  return { result: 'reply', reply: { id, subscribe: subscribed.reply }, pending: [subscribed.pending] };
}

/**
 * Asks the owner of the namespace. The channel stays held for the answer, which a courier takes; frames behind the command are
 * not. The timer goes out first: whatever becomes of the question, the client is answered.
 */
async function askOwner(
  parts: CommandParts,
  subscriptions: Subscriptions,
  sender: Sender,
  { id, channel, recover, joinLeave, data }: SubscribeCommand,
  service: string,
  renews: boolean,
): Promise<Answer> {
  const { wakes, clock } = parts;
  const { connection } = sender;
  const asked = await subscriptions.ask(connection, channel, renews, { recover, joinLeave });
  if ('result' in asked) return asked;
  const { question } = asked;
  const askedAt = clock.now();
  try {
    await wakes.send(
      { v: 1, type: 'authorization-timeout', connection, channel, commandId: id, question, askedAt },
      Math.floor(AUTHORIZATION_MS / 1000),
    );
    const fields = { kind: 'subscribe', service, channel, question, commandId: id, data } as const;
    const times = { issuedAt: askedAt, deadline: askedAt + AUTHORIZATION_MS };
    return await putEnvelope(parts, sender, { ...fields, ...times });
  } catch (error) {
    await subscriptions.release(connection, channel, question);
    throw error;
  }
}
