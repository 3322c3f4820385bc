import { DISCONNECTS, PROTOCOL_ERRORS } from '../../../contract/codes';
import type { Reply } from '../../../contract/frames';
import type { JsonValue } from '../../../contract/json';
import { inParallel } from '../parallel';
import { type ApiAnswer, DONE, refused, TRY_AGAIN } from './answer';
import { rulesFor } from './namespace';
import type { ActionOutcome, ServerApiParts } from './ports';
import type { Request } from './requests';

type Parts = Pick<
  ServerApiParts,
  'registry' | 'users' | 'actions' | 'revocations' | 'poster' | 'clock' | 'log'
>;

/** Each takes a few scripts and a post or two. */
const CONNECTIONS_AT_ONCE = 8;

/** Subscribes the user's open connections to a channel, as the server does at connect. */
export async function subscribe(parts: Parts, request: Request<'subscribe'>): Promise<ApiAnswer> {
  const { user, channel, info, data } = request;
  const found = await rulesFor(parts.registry, channel);
  if ('error' in found) return found;
  const subscription = {
    channel,
    rules: found.rules,
    ...(info === undefined ? {} : { info }),
    ...(data === undefined ? {} : { data }),
  };
  return forEach(parts, request, (connection) => parts.actions.subscribe(connection, user, subscription));
}

/** Ends a subscription of the user's open connections; clients do not take it up again by themselves. */
export async function unsubscribe(parts: Parts, request: Request<'unsubscribe'>): Promise<ApiAnswer> {
  return forEach(parts, request, (connection) => parts.actions.unsubscribe(connection, request.channel));
}

/** Ends the user's open connections. */
export async function disconnect(parts: Parts, request: Request<'disconnect'>): Promise<ApiAnswer> {
  const { disconnect: wanted = DISCONNECTS.forceDisconnect, whitelist = [] } = request;
  const kept = new Set(whitelist);
  return forEach(parts, request, async (connection) =>
    kept.has(connection) ? 'done' : parts.actions.disconnect(connection, wanted),
  );
}

/** Makes tokens of a user worthless that were issued before a time, now unless it is given. */
export async function revoke(
  { revocations, clock }: Parts,
  { user, issued_before }: Request<'revoke'>,
): Promise<ApiAnswer> {
  return answerOf([await revocations.revoke(user, issued_before ?? Math.ceil(clock.now() / 1000))]);
}

/** Answers an rpc in the place of a service that cannot post to connections itself. */
export async function reply({ poster }: Parts, request: Request<'reply'>): Promise<ApiAnswer> {
  const outcome = await poster.post(request.client, JSON.stringify(replyOf(request)));
  switch (outcome) {
    case 'ok':
      return DONE;
    case 'gone':
      return refused(
        PROTOCOL_ERRORS.notAvailable,
        'client: expected an open connection, got one that is gone',
      );
    case 'throttled':
      return refused(PROTOCOL_ERRORS.tooManyRequests, 'reply: not taken now, try again');
    case 'failed':
    case 'unknown':
      // A second reply is dropped by clients, so a repeat does no harm.
      return TRY_AGAIN;
  }
}

function replyOf({ id, result, error }: Request<'reply'>): Reply {
  if (error === undefined) return { id, rpc: { data: result as JsonValue } };
  const { code, message, temporary } = error;
  return { id, error: { code, message, ...(temporary ? { temporary } : {}) } };
}

/** Acts on the connections of a user, or on the one that is named, if it is the user's. */
async function forEach(
  { users }: Parts,
  { user, client }: { readonly user: string; readonly client?: string },
  act: (connection: string) => Promise<ActionOutcome>,
): Promise<ApiAnswer> {
  const all = await users.of(user);
  const meant = client === undefined ? all : all.filter((connection) => connection === client);
  return answerOf(await inParallel(meant, CONNECTIONS_AT_ONCE, act));
}

function answerOf(outcomes: readonly ActionOutcome[]): ApiAnswer {
  if (outcomes.includes('failed')) return TRY_AGAIN;
  if (!outcomes.includes('limit')) return DONE;
  return refused(
    PROTOCOL_ERRORS.limitExceeded,
    'connection: expected fewer subscriptions, got one with the most',
  );
}
