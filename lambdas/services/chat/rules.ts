/** Rules of the chat service. Those that a client meets stand in docs/services.md. */

/** Longest text of a message, in UTF-16 code units: 24 KB of JSON at worst, which a frame of 32 KB takes. */
export const MAX_TEXT_LENGTH = 4_000;
export const MAX_NAME_LENGTH = 100;
export const MAX_USER_LENGTH = 128;
export const MAX_CLIENT_ID_LENGTH = 128;

/** Users that one message tells of being mentioned; further names are text. */
export const MAX_MENTIONS = 20;

/** Sends and edits of one user in one room: so many at once, and one more per interval. */
export const SEND_BURST = 50;
export const SEND_INTERVAL_MS = 100;

export const HISTORY_PAGE = { default: 50, most: 100 } as const;

/** A page of history ends before so many bytes of JSON: the reply stays below the 128 KB of a post. */
export const HISTORY_BYTES = 100 * 1024;

/** Unread messages of a room are counted up to here: who missed more wants to know no better. */
export const MAX_UNREAD = 1_000;

/** What the channel `chat:<room>` keeps for members who come back. */
export const LOG = { publications: 1_000, seconds: 24 * 3600 } as const;

/**
 * A repeated send is published again, to be answered with its offset, where so few messages came after it that the channel's
 * log holds it for certain; edits share the log.
 */
export const REPEATED_WITHIN = LOG.publications / 2;

/** Seconds for which a repeat of a `clientId` is recognized. */
export const CLIENT_ID_SECONDS = LOG.seconds;

/**
 * A subscription is asked for anew after this: it bounds how long somebody stays in a channel who left the room while the
 * answer to his subscribe was under way.
 */
export const SUBSCRIPTION_SECONDS = 3600;
