import { PROTOCOL_ERRORS } from '../../../contract/codes';
import type { Command } from '../protocol/commands';
import { type Answer, refuse } from './answer';
import type { CommandParts } from './parts';
import { permitSubscribe } from './permission';
import { RecoveryBudget } from './recovery';
import type { Sender } from './sender';
import type { Subscriptions } from './subscriptions';

type SubscribeCommand = Extract<Command, { kind: 'subscribe' }>;

/**
 * Serves a subscribe. Rejects where Redis, the registry or the keys fail.
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
    return refuse(PROTOCOL_ERRORS.notAvailable, 'subscribe: expected a rule that is served, got service');
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
