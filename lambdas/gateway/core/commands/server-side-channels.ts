import { userChannel } from '../../../contract/channel';
import { type Identity, MAX_SUBSCRIPTIONS } from '../connections/connection';

export interface ServerSideChannels {
  readonly channels: readonly string[];
  /** Why the user's channel is not among them, without the user's id. */
  readonly leftOut?: string;
}

/** What a connection is subscribed to by the server: the channels of its token, and that of its user where there is one. */
export function serverSideChannels(
  { user, channels }: Identity,
  withUserChannel: boolean,
): ServerSideChannels {
  if (!withUserChannel) return { channels };
  if (user === '') return { channels };
  const own = userChannel(user);
  if (own === undefined) {
    return { channels, leftOut: 'user: expected an id that makes a channel name, got another' };
  }
  if (channels.includes(own)) return { channels };
  // What a token names goes first: its maker counted on all of it.
  if (channels.length >= MAX_SUBSCRIPTIONS) {
    return { channels, leftOut: `token: expected fewer than ${MAX_SUBSCRIPTIONS} channels, got as many` };
  }
  return { channels: [...channels, own] };
}
