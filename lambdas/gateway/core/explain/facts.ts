import type { Member } from '../delivery/partitions';

/** Why did `user` get, or not get, the publication `offset` of `channel`? */
export interface Question {
  readonly user: string;
  readonly channel: string;
  readonly offset: number;
}

/** A channel's log around the offset that was asked for. */
export interface LogFacts {
  /** Undefined: the channel has no log, or Redis lost it. */
  readonly epoch: string | undefined;
  /** Offset of the newest publication; 0 before the first. */
  readonly top: number;
  /** Whether the log still has the entry; one at or below the top that it has not was trimmed or went with an epoch. */
  readonly kept: boolean;
  /** The entry's tag, where it is kept. */
  readonly tag: string | undefined;
  /** Oldest offset of the log; undefined where it is empty. */
  readonly oldest: number | undefined;
  /** Newest position that a subscriber was shown. */
  readonly witness: { readonly epoch: string; readonly offset: number } | undefined;
}

/** A delivery partition. Times are epoch milliseconds of the couriers' clocks. */
export interface PartitionFacts {
  readonly partition: number;
  /** Undefined: the partition has no hash; it was never joined, or its TTL ended it. */
  readonly epoch: string | undefined;
  readonly cursor: number;
  /** When the drain that holds the partition has to be through; undefined where none holds it. */
  readonly lockedUntil: number | undefined;
  /** Top that a drain announced before it posted and did not commit yet. */
  readonly announced: number | undefined;
  /** The drain that read the log last for this partition did not commit here, is not running, and that is no race of this reading. */
  readonly readerLost: boolean;
  /** When the partition was marked as having something to drain. */
  readonly dirtySince: number | undefined;
  /** When a round that posted was committed. */
  readonly postedAt: number | undefined;
  readonly members: number;
}

/** What a connection's hash says of a channel. `start`: offset from which a settled subscription counts. */
export interface SubscriptionFacts {
  readonly stage: 'held' | 'settled' | 'leaving';
  readonly nonce: string;
  readonly start: number | undefined;
}

/** A member whose connection is the user's. */
export interface MemberFacts extends Member {
  readonly partition: number;
  /** The connection's tombstone stands. */
  readonly closed: boolean;
  readonly subscription: SubscriptionFacts | undefined;
}

/** All that Redis says; not a snapshot: each slot was read for itself, the channel first. */
export interface Facts {
  readonly question: Question;
  /** When the reading ended, epoch ms. */
  readonly now: number;
  readonly log: LogFacts;
  /** Those that were looked at. */
  readonly partitions: readonly PartitionFacts[];
  /** How many the channel has. */
  readonly partitionCount: number;
  /** Members that were looked at, whoever's they are. */
  readonly looked: number;
  /** Members whose connection's hash names no user: lost, or without one. */
  readonly nameless: number;
  /** There were more members than are looked at. */
  readonly stopped: boolean;
  readonly members: readonly MemberFacts[];
}
