/**
 * `active`: has everything up to the cursor. `behind`: has everything up to its own offset. `pending`: its subscribe reply
 * is not known to be posted, so it gets nothing yet. `stale`: pending, but the channel began a new epoch meanwhile.
 * `unsubscribing`: is to be told 2500. `closing`: its connection is to be closed with 3010, since nobody knows what it got.
 * `flying`: a post to it takes longer than its round. `left`: it unsubscribed, and a post to it may still be out.
 */
export type MemberState =
  | 'active'
  | 'behind'
  | 'pending'
  | 'stale'
  | 'unsubscribing'
  | 'closing'
  | 'flying'
  | 'left';

export interface Member {
  readonly connection: string;
  readonly nonce: string;
  readonly state: MemberState;
  /** Last offset that the member has; undefined for `active`, where it is the cursor. */
  readonly offset: number | undefined;
  /** Epoch ms. Deadline of a pending, stale or flying member; else not to be tried before. */
  readonly until: number;
  /** Server-side subscriptions are not renewed by clients, so they cannot be told 2500. */
  readonly serverSide: boolean;
  /** Its client stands in the channel's list. */
  readonly listed?: boolean | undefined;
  /**
   * Number of the last join or leave that it was told; `cursor`: that of its partition, of active members only; absent: it wants
   * none.
   */
  readonly moves?: number | 'cursor' | undefined;
}

/** A partition as the holder of its lock sees it. */
export interface PartitionView {
  readonly epoch: string;
  /** Last offset that was posted to the active members. */
  readonly cursor: number;
  /** A former holder announced posts and never committed: nobody knows who got them. */
  readonly unclean: boolean;
  /** Token of the drain that committed last; `*` where the partition is new and none did. */
  readonly lastReader: string;
  /** Number of the last join or leave that those active members were told who want them; undefined where nobody did yet. */
  readonly moves: number | undefined;
  readonly members: readonly Member[];
}

export type Begun =
  | { readonly result: 'none' | 'busy' }
  | { readonly result: 'held'; readonly view: PartitionView };

export interface Commit {
  readonly epoch: string;
  readonly cursor: number;
  /** To its active members, each of them. */
  readonly posted: boolean;
  /** The partition's last join or leave; undefined: as before. */
  readonly moves?: number | undefined;
  /** Members that changed. */
  readonly changes: readonly Member[];
  readonly removals: readonly Member[];
}

export type Committed =
  | { readonly result: 'lost' }
  | { readonly result: 'committed'; readonly dirty: boolean; readonly removed: number };

/** `kept`: a post to the member may still be out; a drain removes it, or closes its connection. */
export type Left = 'removed' | 'absent' | 'kept';

/** A membership that its partition knows. */
export interface Standing {
  /** Epoch ms; 0 where nothing says that something was posted to this member. */
  readonly postedAt: number;
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
  ): Promise<'joined' | 'epoch' | 'busy'>;
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
  /** The post to a flying member has ended: what it is now; undefined: it is to be removed. */
  land(
    channel: string,
    partition: number,
    now: number,
    flown: Pick<Member, 'connection' | 'nonce'>,
    outcome: Member | undefined,
  ): Promise<'landed' | 'removed' | 'absent'>;
  /** Whether the connection is a member by that nonce. */
  has(channel: string, partition: number, connection: string, nonce: string): Promise<boolean>;
  /** Whether the connection is a member by that nonce, and when it was posted to as one of the active members. */
  standing(
    channel: string,
    partition: number,
    connection: string,
    nonce: string,
  ): Promise<Standing | undefined>;
  /** Marks a partition dirty; true where a wake has to be sent: there is no mark younger than `renewalMs`. */
  mark(channel: string, partition: number, now: number, renewalMs: number): Promise<boolean>;
}
