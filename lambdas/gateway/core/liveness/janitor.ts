import { inParallel } from '../parallel';
import type { Clock, Log } from '../ports';
import type { Caretaker } from './caretaker';
import { type Claim, DUE_SHARDS, type DueSet } from './due-set';

/** A run begins nothing after this; what it has begun by then takes some seconds, and its function ends after a minute. */
export const RUN_MS = 40_000;

/** Connections of one shard that are claimed at once. What time is not left for waits until the end of the claim. */
export const CLAIMS = 50;
/** As many as are looked at soon after, and how many of them are asked at once. */
const SHARDS_PER_ROUND = 64;
const SHARDS_AT_ONCE = 16;

/** As many as there are sockets for posts. */
const LOOKS_AT_ONCE = 64;

/**
 * Looks of a run per second, each of which may be a post. 100,000 idle connections need 240; the account's quota of 10,000
 * requests per second is for everything.
 */
export const LOOKS_PER_SECOND = 500;

export interface JanitorParts {
  readonly due: DueSet;
  readonly caretaker: Pick<Caretaker, 'look'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Which part of all connections a run looks after: those of the shards whose number leaves `index` when divided by `of`. */
export interface Beat {
  readonly of: number;
  readonly index: number;
}

/** Looks after connections whose time has come. Any number of runs may work at once; each connection is claimed by one. */
export class Janitor {
  readonly #parts: JanitorParts;

  constructor(parts: JanitorParts) {
    this.#parts = parts;
  }

  /** Works until nothing is due or its time is over; answers how many it looked at. Rejects where Redis fails. */
  async run({ of, index }: Beat): Promise<number> {
    const { due, clock, log } = this.#parts;
    const pace = new Pace(clock);
    const shards = shardsOf({ of, index }, clock.now());
    while (shards.length > 0 && !pace.over) {
      const some = shards.splice(0, SHARDS_PER_ROUND);
      const claims = await inParallel(some, SHARDS_AT_ONCE, (shard) => due.claim(shard, clock.now(), CLAIMS));
      await this.#lookAtAll(claims.flat(), pace);
      // More may be due in a shard that gave all that was asked for.
      shards.push(...some.filter((_, position) => claims[position]?.length === CLAIMS));
    }
    if (shards.length > 0) log('warn', 'no time left for connections that are due', { of, index });
    return pace.looks;
  }

  async #lookAtAll(claims: readonly Claim[], pace: Pace): Promise<void> {
    for (let from = 0; from < claims.length && !pace.over; from += LOOKS_AT_ONCE) {
      const some = claims.slice(from, from + LOOKS_AT_ONCE);
      await this.#lookAt(some);
      await pace.keep(some.length);
    }
  }

  async #lookAt(claims: readonly Claim[]): Promise<void> {
    const { due, caretaker } = this.#parts;
    const settlements = await inParallel(claims, LOOKS_AT_ONCE, async (claim) => ({
      claim,
      at: Math.round(await caretaker.look(claim.connection)),
    }));
    await due.settle(settlements);
  }
}

/** The shards of a beat; each run begins with another, so that where time runs out it is not always for the same. */
function shardsOf({ of, index }: Beat, now: number): number[] {
  const own = Array.from({ length: DUE_SHARDS }, (_, shard) => shard).filter((shard) => shard % of === index);
  const begin = Math.floor(now / 1000) % own.length;
  return [...own.slice(begin), ...own.slice(0, begin)];
}

/** How fast a run goes, and how long. */
class Pace {
  readonly #clock: Clock;
  readonly #begunAt: number;
  looks = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#begunAt = clock.now();
  }

  get over(): boolean {
    return this.#clock.now() - this.#begunAt >= RUN_MS;
  }

  /** Counts looks, and waits where they came faster than `LOOKS_PER_SECOND`. */
  async keep(looks: number): Promise<void> {
    this.looks += looks;
    const ahead = this.#begunAt + (this.looks / LOOKS_PER_SECOND) * 1000 - this.#clock.now();
    if (ahead > 0) await this.#clock.sleep(ahead);
  }
}
