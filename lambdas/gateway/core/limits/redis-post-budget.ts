import { causeOf } from '../../../contract/log';
import { budgetKey } from '../keys';
import type { Clock, Log } from '../ports';
import { type ScriptRunner, textList } from '../redis-script';
import {
  type BudgetRates,
  budgetRates,
  type ChannelSize,
  type Granted,
  type PostBudget,
} from './post-budget';
import { take } from './scripts/take';

/** A grant that takes longer is worth nothing any more. */
const ANSWER_MS = 300;

/** How long nobody is asked after that. */
const AWAY_MS = 5_000;

/** Of an empty bucket, who wants many gets a part of it at a time, not single posts as they come. */
const FEWEST_SHARE = 8;

/** Posts that may be owed: after a second without replies everything goes on as before. */
const OWED_SECONDS = 1;

/** Redis did not say how much of the budget is left. */
class NoGrantError extends Error {
  override readonly name = 'NoGrantError';

  constructor() {
    super(`post budget: expected an answer within ${ANSWER_MS} ms, got none`);
  }
}

export interface RedisPostBudgetOptions {
  readonly postsPerSecond: number;
  readonly log: Log;
  /** @default - the key that all functions of the environment share */
  readonly key?: string;
}

/** The post budget in Redis: one key, of which drains take as much as they post in some milliseconds. */
export class RedisPostBudget implements PostBudget {
  readonly #scripts: ScriptRunner;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #rates: BudgetRates;
  readonly #key: string;
  #awayUntil = 0;

  constructor(scripts: ScriptRunner, clock: Clock, { postsPerSecond, log, key }: RedisPostBudgetOptions) {
    this.#scripts = scripts;
    this.#clock = clock;
    this.#log = log;
    this.#rates = budgetRates(postsPerSecond);
    this.#key = key ?? budgetKey();
  }

  async take(wanted: number, size: ChannelSize): Promise<Granted> {
    if (this.#clock.now() < this.#awayUntil) return { posts: wanted, waitMs: 0 };
    const burst = this.#rates.burst[size];
    const fewest = Math.min(wanted, Math.ceil(burst / FEWEST_SHARE));
    try {
      const [granted, paidInMs] = await this.#inTime(this.#run(wanted, burst, fewest, ''));
      const posts = Number(granted);
      if (posts > 0) return { posts, waitMs: 0 };
      const waitMs = Math.ceil(Number(paidInMs) - (burst - fewest) * this.#rates.eachMs);
      return { posts, waitMs: Math.max(1, waitMs) };
    } catch (error) {
      this.#away(error);
      return { posts: wanted, waitMs: 0 };
    }
  }

  spend(posts: number): void {
    if (posts === 0 || this.#clock.now() < this.#awayUntil) return;
    const owed = (OWED_SECONDS * 1000) / this.#rates.eachMs;
    this.#run(posts, this.#rates.burst.small, 0, owed).catch((error: unknown) => this.#away(error));
  }

  async #run(posts: number, burst: number, fewest: number, owed: number | ''): Promise<readonly string[]> {
    const args = [this.#clock.now(), this.#rates.eachMs, posts, burst, fewest, owed];
    return textList(take, await this.#scripts.run(take, [this.#key], args));
  }

  async #inTime<Value>(answer: Promise<Value>): Promise<Value> {
    const waiting = new AbortController();
    const late = this.#clock.sleep(ANSWER_MS, waiting.signal).then(() => {
      throw new NoGrantError();
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      // Whoever lost the race must not reject unheard.
      late.catch(() => undefined);
      answer.catch(() => undefined);
      waiting.abort();
    }
  }

  #away(error: unknown): void {
    if (this.#clock.now() < this.#awayUntil) return;
    this.#awayUntil = this.#clock.now() + AWAY_MS;
    this.#log('warn', 'post budget not known, posts go on without it', causeOf(error));
  }
}
