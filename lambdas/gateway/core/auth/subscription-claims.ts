import type { JsonObject } from '../../../contract/json';
import { readOptions, readTimes, readUser } from './claims';
import { type Expired, type Grant, type Invalid, invalid, isRefusal } from './verdict';

/** Who wants to subscribe to what. */
export interface SubscriptionRequest {
  /** The connection's user; empty: anonymous. */
  readonly user: string;
  readonly channel: string;
  readonly connection: string;
}

/**
 * Reads the claims of a subscription token whose signature is right: it has to name this user and this channel, and this
 * connection where it names one at all (the claim `client` of older backends). `now` in epoch milliseconds.
 */
export function readSubscriptionClaims(
  claims: JsonObject,
  request: SubscriptionRequest,
  now: number,
): { readonly grant: Grant } | Expired | Invalid {
  const named = readUser(claims);
  if (isRefusal(named)) return named;
  if (named.user !== request.user) {
    return invalid('token sub: expected the user of the connection, got another');
  }
  if (claims['channel'] !== request.channel) {
    return invalid('token channel: expected the channel of the command, got another or none');
  }
  const { client = '' } = claims;
  if (client !== '' && client !== request.connection) {
    return invalid('token client: expected the id of the connection, got another');
  }
  const times = readTimes(claims, now);
  if (isRefusal(times)) return times;
  const options = readOptions(claims);
  return isRefusal(options) ? options : { grant: { ...times, ...options } };
}
