import { causeOf } from '../../../contract/log';
import type { Log } from '../ports';
import { type Counter, countTaken, hasReceipts, type Receipts, type Taken } from './receipts';

/**
 * Notes what sockets of users took. Never rejects: what is not noted counts as not taken, and whoever wants to know is told so once
 * too often rather than never.
 */
export class ReceiptNotes {
  readonly #parts: { readonly receipts: Pick<Receipts, 'note'>; readonly log: Log };

  constructor(parts: { readonly receipts: Pick<Receipts, 'note'>; readonly log: Log }) {
    this.#parts = parts;
  }

  /** What came of posts of the publications after an offset, up to another; `taken` may begin before it. */
  async add(
    channel: string,
    counter: Counter,
    posted: Pick<Taken, 'after' | 'upTo'>,
    taken: readonly Taken[],
  ): Promise<void> {
    if (!hasReceipts(channel)) return;
    const counts = countTaken(posted, taken);
    if (counts.size === 0) return;
    try {
      await this.#parts.receipts.note(channel, counter, counts);
    } catch (error) {
      const { partition } = counter;
      this.#parts.log('warn', 'receipts not noted', { channel, partition, ...causeOf(error) });
    }
  }

  /** What one socket took by itself. */
  addOne(channel: string, counter: Omit<Counter, 'epoch'>, taken: Taken): Promise<void> {
    return this.add(channel, { ...counter, epoch: taken.epoch }, taken, [taken]);
  }
}
