/** Posts in flight at the beginning and at most: what a partition of 500 members needs to be served in half a second. */
export const MOST_AT_ONCE = 64;

/** Replies go on also while the account is throttled. */
export const FEWEST_AT_ONCE = 4;

/** Added after a round that went well. */
const STEP = 4;

/** A round in which more than this share was refused or lost halves the limit; a client that reads slowly is less. */
const CONGESTED_SHARE = 0.1;

interface Waiting {
  readonly enter: (admitted: boolean) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * How many requests may be in flight, by what the service answers: fewer by half after a round with throttles and timeouts, some
 * more after a round without. A round is as many answers as may be in flight, so that one burst of throttles counts once.
 */
export class AdaptiveLimit {
  readonly #waiting = new Set<Waiting>();
  #limit = MOST_AT_ONCE;
  #running = 0;
  #answers = 0;
  #congested = 0;

  get limit(): number {
    return this.#limit;
  }

  /** Whether there was a place within the time; then `leave` must follow. In the order in which it was called. */
  async enter(milliseconds: number): Promise<boolean> {
    if (this.#running < this.#limit && this.#waiting.size === 0) {
      this.#running++;
      return true;
    }
    return new Promise((resolve) => {
      const waiting: Waiting = {
        enter: resolve,
        timer: setTimeout(() => {
          this.#waiting.delete(waiting);
          resolve(false);
        }, milliseconds),
      };
      this.#waiting.add(waiting);
    });
  }

  /** Gives a place back; `congested` where the service throttled the request or let it time out. */
  leave(congested: boolean): void {
    this.#running--;
    this.#answers++;
    if (congested) this.#congested++;
    if (this.#answers >= this.#limit) this.#endRound();
    for (const waiting of this.#waiting) {
      if (this.#running >= this.#limit) return;
      this.#waiting.delete(waiting);
      clearTimeout(waiting.timer);
      this.#running++;
      waiting.enter(true);
    }
  }

  #endRound(): void {
    const isCongested = this.#congested / this.#answers > CONGESTED_SHARE;
    this.#limit = isCongested
      ? Math.max(FEWEST_AT_ONCE, Math.floor(this.#limit / 2))
      : Math.min(MOST_AT_ONCE, this.#limit + STEP);
    this.#answers = 0;
    this.#congested = 0;
  }
}
