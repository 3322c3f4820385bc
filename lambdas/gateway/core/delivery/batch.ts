import type { Redriven } from '../../../contract/dead-letters';
import type { Authorization } from '../../../contract/delivery';
import type { Timers } from '../ports';
import type { CourierMessage } from './messages';
import type { PublisherReply } from './publisher-replies';

/** A message of either queue, as the event source mapping hands it over. */
export interface CourierRecord {
  readonly messageId: string;
  readonly body: string;
  /** Group of a FIFO message: the rest of a group must not overtake a failed one. */
  readonly group: string | undefined;
  /** How often the queue has handed it out, this time included. */
  readonly receives: number;
  /** Epoch ms at which it came into the queue: later than it was published where it was redriven. */
  readonly sentAt: number;
  /** Unique id of the role that sent it, where a role did. */
  readonly role?: string | undefined;
  /** It was a dead letter; `forced`: it is to be published also where it may have been before. */
  readonly redriven?: Redriven | undefined;
}

export interface Received {
  readonly record: CourierRecord;
  readonly message: CourierMessage;
}

/** A partition to drain, and the messages that asked for it. */
export interface DrainOrder {
  readonly channel: string;
  readonly partition: number;
  /** Publications that are in the log now. */
  readonly appended: CourierRecord[];
  readonly wakes: CourierRecord[];
}

/** A timer that has run out. */
export interface Timer {
  readonly record: CourierRecord;
  readonly wake: Timers[keyof Timers];
}

/** A channel that was appended to. */
export interface Growth {
  /** Delivery partitions that the channel has. */
  partitions: number;
  /** 0: what was appended is posted at once. */
  flushEverySeconds: number;
  readonly appended: CourierRecord[];
}

/** Messages of a batch that came full: as many as a FIFO queue hands a function at most. */
export const FULL_BATCH = 10;

/** What a batch comes to while a courier works on it. */
export class Batch {
  readonly #records: readonly CourierRecord[];
  readonly #failed = new Set<CourierRecord>();
  readonly #drains = new Map<string, DrainOrder>();
  readonly #growths = new Map<string, Growth>();
  readonly replies: PublisherReply[] = [];
  readonly timers: Timer[] = [];
  readonly authorizations: Authorization[] = [];

  constructor(records: readonly CourierRecord[]) {
    this.#records = records;
  }

  get drains(): readonly DrainOrder[] {
    return [...this.#drains.values()];
  }

  get growths(): readonly (readonly [channel: string, Growth])[] {
    return [...this.#growths];
  }

  /**
   * A full batch with several publications of a channel: more of them wait behind it, and get no further before it is done.
   * So it is not held up by a drain of that channel; a wake drains, and its rounds take what came meanwhile together.
   */
  isPressed({ appended }: Growth): boolean {
    return this.#records.length >= FULL_BATCH && appended.length > 1;
  }

  fail(records: readonly CourierRecord[]): void {
    for (const record of records) this.#failed.add(record);
  }

  woken(channel: string, partition: number, record: CourierRecord): void {
    this.#drain(channel, partition).wakes.push(record);
  }

  /** After the appends: channels whose first partition this batch drains itself. */
  drainAppended(): void {
    for (const [channel, growth] of this.#growths) {
      if (growth.flushEverySeconds > 0 || this.isPressed(growth)) continue;
      this.#drain(channel, 0).appended.push(...growth.appended);
    }
  }

  appended(
    channel: string,
    { partitions, flushEverySeconds }: Pick<Growth, 'partitions' | 'flushEverySeconds'>,
    record: CourierRecord,
  ): void {
    const growth = this.#growths.get(channel) ?? { partitions: 0, flushEverySeconds, appended: [] };
    this.#growths.set(channel, growth);
    growth.partitions = Math.max(growth.partitions, partitions);
    growth.flushEverySeconds = flushEverySeconds;
    growth.appended.push(record);
  }

  /** Ids of the messages that failed, and of what follows them in their groups. */
  failedIds(): readonly string[] {
    const blocked = new Set<string>();
    return this.#records
      .filter((record) => {
        const { group } = record;
        const fails = this.#failed.has(record) || (group !== undefined && blocked.has(group));
        if (fails && group !== undefined) blocked.add(group);
        return fails;
      })
      .map(({ messageId }) => messageId);
  }

  #drain(channel: string, partition: number): DrainOrder {
    const key = `${partition}:${channel}`;
    const order = this.#drains.get(key) ?? { channel, partition, appended: [], wakes: [] };
    this.#drains.set(key, order);
    return order;
  }
}

/**
 * Messages that have to be taken one after the other: those of a group, and without group the publications of a channel, whose
 * order is then that of the batch.
 */
export function lanesOf(received: readonly Received[]): readonly (readonly Received[])[] {
  const lanes = new Map<string, Received[]>();
  for (const item of received) {
    const { record, message } = item;
    const channel = message.type === 'publication' ? `channel ${message.channel}` : undefined;
    const key = record.group ?? channel ?? `message ${record.messageId}`;
    lanes.set(key, [...(lanes.get(key) ?? []), item]);
  }
  return [...lanes.values()];
}

/** Messages of a lane that are taken together. */
export interface LaneRun {
  /** Channel of its publications; undefined: it is one message of another type. */
  readonly channel: string | undefined;
  readonly first: Received;
  readonly items: readonly Received[];
  /** Its own messages and all behind it in the lane. */
  readonly andAllAfter: readonly Received[];
}

/** Publications of a channel that follow each other are one run; any other message is one by itself. */
export function runsOf(lane: readonly Received[]): readonly LaneRun[] {
  const runs: LaneRun[] = [];
  let begin = 0;
  while (begin < lane.length) {
    const channel = channelOf(lane[begin]);
    let end = begin + 1;
    while (channel !== undefined && end < lane.length && channelOf(lane[end]) === channel) end++;
    const items = lane.slice(begin, end);
    const [first] = items;
    if (first) runs.push({ channel, first, items, andAllAfter: lane.slice(begin) });
    begin = end;
  }
  return runs;
}

function channelOf(received: Received | undefined): string | undefined {
  return received?.message.type === 'publication' ? received.message.channel : undefined;
}
