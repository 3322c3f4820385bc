import { setTimeout as sleep } from 'node:timers/promises';

/** Lets so many pass in a second, evenly; the others wait in line. */
export class Pacer {
  readonly #everyMs: number;
  #next = 0;

  constructor(perSecond: number) {
    this.#everyMs = 1000 / perSecond;
  }

  /** Rejects when `signal` aborts. */
  async turn(signal: AbortSignal): Promise<void> {
    const now = performance.now();
    const at = Math.max(now, this.#next);
    this.#next = at + this.#everyMs;
    if (at > now) await sleep(at - now, undefined, { signal });
  }
}
