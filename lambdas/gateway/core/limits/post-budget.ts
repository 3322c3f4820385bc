/** Which posts may be made at once: those of a small channel may use what is kept from large ones. */
export type ChannelSize = 'small' | 'large';

/** Posts that may begin, within `GRANT_MS` of the call that asked for them. */
export interface Granted {
  readonly posts: number;
  /** Where there were none: how long it takes until there may be some (ms). */
  readonly waitMs: number;
}

/**
 * Posts a second that all functions in the VPC share, so that they stay below the account's throttle together. Never rejects:
 * where Redis is away, everything is granted.
 */
export interface PostBudget {
  /** At most as many posts as are wanted; what is not used in time is forfeited. */
  take(wanted: number, size: ChannelSize): Promise<Granted>;
  /** Counts posts that wait for nobody: replies, disconnects. Returns at once. */
  spend(posts: number): void;
}

/** The account's 10,000 requests a second without the frames of clients, which the stage holds to 2,000. */
export const POSTS_PER_SECOND = 8_000;

/** From asking to the begin of the post. */
export const GRANT_MS = 100;

export interface BudgetRates {
  /** Time that one post takes of the budget (ms). */
  readonly eachMs: number;
  /** Posts that may come at once, by the size of their channel. */
  readonly burst: { readonly [Size in ChannelSize]: number };
}

/**
 * Invariant: in no second do more posts begin than the budget says. Those that begin within a second were granted within
 * `1 s + GRANT_MS`, so the refill of that time and a full bucket make the budget together. Half of the bucket is for small
 * channels alone.
 */
export function budgetRates(postsPerSecond: number): BudgetRates {
  const small = Math.max(1, Math.floor(postsPerSecond / 20));
  const perSecond = Math.max(1, postsPerSecond - small) / (1 + GRANT_MS / 1000);
  return { eachMs: 1000 / perSecond, burst: { small, large: Math.max(1, Math.floor(small / 2)) } };
}
