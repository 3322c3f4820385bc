/**
 * `active`: has everything up to the cursor. `behind`: has everything up to its own offset. `pending`: its subscribe reply
 * is not known to be posted, so it gets nothing yet. `stale`: pending, but the channel began a new epoch meanwhile.
 * `unsubscribing`: is to be told 2500. `closing`: its connection is to be closed with 3010, since nobody knows what it got.
 */
export type MemberState = 'active' | 'behind' | 'pending' | 'stale' | 'unsubscribing' | 'closing';

export interface Member {
  readonly connection: string;
  readonly nonce: string;
  readonly state: MemberState;
  /** Last offset that the member has; undefined for `active`, where it is the cursor. */
  readonly offset: number | undefined;
  /** Epoch ms. Deadline of a pending or stale member; else not to be tried before. */
  readonly until: number;
  /** Server-side subscriptions are not renewed by clients, so they cannot be told 2500. */
  readonly serverSide: boolean;
}

/** A partition as the holder of its lock sees it. */
export interface PartitionView {
  readonly epoch: string;
  /** Last offset that was posted to the active members. */
  readonly cursor: number;
  /** A former holder announced posts and never committed: nobody knows who got them. */
  readonly unclean: boolean;
  readonly members: readonly Member[];
}

export type Begun =
  | { readonly result: 'none' | 'busy' }
  | { readonly result: 'held'; readonly view: PartitionView };

export interface Commit {
  readonly epoch: string;
  readonly cursor: number;
  readonly posted: boolean;
  /** Members that changed. */
  readonly changes: readonly Member[];
  readonly removals: readonly Member[];
}

export type Committed =
  | { readonly result: 'lost' }
  | { readonly result: 'committed'; readonly dirty: boolean; readonly removed: number };

export interface Left {
  readonly removed: boolean;
  /** A drain that runs may still post to the member; its token and its deadline in epoch ms. */
  readonly drain: { readonly token: string; readonly until: number } | undefined;
}

/** Members of a partition: as many as one courier reads and posts to in a round. */
export const PARTITION_MEMBERS = 500;

/** From this age on a dirty mark does not stand for a wake any more. */
export const WAKE_RENEWAL_MS = 2_000;

/** How long a subscribe may take from its join to its activation; longer than an ingress function runs after a join. */
export const PENDING_MS = 10_000;

/** The hash of each delivery partition. Times are epoch milliseconds of the caller's clock. */
export interface Partitions {
  join(
    channel: string,
    partition: number,
    member: Member,
    position: { epoch: string; top: number },
  ): Promise<'joined' | 'epoch'>;
  activate(
    channel: string,
    partition: number,
    connection: string,
    nonce: string,
    now: number,
  ): Promise<'active' | 'wake' | 'missing' | 'told'>;
  leave(channel: string, partition: number, connection: string, nonce: string): Promise<Left>;
  begin(channel: string, partition: number, token: string, now: number, deadline: number): Promise<Begun>;
  /** Before a round's first post. False: the lock is lost. */
  announce(channel: string, partition: number, token: string, top: number): Promise<boolean>;
  commit(channel: string, partition: number, token: string, now: number, commit: Commit): Promise<Committed>;
  /** Marks a partition dirty; true where a wake has to be sent. */
  mark(channel: string, partition: number, now: number): Promise<boolean>;
}
