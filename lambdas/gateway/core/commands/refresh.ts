import { DISCONNECTS, PROTOCOL_ERRORS } from '../../../contract/codes';
import type { Identity } from '../connections/connection';
import { refusedEntry } from '../limits/user-entry';
import { graceEnd } from '../liveness/prognosis';
import type { Command } from '../protocol/commands';
import { SERVER_VERSION } from '../version';
import { type Answer, refuse } from './answer';
import { expiryOf } from './expiry';
import type { CommandParts } from './parts';
import type { Sender } from './sender';
import { judgeToken } from './subscription-token';

type RefreshCommand = Extract<Command, { kind: 'refresh' }>;
type SubRefreshCommand = Extract<Command, { kind: 'sub_refresh' }>;
type RefreshParts = Pick<CommandParts, 'tokens' | 'connections' | 'due' | 'users' | 'noteLimit' | 'clock'>;

/**
 * Serves a new connection token: it has to be of the same user. Answers the identity as it is from now on beside what to say.
 * Rejects where Redis or the keys fail.
 */
export async function serveRefresh(
  parts: RefreshParts,
  { connection, user }: Pick<Sender, 'connection' | 'user'>,
  { id, token }: RefreshCommand,
): Promise<{ readonly answer: Answer; readonly identity?: Identity }> {
  const { tokens, connections, due, users, clock } = parts;
  const verdict = token === '' ? NO_TOKEN : await tokens.connection(token);
  switch (verdict.result) {
    case 'expired':
      // The client reconnects with the next token; an error would end it for good.
      return { answer: { result: 'end', disconnect: DISCONNECTS.expired, reason: 'token: expired' } };
    case 'invalid':
      return { answer: invalidToken(verdict.reason) };
    case 'ok': {
      const { identity } = verdict;
      if (identity.user !== user) {
        return { answer: invalidToken('token: expected the user of the connection, got another') };
      }
      const refused = await refusedEntry(parts, connection, identity);
      if (refused) return { answer: refused };
      const [refreshed] = await Promise.all([
        connections.refresh(connection, identity),
        identity.expiresAt > 0 && due.note(connection, graceEnd(identity.expiresAt)),
      ]);
      if (!refreshed) {
        // Its end may have given the place back before it was taken again.
        await users.leave(connection, identity.user);
        return { answer: refuse(PROTOCOL_ERRORS.internal, 'connection: expected it connected, got its end') };
      }
      const refresh = {
        client: connection,
        version: SERVER_VERSION,
        ...expiryOf(identity.expiresAt, clock.now()),
      };
      return { answer: { result: 'reply', reply: { id, refresh } }, identity };
    }
  }
}

const NO_TOKEN = { result: 'invalid', reason: 'token: expected one, got none' } as const;

function invalidToken(reason: string): Answer {
  return { result: 'end', disconnect: DISCONNECTS.invalidToken, reason };
}

/** Serves a new subscription token. Rejects where Redis or the keys fail. */
export async function serveSubRefresh(
  parts: RefreshParts,
  sender: Pick<Sender, 'connection' | 'user'>,
  { id, channel, token }: SubRefreshCommand,
): Promise<Answer> {
  const { connections, due, clock } = parts;
  const { connection } = sender;
  const verdict = await judgeToken(parts, sender, { channel, token });
  switch (verdict.result) {
    case 'expired':
      return refuse(PROTOCOL_ERRORS.expired, 'token: expected one that is valid now, got an expired one');
    case 'invalid':
      return refuse(PROTOCOL_ERRORS.permissionDenied, verdict.reason);
    case 'ok': {
      const { grant } = verdict;
      const [renewed] = await Promise.all([
        connections.renewSubscription(connection, channel, grant),
        grant.expiresAt > 0 && due.note(connection, graceEnd(grant.expiresAt)),
      ]);
      if (!renewed) {
        return refuse(PROTOCOL_ERRORS.permissionDenied, 'channel: expected an own subscription, got none');
      }
      return { result: 'reply', reply: { id, sub_refresh: expiryOf(grant.expiresAt, clock.now()) } };
    }
  }
}
