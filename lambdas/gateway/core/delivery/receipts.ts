import { USER_NAMESPACE } from '../../../contract/channel';

/** Publications of an epoch that a socket took: those after an offset, up to another. */
export interface Taken {
  readonly epoch: string;
  readonly after: number;
  readonly upTo: number;
}

/** Who notes: a partition, and a token that a repeat brings again. */
export interface Counter {
  readonly epoch: string;
  readonly partition: number;
  readonly token: string;
}

/** What is known of a publication to a user. */
export interface Receipt {
  /** Posts of it that the gateway took. */
  readonly sockets: number;
  /** Every partition has posted it to whom it could. */
  readonly complete: boolean;
  /** Nobody stands in the channel who may yet take it. */
  readonly nobody: boolean;
}

/** How many sockets took what was published to users. */
export interface Receipts {
  /** Notes how many sockets took each offset, 0 included. */
  note(channel: string, counter: Counter, counts: ReadonlyMap<number, number>): Promise<void>;
  /** Undefined: it is in no log, or nobody remembers. Known for as long as idempotency keys. */
  of(channel: string, idempotencyKey: string): Promise<Receipt | undefined>;
}

/** Only for these it is counted who takes what: others have no one receiver. */
export function hasReceipts(channel: string): boolean {
  return channel.startsWith(`${USER_NAMESPACE}:#`);
}

/** As many as a log keeps at least: more are not posted at once. */
const MOST_OFFSETS = 300;

/** How many sockets took each offset after `cursor`, and each that one of them took; the newest where there are too many. */
export function countTaken(
  { after, upTo }: Omit<Taken, 'epoch'>,
  taken: readonly Omit<Taken, 'epoch'>[],
): ReadonlyMap<number, number> {
  const first = taken.reduce((lowest, range) => Math.min(lowest, range.after), after) + 1;
  const counts = new Map<number, number>();
  for (let offset = Math.max(first, upTo - MOST_OFFSETS + 1); offset <= upTo; offset++) {
    const count = taken.filter((range) => range.after < offset && offset <= range.upTo).length;
    if (count > 0 || offset > after) counts.set(offset, count);
  }
  return counts;
}
