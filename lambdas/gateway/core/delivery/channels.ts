import type { Delivery } from '../../../contract/delivery';
import type { Publication } from '../../../contract/frames';
import type { NamespaceRules } from '../../../contract/registry';

/** One entry of a channel's log. */
export interface LogEntry {
  readonly offset: number;
  /** JSON of the publication without its offset; always an object. */
  readonly publication: string;
}

export interface Appended {
  /** The idempotency key was known: nothing was appended, offset and epoch are those of the first publish. */
  readonly repeated: boolean;
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
  /** Entries after the offset to recover from. */
  readonly entries: readonly LogEntry[];
}

export interface LogRead {
  readonly epoch: string;
  readonly top: number;
  /** Entries after the cursor, from the oldest. */
  readonly afterCursor: readonly LogEntry[];
  /** Entries after the member that is farthest behind, up to the cursor. */
  readonly beforeCursor: readonly LogEntry[];
}

export interface Retention {
  readonly entries: number;
  readonly seconds: number;
}

// What delivery itself needs, even in a namespace without history: a partition that is slow or throttled for a while finds
// its publications. It is also the most that a recovery may return (`MAX_RECOVERED`).
const MIN_LOG_ENTRIES = 300;
const MIN_LOG_SECONDS = 600;

export function retentionOf(rules: NamespaceRules): Retention {
  return {
    entries: Math.max(rules.historySize, MIN_LOG_ENTRIES),
    seconds: Math.max(rules.historyTtlSeconds, MIN_LOG_SECONDS),
  };
}

export function publicationText(delivery: Pick<Delivery, 'data' | 'info'>): string {
  return JSON.stringify(
    delivery.info ? { data: delivery.data, info: delivery.info } : { data: delivery.data },
  );
}

export function publicationOf(entry: LogEntry): Publication {
  // Own text: `publicationText` wrote it.
  const stored = JSON.parse(entry.publication) as Omit<Publication, 'offset'>;
  return { offset: entry.offset, ...stored };
}

/** The log of each channel. */
export interface Channels {
  append(
    channel: string,
    publication: string,
    retention: Retention,
    idempotencyKey: string,
  ): Promise<Appended>;
  /** `recoverFrom`: offset after which entries are wanted. */
  place(channel: string, recoverFrom: number | undefined): Promise<Place>;
  vacate(channel: string, partition: number, places: number): Promise<void>;
  /** `behind`: offset of the member that is farthest behind the cursor, if there is one. */
  read(channel: string, cursor: number, behind: number | undefined): Promise<LogRead>;
}
