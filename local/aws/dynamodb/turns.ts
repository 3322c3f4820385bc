/** Work that may run at once, and work that runs alone: it waits for what is under way, and what comes waits for it. */
export class Turns {
  readonly #running = new Set<Promise<unknown>>();
  #alone: Promise<unknown> = Promise.resolve();

  async together<Result>(work: () => Promise<Result>): Promise<Result> {
    // Another one may have come while this waited.
    for (let waited: unknown; waited !== this.#alone; await waited) waited = this.#alone;
    return this.#run(work);
  }

  async alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#alone.then(async () => {
      await Promise.allSettled([...this.#running]);
      return work();
    });
    this.#alone = turn.catch(() => undefined);
    return turn;
  }

  async #run<Result>(work: () => Promise<Result>): Promise<Result> {
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }
}
