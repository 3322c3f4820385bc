import { causeOf } from '../../../contract/log';
import type { Membership } from '../connections/connection';
import { LOCK_MS } from '../delivery/times';
import { inParallel } from '../parallel';
import type { PendingSubscription } from './answer';
import type { SubscriptionParts } from './parts';

/** How long an unsubscribe waits for a drain; clients give up after 5 s. */
const WAIT_MS = 3_000;
const POLL_MS = 50;

/** How long the reply of a failed subscribe waits for its tidying: with a script's three seconds less than clients wait. */
const TIDY_MS = 1_000;
const TIDIES_AT_ONCE = 16;

/** How long the mark of an unsubscribe that died keeps the channel: no post of a drain is out for longer. */
const LEAVING_MS = LOCK_MS + 1_000;

/** By then the lock of a drain that died is over. */
const LEFT_WAKE_SECONDS = Math.ceil(LEAVING_MS / 1000);

/** How subscriptions end while their connection goes on. */
export class SubscriptionEnds {
  readonly #parts: SubscriptionParts;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
  }

  /**
   * Gives a subscription up that did not get as far as its reply, as well as Redis lets it: what stays ends by its own
   * deadline. Never rejects.
   */
  async giveUp(connection: string, membership: Membership): Promise<void> {
    const { connections, partitions, departures, roster } = this.#parts;
    const { channel, partition, nonce } = membership;
    await this.#tidy(connection, [
      async () => {
        if (partition === undefined) return;
        const left = await partitions.leave(channel, partition, connection, nonce);
        // Whether it joined or not, the place was reserved; of one that is kept, the drain gives it back.
        if (left !== 'kept') await departures.vacate(channel, partition, 1);
      },
      async () => {
        await connections.drop(connection, channel, nonce);
      },
      () => roster.leave(connection, membership),
    ]);
  }

  /** Gives a channel back that is held by that nonce, as well as Redis lets it. Never rejects. */
  async release(connection: string, channel: string, nonce: string): Promise<void> {
    const { connections } = this.#parts;
    await this.#tidy(connection, [
      async () => {
        await connections.drop(connection, channel, nonce);
      },
    ]);
  }

  /** Gives subscriptions back that no reply will tell of, as well as Redis lets it. Never rejects. */
  async undo(connection: string, subscriptions: readonly PendingSubscription[]): Promise<void> {
    const { connections, departures, roster } = this.#parts;
    await this.#tidy(
      connection,
      subscriptions.map((membership) => async () => {
        await departures.leave(connection, membership);
        await connections.drop(connection, membership.channel, membership.nonce);
        await roster.leave(connection, membership);
      }),
    );
  }

  /**
   * Ends a subscription and waits until no drain can post to it any more, so that what follows is not mixed with it. Answers
   * whether that is known; never rejects.
   */
  async unsubscribe(connection: string, channel: string): Promise<boolean> {
    const { connections, departures, roster, wakes, clock, log } = this.#parts;
    try {
      const membership = await connections.leave(connection, channel, clock.now() + LEAVING_MS);
      if (membership === undefined) return true;
      const endsAt = clock.now() + WAIT_MS;
      await roster.leave(connection, membership);
      while ((await departures.leave(connection, membership)) === 'kept') {
        if (clock.now() >= endsAt) {
          // The mark stays: a next subscribe waits for its end. Whoever held the partition may be dead.
          const { partition = 0 } = membership;
          await wakes.send({ v: 1, type: 'drain', channel, partition }, LEFT_WAKE_SECONDS);
          return true;
        }
        await clock.sleep(POLL_MS);
      }
      await connections.drop(connection, channel, membership.nonce);
      return true;
    } catch (error) {
      log('warn', 'unsubscribe not completed', { connection, ...causeOf(error) });
      return false;
    }
  }

  /** Runs all, waits for them as long as a reply may still be in time, and never rejects. */
  async #tidy(connection: string, steps: readonly (() => Promise<void>)[]): Promise<void> {
    const { clock, log } = this.#parts;
    const ended = inParallel(steps, TIDIES_AT_ONCE, async (step) => {
      try {
        await step();
      } catch (error) {
        log('warn', 'subscription not given up completely', { connection, ...causeOf(error) });
      }
    });
    const waiting = new AbortController();
    await Promise.race([ended, clock.sleep(TIDY_MS, waiting.signal)]);
    waiting.abort();
  }
}
