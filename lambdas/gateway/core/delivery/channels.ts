import type { Publication } from '../../../contract/frames';
import type { NamespaceRules } from '../../../contract/registry';

/** One entry of a channel's log. */
export interface LogEntry {
  readonly offset: number;
  /** JSON of the publication without its offset; always an object. */
  readonly publication: string;
  /** Random; another entry that takes this offset after a loss has another one. */
  readonly tag: string;
}

/** An entry of a log that cannot be mistaken for another, also where the log lost its end and grew again. */
export interface TaggedOffset {
  readonly offset: number;
  /** Tag of the entry at the offset; empty at 0. */
  readonly tag: string;
}

/** A join or leave, on its way to the members who want to know. */
export interface Move {
  /** Counts up, as long as the channel remembers. */
  readonly number: number;
  readonly kind: 'join' | 'leave';
  /** JSON of the client info. */
  readonly info: string;
}

export interface Appended {
  /**
   * `repeated`: the idempotency key was known, offset and epoch are those of the first publish. `outdated`: the version was
   * not above the last one, offset and epoch are the channel's. `unproven`: the log does not reach back far enough to tell
   * whether it was appended before; there is no offset. None of the three appended anything.
   */
  readonly result: 'appended' | 'repeated' | 'outdated' | 'unproven';
  readonly offset: number;
  readonly epoch: string;
  /** Delivery partitions that exist. */
  readonly partitions: number;
}

/** A reserved place, and the channel's position at that moment. */
export interface Place {
  readonly partition: number;
  readonly epoch: string;
  readonly top: number;
  /** Tag of the top. */
  readonly tag: string;
  /** Number of the last join or leave. */
  readonly move: number;
  /** All entries after the offset to recover from; none where they are more than may be recovered. */
  readonly entries: readonly LogEntry[];
}

export interface LogRead {
  readonly epoch: string;
  readonly top: number;
  /** Tag of the top. */
  readonly tag: string;
  /** Tag of the cursor's entry; empty where it is not there any more. */
  readonly cursorTag: string;
  /** Whoever read the log last for this partition has committed, or nothing was read to be posted. */
  readonly clean: boolean;
  /** Entries after the cursor, from the oldest. */
  readonly afterCursor: readonly LogEntry[];
  /** Entries after the member that is farthest behind, up to the cursor. */
  readonly beforeCursor: readonly LogEntry[];
  /** Number of the last join or leave, and those that were asked for: from the oldest, as many as belong into a frame. */
  readonly moves: { readonly top: number; readonly after: readonly Move[] };
}

export interface Retention {
  readonly entries: number;
  readonly seconds: number;
}

/** Most publications of a recovery: Centrifugo's `recovery_max_publication_limit`. */
export const MAX_RECOVERED = 300;

/** Most publications of a history reply; bytes as in a recovery. */
export const MAX_HISTORY = 300;

/** Most bytes of a reply's recovered publications: it has to fit into a frame of 32 KB with what is around them. */
export const MAX_RECOVERED_BYTES = 24 * 1024;

// What delivery itself needs, even in a namespace without history: a partition that is slow or throttled for a while finds
// its publications. It is also the most that a recovery may return.
const MIN_LOG_ENTRIES = MAX_RECOVERED;
const MIN_LOG_SECONDS = 600;

export function retentionOf(rules: NamespaceRules): Retention {
  return {
    entries: Math.max(rules.historySize, MIN_LOG_ENTRIES),
    seconds: Math.max(rules.historyTtlSeconds, MIN_LOG_SECONDS),
  };
}

export function publicationOf(entry: LogEntry): Publication {
  // Own text: `publicationText` of the contract wrote it.
  const stored = JSON.parse(entry.publication) as Omit<Publication, 'offset'>;
  return { offset: entry.offset, ...stored };
}

/** A publication on its way into a log. */
export interface NewPublication {
  /** JSON without offset. */
  readonly text: string;
  readonly idempotencyKey: string;
  readonly version?: number | undefined;
  readonly versionEpoch?: string | undefined;
  /** It may have been appended so long ago that its key is forgotten, so it is looked for in the log. */
  readonly former?: Former | undefined;
}

export interface Former {
  /** Epoch ms; not appended before that, whatever the clocks say. */
  readonly publishedAt: number;
  /** Somebody wants it appended also where nobody can tell whether it was. */
  readonly forced: boolean;
}

/** Who reads a log to post from it. */
export interface Reader {
  readonly partition: number;
  readonly token: string;
  /** `lastReader` of the partition. */
  readonly last: string;
}

export interface HistoryRequest {
  /** Most entries; 0 asks for the position alone. */
  readonly limit: number;
  /** Entries after this offset, or before it in reverse; undefined: from the oldest, in reverse from the newest. */
  readonly since: number | undefined;
  readonly reverse: boolean;
  /** How many of the newest entries may be seen; the log may keep more for delivery. */
  readonly newest: number;
}

/** Entries in the order that was asked for: what fits into a reply, and one where there is any. */
export interface HistoryPage {
  readonly epoch: string;
  readonly top: number;
  readonly entries: readonly LogEntry[];
}

/** The log of each channel. */
export interface Channels {
  /** Appends in the given order, in one step; answers each in its place. */
  append(
    channel: string,
    publications: readonly NewPublication[],
    retention: Retention,
  ): Promise<readonly Appended[]>;
  /** `recoverFrom`: offset after which entries are wanted. */
  place(channel: string, recoverFrom: number | undefined): Promise<Place>;
  vacate(channel: string, partition: number, places: number): Promise<void>;
  /** Whether the partition is one of those that a publication wakes. */
  wakes(channel: string, partition: number): Promise<boolean>;
  /**
   * Before a subscriber is shown anything up to `shown`: notes that, and makes sure that the log that it was read from holds
   * what others were shown. `seen`: further entries that it held when it was read. False: a failover has set the log back. It
   * has a new epoch then, and nothing that was read of it may be shown.
   */
  witness(
    channel: string,
    epoch: string,
    shown: TaggedOffset,
    seen?: readonly TaggedOffset[],
  ): Promise<boolean>;
  /**
   * `behind`: offset of the member that is farthest behind the cursor, if there is one. Each range has what fits into a
   * frame and a publication more, so that an answer stays small. `movesAfter`: number of the move after which joins and leaves
   * are wanted; undefined: none.
   */
  read(
    channel: string,
    reader: Reader,
    cursor: number,
    behind: number | undefined,
    movesAfter?: number,
  ): Promise<LogRead>;
  /** Gives a channel without a position an epoch, so that there is one to answer. */
  history(channel: string, request: HistoryRequest): Promise<HistoryPage>;
}
