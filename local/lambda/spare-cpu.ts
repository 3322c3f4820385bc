import os from 'node:os';

/** A look at the clocks costs a fraction of a millisecond, and says nothing over a shorter time. */
const WINDOW_MS = 50;
/** Share of all cores. */
const ENOUGH_IDLE = 0.1;

/** Whether the machine has had CPU to spare in the last moments. */
export class SpareCpu {
  #former = clocks();
  #lookedAt = performance.now();
  #spare = true;

  get some(): boolean {
    const now = performance.now();
    if (now - this.#lookedAt < WINDOW_MS) return this.#spare;
    const current = clocks();
    const total = current.total - this.#former.total;
    // The clocks tick slowly; without a tick nothing is known.
    if (total > 0) {
      this.#spare = (current.idle - this.#former.idle) / total > ENOUGH_IDLE;
      this.#former = current;
      this.#lookedAt = now;
    }
    return this.#spare;
  }
}

/** Milliseconds that all cores together have been idle, and in all. */
function clocks(): { readonly idle: number; readonly total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of os.cpus()) {
    idle += times.idle;
    total += times.idle + times.user + times.nice + times.sys + times.irq;
  }
  return { idle, total };
}
