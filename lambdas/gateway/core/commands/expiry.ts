/**
 * How long what has expired goes on, so that its client can renew it: clients ask for a new token only when the former one's
 * time is over. Centrifugo's default.
 */
export const GRACE_SECONDS = 25;

/** Whether a permission is over, its grace included. `expiresAt` in epoch seconds, 0: never; `now` in epoch milliseconds. */
export function isOver(expiresAt: number, now: number): boolean {
  return expiresAt > 0 && now >= (expiresAt + GRACE_SECONDS) * 1000;
}

/** What a client is told of its permission's end: seconds until it has to renew it. Nothing where it has no end. */
export function expiryOf(
  expiresAt: number,
  now: number,
): { readonly expires: true; readonly ttl: number } | Record<string, never> {
  if (expiresAt === 0) return {};
  // A time of 0 seconds would be none.
  return { expires: true, ttl: Math.max(1, Math.ceil(expiresAt - now / 1000)) };
}
