import type { ReceivedMessage } from './message';

interface Poll {
  readonly receive: () => ReceivedMessage[];
  readonly finish: (messages: ReceivedMessage[]) => void;
}

/** Receives that wait for a message, the longest-waiting first. */
export class LongPolls {
  readonly #polls = new Set<Poll>();
  #serving = false;

  /**
   * Resolves with what `receive` finds when `serve` reaches this poll, or with nothing after `waitMs` or when `signal`
   * aborts.
   */
  wait(
    receive: () => ReceivedMessage[],
    waitMs: number,
    signal: AbortSignal | undefined,
  ): Promise<ReceivedMessage[]> {
    if (signal?.aborted) return Promise.resolve([]);
    return new Promise((resolve) => {
      const giveUp = (): void => poll.finish([]);
      const timer = setTimeout(giveUp, waitMs);
      const poll: Poll = {
        receive,
        finish: (messages) => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', giveUp);
          this.#polls.delete(poll);
          resolve(messages);
        },
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#polls.add(poll);
    });
  }

  /** Offers messages to the polls once the current call is over, so that a batch reaches one poll as a batch. */
  serve(): void {
    if (this.#serving || this.#polls.size === 0) return;
    this.#serving = true;
    queueMicrotask(() => {
      this.#serving = false;
      for (const poll of this.#polls) {
        const messages = poll.receive();
        if (messages.length === 0) return;
        poll.finish(messages);
      }
    });
  }

  close(): void {
    for (const poll of this.#polls) poll.finish([]);
  }
}
