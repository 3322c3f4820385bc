/**
 * Work that need not be done at once, one piece per turn of the event loop: a burst of it holds up nobody who came
 * after it for longer than one piece takes.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  readonly #idle: (() => void)[] = [];
  #scheduled = false;

  get pending(): number {
    return this.#waiting.length;
  }

  add(work: () => void): void {
    this.#waiting.push(work);
    this.#schedule();
  }

  /** Resolves when it is the caller's turn. */
  next(): Promise<void> {
    return new Promise((resolve) => this.add(resolve));
  }

  /** Resolves when nothing waits. */
  idle(): Promise<void> {
    if (this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Drops what waits. */
  close(): void {
    this.#waiting.length = 0;
    this.#settle();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#waiting.shift()?.();
      if (this.#waiting.length > 0) this.#schedule();
      else this.#settle();
    });
  }

  #settle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
