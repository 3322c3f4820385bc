import type { Clock, PostOutcome } from '../ports';

interface Running {
  readonly slowAt: number;
  readonly isSlow: () => void;
}

/**
 * Tells slow posts of a round from the others. One timer runs for all of them: a timer and an AbortController for each post would
 * cost a quarter of its CPU.
 */
export class SlowPosts {
  readonly #clock: Clock;
  readonly #limitMs: number;
  /** In the order of their begin, and so of their time. */
  readonly #running = new Set<Running>();
  readonly #ended = new AbortController();
  #watching = false;

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /** The outcome of a post that begins now, or undefined where it takes longer than the limit. */
  unlessSlow(posting: Promise<PostOutcome>): Promise<PostOutcome | undefined> {
    return new Promise((resolve) => {
      const running = { slowAt: this.#clock.now() + this.#limitMs, isSlow: () => resolve(undefined) };
      this.#running.add(running);
      void posting.then((outcome) => {
        this.#running.delete(running);
        resolve(outcome);
      });
      if (!this.#watching) void this.#watch();
    });
  }

  /** The round is over. */
  end(): void {
    this.#ended.abort();
  }

  async #watch(): Promise<void> {
    this.#watching = true;
    while (this.#running.size > 0) {
      const [oldest] = this.#running;
      const milliseconds = (oldest?.slowAt ?? 0) - this.#clock.now();
      try {
        if (milliseconds > 0) await this.#clock.sleep(milliseconds, this.#ended.signal);
      } catch {
        return;
      }
      for (const running of this.#running) {
        if (running.slowAt > this.#clock.now()) break;
        this.#running.delete(running);
        running.isSlow();
      }
    }
    this.#watching = false;
  }
}
