/**
 * How long a round may hold a partition. Posts start until `POST_RESERVE_MS` before its end, also where Redis has to be
 * asked first, and a push with the close after it ends within 5 s (twice the poster's time limit), so every post has ended
 * when the lock does. What of a round needs no lock runs after its commit.
 */
export const LOCK_MS = 8_000;
export const POST_RESERVE_MS = 5_000;

/**
 * A courier begins rounds for this long, then hands over by a wake. `COURIER_BUDGET_MS + LOCK_MS` must fit into its
 * function's timeout (15 s), and the queues' visibility must exceed that, so that a repeat finds the lock expired.
 */
export const COURIER_BUDGET_MS = 6_000;

/** How long a member rests whose post was throttled: a second is what queues can delay at least. */
export const REST_MS = 1_000;
