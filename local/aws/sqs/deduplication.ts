/** SQS remembers a deduplication id for five minutes, whether or not its message is deleted meanwhile. */
export const DEDUPLICATION_WINDOW_MS = 5 * 60_000;

interface Accepted {
  readonly messageId: string;
  readonly sequenceNumber: string;
}

/** Which sends of the last five minutes were accepted, by deduplication id. */
export class Deduplication {
  readonly #accepted = new Map<string, Accepted & { readonly until: number }>();

  find(key: string, now: number): Accepted | undefined {
    // Entries are in the order of their ends, the window being the same for all.
    for (const [old, entry] of this.#accepted) {
      if (entry.until > now) break;
      this.#accepted.delete(old);
    }
    return this.#accepted.get(key);
  }

  remember(key: string, accepted: Accepted, now: number): void {
    this.#accepted.set(key, { ...accepted, until: now + DEDUPLICATION_WINDOW_MS });
  }
}
