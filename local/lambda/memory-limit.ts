import { memoryOf } from './process-memory';

const MB = 1024 * 1024;
const LOOK_EVERY_MS = 100;
/** Nobody fills a sandbox within this. */
const FRESH_MS = 20;

/**
 * Watches over the memory of a sandbox's process while it works: every so often, and at the end of an invocation. What its own children
 * use is not counted.
 */
export class MemoryLimit {
  readonly #limitBytes: number;
  readonly #exceeded: () => void;
  #pid = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #peak = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param exceeded is called while an invocation runs */
  constructor(limitMb: number, exceeded: () => void) {
    this.#limitBytes = limitMb * MB;
    this.#exceeded = exceeded;
  }

  /** The most that was seen in whole megabytes, at most the limit; 0 where the system does not tell. */
  get peakMb(): number {
    return Math.ceil(Math.min(this.#peak, this.#limitBytes) / MB);
  }

  begin(pid: number): void {
    this.#pid = pid;
    this.#timer = setInterval(() => {
      if (!this.#isKept()) this.#exceeded();
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** @returns whether the limit is kept */
  end(): boolean {
    clearInterval(this.#timer);
    return performance.now() - this.#lookedAt < FRESH_MS || this.#isKept();
  }

  #isKept(): boolean {
    this.#lookedAt = performance.now();
    const memory = memoryOf(this.#pid);
    if (memory === undefined) return true;
    this.#peak = Math.max(this.#peak, memory.peak);
    return memory.resident <= this.#limitBytes;
  }
}
