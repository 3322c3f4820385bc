/** setTimeout fires at once for anything longer; the wake-up then finds nothing due and sets the next. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** One timer for the earliest of several times. It does not keep the process alive. */
export class WakeTimer {
  readonly #now: () => number;
  readonly #wake: () => void;
  #timer: NodeJS.Timeout | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor(now: () => number, wake: () => void) {
    this.#now = now;
    this.#wake = wake;
  }

  /** Wakes at `at`, unless an earlier time is set already. */
  wakeAt(at: number): void {
    if (at >= this.#at) return;
    this.stop();
    this.#at = at;
    const delay = Math.min(Math.max(0, at - this.#now()), LONGEST_TIMEOUT_MS);
    this.#timer = setTimeout(() => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#wake();
    }, delay);
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#at = Number.POSITIVE_INFINITY;
  }
}
