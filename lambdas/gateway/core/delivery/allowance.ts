import { type ChannelSize, GRANT_MS, type PostBudget } from '../limits/post-budget';
import type { Clock } from '../ports';

/** Posts that are asked for at once: as many as a drain makes in some milliseconds. */
const MOST_TOGETHER = 100;
const FEWEST_TOGETHER = 10;

/** How long a round waits for its next posts; its partition is then left to a wake, which takes a second. */
const PATIENCE_MS = 500;

/**
 * Rests before the budget is asked again: so long that many who wait do not ask all the time, so short that a bucket does not
 * stand full meanwhile, for a large channel's share of it fills within 30 ms.
 */
const REST_MS = 20;
const LONGEST_REST_MS = 40;

export interface AllowanceParts {
  readonly budget: PostBudget;
  readonly clock: Clock;
}

/**
 * What the posts of one round take of the budget, some at a time. Where nothing is granted, fewer are in flight: whoever has
 * none waits, and half as many are asked for.
 */
export class Allowance {
  readonly #parts: AllowanceParts;
  readonly #size: ChannelSize;
  readonly #inTime: () => boolean;
  /** Posts of the round that have not begun. */
  #posts: number;
  #together = MOST_TOGETHER;
  #granted = 0;
  #goodUntil = 0;
  #restMs = REST_MS;
  #askAt = 0;
  #isOver = false;
  #waiting: Promise<void> | undefined;

  /** @param inTime whether posts of the round may begin */
  constructor(parts: AllowanceParts, posts: number, size: ChannelSize, inTime: () => boolean) {
    this.#parts = parts;
    this.#posts = posts;
    this.#size = size;
    this.#inTime = inTime;
  }

  /** Asks for the first posts, and waits for no more than the answer. */
  async ask(): Promise<void> {
    if (this.#posts > 0) await this.#take();
  }

  /** Whether a post may begin, now or after a while. False: none of this round any more. */
  async ready(): Promise<boolean> {
    while (!this.#has()) {
      if (this.#isOver || this.#posts === 0 || !this.#inTime()) return false;
      this.#waiting ??= this.#wait().finally(() => {
        this.#waiting = undefined;
      });
      await this.#waiting;
    }
    return true;
  }

  /** Takes one post, which must begin at once; false as with `ready`. */
  async next(): Promise<boolean> {
    while (await this.ready()) {
      // Others waited for the same answer.
      if (!this.#has()) continue;
      this.#granted--;
      this.#posts--;
      return true;
    }
    return false;
  }

  #has(): boolean {
    if (this.#granted > 0 && this.#parts.clock.now() >= this.#goodUntil) {
      this.#granted = 0;
      this.#askLess();
    }
    return this.#granted > 0;
  }

  async #wait(): Promise<void> {
    const { clock } = this.#parts;
    const endsAt = clock.now() + PATIENCE_MS;
    while (!this.#has()) {
      this.#isOver = Math.max(clock.now(), this.#askAt) >= endsAt;
      if (this.#isOver || !this.#inTime()) return;
      if (this.#askAt > clock.now()) await clock.sleep(this.#askAt - clock.now());
      await this.#take();
    }
  }

  async #take(): Promise<void> {
    const { budget, clock } = this.#parts;
    this.#goodUntil = clock.now() + GRANT_MS;
    const { posts, waitMs } = await budget.take(Math.min(this.#posts, this.#together), this.#size);
    this.#granted = posts;
    if (posts > 0) return;
    this.#askLess();
    this.#askAt = clock.now() + Math.max(waitMs, this.#restMs);
    this.#restMs = LONGEST_REST_MS;
  }

  #askLess(): void {
    this.#together = Math.max(FEWEST_TOGETHER, Math.floor(this.#together / 2));
  }
}
