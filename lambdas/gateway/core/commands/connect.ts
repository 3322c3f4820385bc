import { randomBytes } from 'node:crypto';
import { DISCONNECTS, PROTOCOL_ERRORS } from '../../../contract/codes';
import type { SubscribeResult } from '../../../contract/frames';
import type { Connection, Identity } from '../connections/connection';
import { announceConnection } from '../lifecycle/announce';
import { refusedEntry } from '../limits/user-entry';
import { inParallel } from '../parallel';
import type { Command } from '../protocol/commands';
import { SERVER_VERSION } from '../version';
import { type Answer, type Ending, type PendingSubscription, type Refusal, refuse } from './answer';
import { expiryOf, isOver } from './expiry';
import type { CommandParts } from './parts';
import { permitServerSide } from './permission';
import { RecoveryBudget } from './recovery';
import { serverSideChannels } from './server-side-channels';
import type { Subscriptions } from './subscriptions';

type ConnectCommand = Extract<Command, { kind: 'connect' }>;

const SUBSCRIBES_AT_ONCE = 16;

/** Who a connect command makes the connection, or how it is answered instead. */
async function identify(
  parts: CommandParts,
  { token }: ConnectCommand,
  connection: Connection,
): Promise<{ readonly identity: Identity } | Answer> {
  // An SDK whose URL carried the token needs none in the command.
  if (token === '' && connection.mayConnectAgain) return ofHandshake(connection.identity, parts.clock.now());
  const verdict = await parts.tokens.connection(token);
  switch (verdict.result) {
    case 'expired':
      return refuse(
        PROTOCOL_ERRORS.tokenExpired,
        'token: expected one that is valid now, got an expired one',
      );
    case 'invalid':
      return { result: 'end', disconnect: DISCONNECTS.invalidToken, reason: verdict.reason };
    case 'ok':
      return connection.mayConnectAgain && connection.identity.user !== verdict.identity.user
        ? {
            result: 'end',
            disconnect: DISCONNECTS.invalidToken,
            reason: 'token: expected the user of the handshake, got another',
          }
        : { identity: verdict.identity };
  }
}

/** Who the token of the handshake named, unless its time is over: then a new connection brings the next one. */
function ofHandshake(identity: Identity, now: number): { readonly identity: Identity } | Answer {
  if (!isOver(identity.expiresAt, now)) return { identity };
  return { result: 'end', disconnect: DISCONNECTS.expired, reason: 'token of the handshake: expired' };
}

/** Serves a connect command. Answers who is connected beside what to say. Rejects where Redis or the secret fails. */
export async function serveConnect(
  parts: CommandParts,
  subscriptions: Subscriptions,
  id: string,
  connection: Connection,
  command: ConnectCommand,
): Promise<{ readonly answer: Answer; readonly identity?: Identity }> {
  if (connection.state === 'connected' && !connection.mayConnectAgain) return { answer: secondConnect() };
  const identified = await identify(parts, command, connection);
  if (!('identity' in identified)) return { answer: identified };

  const { identity } = identified;
  if (parts.connectionEvents) await announceConnection(parts, id, identity.user);
  // Its place among the user's first: what is connected without one would be served, and missed by a revocation.
  const refused = await refusedEntry(parts, id, identity);
  if (refused) return { answer: refused };
  const connected = await parts.connections.connect(id, identity, randomBytes(6).toString('base64url'));
  if (connected === 'connected') {
    return { answer: await subscribeServerSide(parts, subscriptions, id, identity, command), identity };
  }
  // Whoever ended it knew of no user, and gave no place back.
  await parts.users.leave(id, identity.user);
  return { answer: connected === 'repeated' ? secondConnect() : notOpen(connected) };
}

function notOpen(state: 'closed' | 'absent'): Answer {
  const reason = `connection: expected it open, got ${state}`;
  return { result: 'end', disconnect: DISCONNECTS.insufficientState, reason };
}

function secondConnect(): Answer {
  return {
    result: 'end',
    disconnect: DISCONNECTS.badRequest,
    reason: 'connect: expected once, got it again',
  };
}

async function subscribeServerSide(
  parts: CommandParts,
  subscriptions: Subscriptions,
  id: string,
  identity: Identity,
  command: ConnectCommand,
): Promise<Answer> {
  const budget = new RecoveryBudget();
  const subs: Record<string, SubscribeResult> = {};
  const pending: PendingSubscription[] = [];
  const failures: (Refusal | Ending)[] = [];
  const { user, info, subs: granted } = identity;
  const { channels, leftOut } = serverSideChannels(identity, parts.userChannel);
  if (leftOut) parts.log('info', 'no user channel', { connection: id, reason: leftOut });
  const subscribing = inParallel(channels, SUBSCRIBES_AT_ONCE, async (channel) => {
    const recover = command.recover.get(channel);
    const request = { channel, user, info, recover, serverSide: true, renews: false, joinLeave: true };
    const permitted = await permitServerSide(parts.registry, user, channel, granted?.get(channel));
    const subscribed =
      permitted.result === 'refused'
        ? permitted
        : await subscriptions.subscribe(id, { ...request, permission: permitted.permission }, budget);
    if (subscribed.result === 'subscribed') {
      subs[channel] = subscribed.reply;
      pending.push(subscribed.pending);
    } else if (subscribed.result === 'end' || subscribed.error.temporary) failures.push(subscribed);
    else {
      // The client sees that the channel is not among its subscriptions; the token's maker reads why in the log.
      parts.log('warn', 'server-side subscription left out', {
        connection: id,
        code: subscribed.error.code,
        reason: subscribed.reason,
      });
    }
  });
  try {
    await subscribing;
  } catch (error) {
    await subscriptions.undo(id, pending);
    throw error;
  }
  const [failure] = failures;
  if (failure) {
    await subscriptions.undo(id, pending);
    return failure;
  }
  return {
    result: 'reply',
    reply: {
      id: command.id,
      connect: {
        client: id,
        version: SERVER_VERSION,
        ...(parts.pingSeconds > 0 ? { ping: parts.pingSeconds } : {}),
        // Who brought no token here could not renew it either: its connection ends, and the next one has a new token.
        ...(command.token === '' ? {} : expiryOf(identity.expiresAt, parts.clock.now())),
        ...(pending.length > 0 ? { subs } : {}),
      },
    },
    pending,
  };
}
