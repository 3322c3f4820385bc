import type { Clock } from './ports';

export interface CachedOptions<Value> {
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly fetch: () => Promise<Value>;
  /** A fetch failed and the former value was served. */
  readonly onStale: (error: unknown) => void;
}

/** How long a source that failed is left alone while a former value serves. */
const RETRY_MS = 5_000;

/** How long its failure stands where there is none: one time-out is not waited for by every command of a frame. */
const FAILURE_MS = 1_000;

/** One value that is fetched again when it is old: one fetch at a time, and the former value while fetches fail. */
export class Cached<Value> {
  readonly #options: CachedOptions<Value>;
  #held: { readonly value: Value; readonly at: number } | undefined;
  #fetching: Promise<Value> | undefined;
  #failed: { readonly error: unknown; readonly at: number } | undefined;

  constructor(options: CachedOptions<Value>) {
    this.#options = options;
  }

  /** The value, at most `maxAgeMs` old. Rejects where none was ever fetched and the fetch fails or just failed. */
  async get(maxAgeMs = this.#options.ttlMs): Promise<Value> {
    const held = this.#held;
    const now = this.#options.clock.now();
    if (held && now - held.at < maxAgeMs) return held.value;
    // A source that just failed is not asked again by every caller.
    if (this.#failed && now - this.#failed.at < (held ? RETRY_MS : FAILURE_MS)) {
      if (held) return held.value;
      throw this.#failed.error;
    }
    try {
      return await this.#fetch();
    } catch (error) {
      this.#failed = { error, at: this.#options.clock.now() };
      if (held === undefined) throw error;
      this.#options.onStale(error);
      return held.value;
    }
  }

  /** Holds a value that came another way, as if it had been fetched now. */
  put(value: Value): void {
    this.#held = { value, at: this.#options.clock.now() };
  }

  #fetch(): Promise<Value> {
    this.#fetching ??= this.#options
      .fetch()
      .then((value) => {
        this.#held = { value, at: this.#options.clock.now() };
        return value;
      })
      .finally(() => {
        this.#fetching = undefined;
      });
    return this.#fetching;
  }
}
