/** Longest channel name, in characters (Centrifugo's default). */
export const MAX_CHANNEL_LENGTH = 255;

// Printable ASCII without space and without braces: a brace would choose the cluster slot of a key.
const CHANNEL = /^[!-z|~]+$/;

/** Whether a name may be a channel: 1 to 255 printable ASCII characters, no space, no `{` or `}`. */
export function isChannelName(name: string): boolean {
  return name.length <= MAX_CHANNEL_LENGTH && CHANNEL.test(name);
}

/** The namespace of a channel: the part before the first colon; empty where there is none. */
export function namespaceOf(channel: string): string {
  const colon = channel.indexOf(':');
  return colon < 0 ? '' : channel.slice(0, colon);
}

/** Whether a channel names a user after its last `#`, in a list with commas: `dialog:1#alice,bob` names alice and bob. */
export function namesUser(channel: string, user: string): boolean {
  const mark = channel.lastIndexOf('#');
  return (
    mark >= 0 &&
    user !== '' &&
    channel
      .slice(mark + 1)
      .split(',')
      .includes(user)
  );
}

/** Namespace of the channels that every user has one of. The gateway owns it. */
export const USER_NAMESPACE = 'user';

/**
 * The channel of a user's own, `user:#alice`. Undefined where the id makes no channel name, or one that names others: an id
 * with a comma or a `#`.
 */
export function userChannel(user: string): string | undefined {
  const channel = `${USER_NAMESPACE}:#${user}`;
  return isChannelName(channel) && namesUser(channel, user) ? channel : undefined;
}

/** Whose own channel it is; undefined where it is nobody's. */
export function userOfChannel(channel: string): string | undefined {
  const user = channel.slice(USER_NAMESPACE.length + 2);
  return userChannel(user) === channel ? user : undefined;
}
