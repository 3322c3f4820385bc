import { setTimeout as sleep } from 'node:timers/promises';
import { AwsServiceError, TransportError } from './errors';

/** How often and for how long a call is tried. */
export interface Patience {
  readonly attempts: number;
  readonly attemptMs: number;
  /** All attempts and the pauses between them. */
  readonly totalMs: number;
}

/** Longest pause before the second attempt; it doubles with each, and the pause is a random part of it. */
const PAUSE_MS = 100;

/** The same where the service says that it is asked too much. */
const THROTTLED_PAUSE_MS = 300;

/** An attempt with less time than this would only be one more request that nobody waits for. */
export const LEAST_ATTEMPT_MS = 50;

/** What services call a throttle that does not come with status 429. */
const THROTTLES = new Set([
  'BandwidthLimitExceeded',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

export function isThrottle(error: unknown): boolean {
  return error instanceof AwsServiceError && (error.status === 429 || THROTTLES.has(error.code));
}

/** Whether the next attempt may end otherwise: all but an answer that says what is wrong with the request. */
export function isTransient(error: unknown): boolean {
  if (error instanceof AwsServiceError) return error.status >= 500 || isThrottle(error);
  return error instanceof TransportError;
}

function longestPause(error: unknown, attempts: number): number {
  return (isThrottle(error) ? THROTTLED_PAUSE_MS : PAUSE_MS) * 2 ** (attempts - 1);
}

/**
 * Calls `attempt` with the milliseconds that it has, until it succeeds or another try is not worth it. Rejects as the last
 * attempt did. `mayRepeat` says after which errors the call bears a repeat.
 */
export async function withRetries<Result>(
  patience: Patience,
  attempt: (milliseconds: number) => Promise<Result>,
  mayRepeat: (error: unknown) => boolean = isTransient,
): Promise<Result> {
  const endsAt = Date.now() + patience.totalMs;
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt(Math.min(patience.attemptMs, endsAt - Date.now()));
    } catch (error) {
      const pause = Math.random() * longestPause(error, attempts);
      const isTime = Date.now() + pause + LEAST_ATTEMPT_MS < endsAt;
      if (attempts >= patience.attempts || !isTime || !mayRepeat(error)) throw error;
      await sleep(pause);
    }
  }
}
