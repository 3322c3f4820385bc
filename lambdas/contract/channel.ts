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
