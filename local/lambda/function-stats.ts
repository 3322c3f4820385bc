/** Counts since the host started. */
export interface FunctionStats {
  readonly invocations: number;
  /** Invocations that ended in a function error of any kind. */
  readonly errors: number;
  readonly timeouts: number;
  /** Sandboxes that died, or were killed from outside, with an invocation in flight. */
  readonly diedInFlight: number;
  readonly sandboxesStarted: number;
  readonly inflight: number;
}

type Counts = { -readonly [key in keyof FunctionStats]: number };

/** Counts of every function, by name. */
export class StatsBook {
  readonly #stats = new Map<string, Counts>();

  of(name: string): Counts {
    const known = this.#stats.get(name);
    if (known !== undefined) return known;
    const fresh: Counts = {
      invocations: 0,
      errors: 0,
      timeouts: 0,
      diedInFlight: 0,
      sandboxesStarted: 0,
      inflight: 0,
    };
    this.#stats.set(name, fresh);
    return fresh;
  }
}
