import { type Authorization, type Delivery, deliveryGroupId } from '../../../contract/delivery';
import type { Reply } from '../../../contract/frames';
import { causeOf } from '../../../contract/log';
import { traceIdOf } from '../../../contract/trace';
import { announceReceipt } from '../lifecycle/announce';
import type { PostBudget } from '../limits/post-budget';
import { inParallel } from '../parallel';
import type { Clock, Log, Poster, Registry, Senders, TimerHandlers, Timers, WakeQueue } from '../ports';
import {
  Batch,
  type CourierRecord,
  type DrainOrder,
  type Growth,
  type LaneRun,
  lanesOf,
  type Received,
  runsOf,
  type Timer,
} from './batch';
import type { Appended, Channels } from './channels';
import type { Drain } from './drain';
import { LogWriter, type ReceivedDelivery } from './log-writer';
import { type CourierMessage, parseMessage } from './messages';
import { type Partitions, WAKE_RENEWAL_MS } from './partitions';
import { postReplies } from './publisher-replies';
import { type DeadLetters, type DeliveryRefusal, unreadable } from './refusals';
import { SenderCheck } from './sender-check';
import { COURIER_BUDGET_MS } from './times';

export type { CourierRecord } from './batch';

/** Channels of a batch that are worked on at once; each drain posts in parallel by itself. */
const CHANNELS_AT_ONCE = 4;

/** A batch has at most ten messages: no timer waits for another. */
const TIMERS_AT_ONCE = 10;

/** Rest before a drain that failed is tried again. */
const RETRY_SECONDS = 1;

/** A message of the wakes queue is none; that queue puts it aside by itself, and nothing waits behind it. */
export class UnreadableWakeError extends Error {
  override readonly name = 'UnreadableWakeError';
}

/** A timer of a type that this courier has no handler for: a newer one's, during a deploy. It comes again. */
export class UnknownTimerError extends Error {
  override readonly name = 'UnknownTimerError';

  constructor(type: keyof Timers) {
    super(`timer: expected one with a handler, got ${type}`);
  }
}

export interface CourierParts {
  readonly channels: Channels;
  readonly partitions: Partitions;
  readonly registry: Registry & Senders;
  readonly drain: Drain;
  readonly timers: Partial<TimerHandlers>;
  readonly authorizations: { decide(authorization: Authorization): Promise<void> };
  readonly poster: Poster;
  readonly budget: Pick<PostBudget, 'spend'>;
  readonly wakes: WakeQueue;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  readonly log: Log;
}

/** Takes publications into the log, answers who made them, and drains. */
export class Courier {
  readonly #parts: CourierParts;
  readonly #writer: LogWriter;
  readonly #senders: SenderCheck;

  constructor(parts: CourierParts) {
    this.#parts = parts;
    this.#writer = new LogWriter(parts);
    this.#senders = new SenderCheck(parts.registry);
  }

  /**
   * Works on a batch of either queue and answers the ids of the messages that have to be delivered again: those that failed for
   * now, and what follows them in their groups. What can never be appended is put aside and blocks nothing.
   */
  async handle(records: readonly CourierRecord[]): Promise<readonly string[]> {
    const endsAt = this.#parts.clock.now() + COURIER_BUDGET_MS;
    const batch = new Batch(records);
    const received = records.map((record) => ({ record, message: parseMessage(record.body) }));
    await inParallel(lanesOf(received), CHANNELS_AT_ONCE, (lane) => this.#takeAll(lane, batch));
    batch.drainAppended();
    // Replies come after the appends, since published means readable, and hold up no drain.
    await Promise.all([
      postReplies(this.#parts, batch.replies, endsAt),
      inParallel(batch.growths, CHANNELS_AT_ONCE, ([channel, growth]) =>
        this.#wakeLater(channel, growth, batch),
      ),
      inParallel(batch.drains, CHANNELS_AT_ONCE, (order) => this.#drain(order, endsAt, batch)),
      inParallel(batch.timers, TIMERS_AT_ONCE, (timer) => this.#runTimer(timer, batch)),
      inParallel(batch.authorizations, TIMERS_AT_ONCE, (authorization) =>
        this.#parts.authorizations.decide(authorization),
      ),
    ]);
    return batch.failedIds();
  }

  /** Takes messages in their order, as far as that goes. */
  async #takeAll(lane: readonly Received[], batch: Batch): Promise<void> {
    for (const run of runsOf(lane)) {
      try {
        await this.#takeRun(run, batch);
      } catch (error) {
        const { record, message } = run.first;
        this.#parts.log('error', 'message not taken', {
          messageId: record.messageId,
          ...traceOf(message),
          ...causeOf(error),
        });
        batch.fail(run.andAllAfter.map((rest) => rest.record));
        return;
      }
    }
  }

  async #takeRun({ channel, items }: LaneRun, batch: Batch): Promise<void> {
    const permitted = await this.#permitted(items, batch);
    if (channel === undefined) {
      for (const { record, message } of permitted) await this.#take(record, message, batch);
      return;
    }
    const deliveries = permitted.flatMap(({ record, message }) =>
      message.type === 'publication' ? [{ record, message }] : [],
    );
    if (deliveries.length === 0) return;
    await this.#announceReceipts(deliveries);
    const results = await this.#writer.write(channel, deliveries);
    for (const [index, received] of deliveries.entries()) {
      const result = results[index];
      if (result === undefined) continue;
      if ('kind' in result) {
        await this.#refuse(received, received.record.group ?? deliveryGroupId(channel), result, batch);
      } else {
        batch.appended(channel, result, received.record);
        if (!result.late) addReply(received.message, result, batch);
      }
    }
  }

  /** Before anything is appended: whoever dies afterwards, somebody looks whether a socket took it. */
  async #announceReceipts(deliveries: readonly ReceivedDelivery[]): Promise<void> {
    const asked = deliveries.filter(({ message }) => message.receipt);
    await inParallel(asked, TIMERS_AT_ONCE, ({ message }) => announceReceipt(this.#parts, message));
  }

  /** What its sender may send; the rest is put aside. */
  async #permitted(items: readonly Received[], batch: Batch): Promise<readonly Received[]> {
    const permitted: Received[] = [];
    for (const received of items) {
      const { record, message } = received;
      const refusal = await this.#senders.refusalOf(record, message);
      if (refusal === undefined) permitted.push(received);
      else await this.#refuse(received, record.group ?? record.messageId, refusal, batch);
    }
    return permitted;
  }

  async #take(record: CourierRecord, message: CourierMessage, batch: Batch): Promise<void> {
    switch (message.type) {
      case 'drain':
        batch.woken(message.channel, message.partition, record);
        return;
      case 'authorization-timeout':
      case 'departed':
      case 'lifecycle':
      case 'connected':
      case 'receipt':
        batch.timers.push({ record, wake: message });
        return;
      case 'authorization':
        batch.authorizations.push(message);
        return;
      case 'unreadable':
        if (record.group === undefined) throw new UnreadableWakeError(message.reason);
        return this.#refuse({ record, message }, record.group, unreadable(message.reason), batch);
      case 'publication':
        // Publications come as a run.
        return;
    }
  }

  /** Puts a delivery aside and tells who waits for it. Rejects where it cannot be put aside: it then comes again. */
  async #refuse(
    { record, message }: Received,
    group: string,
    { kind, error, reason }: DeliveryRefusal,
    batch: Batch,
  ): Promise<void> {
    const { messageId: id, body, redriven } = record;
    await this.#parts.deadLetters.send({ id, group, body, kind });
    const code = error.code;
    this.#parts.log('error', 'delivery refused', { messageId: id, kind, code, reason, ...traceOf(message) });
    const reply = 'reply' in message && redriven === undefined ? message.reply : undefined;
    if (reply) {
      const { client: connection, kind } = reply;
      batch.replies.push({ connection, kind, reply: { id: reply.id, error } });
    }
  }

  /**
   * Drains a partition. Where that fails, a wake does it later: publications that are in the log must neither hold up their
   * channel nor come again. Wakes that fail come again by their queue, which ends that after a while.
   */
  async #drain(
    { channel, partition, appended, wakes }: DrainOrder,
    endsAt: number,
    batch: Batch,
  ): Promise<void> {
    try {
      await this.#parts.drain.drain(channel, partition, endsAt);
    } catch (error) {
      this.#parts.log('error', 'drain failed', { channel, partition, ...causeOf(error) });
      if (appended.length === 0) batch.fail(wakes);
      else await this.#wake(channel, partition, RETRY_SECONDS, [...appended, ...wakes], batch);
    }
  }

  /** A timer that fails comes again by its queue. */
  async #runTimer({ record, wake }: Timer, batch: Batch): Promise<void> {
    try {
      await runTimer(this.#parts.timers, wake.type, wake);
    } catch (error) {
      this.#parts.log('error', 'timer failed', { type: wake.type, ...causeOf(error) });
      batch.fail([record]);
    }
  }

  /** Wakes for what this invocation does not drain: partitions beside the first, or all where the batch drains none. */
  async #wakeLater(channel: string, growth: Growth, batch: Batch): Promise<void> {
    const { partitions, appended, flushEverySeconds } = growth;
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    const woken = flushEverySeconds > 0 || batch.isPressed(growth) ? all : all.slice(1);
    await inParallel(woken, CHANNELS_AT_ONCE, async (partition) => {
      if (await this.#needsWake(channel, partition, flushEverySeconds)) {
        await this.#wake(channel, partition, flushEverySeconds, appended, batch);
      }
    });
  }

  async #needsWake(channel: string, partition: number, delaySeconds: number): Promise<boolean> {
    try {
      const renewalMs = delaySeconds * 1000 + WAKE_RENEWAL_MS;
      return await this.#parts.partitions.mark(channel, partition, this.#parts.clock.now(), renewalMs);
    } catch (error) {
      this.#parts.log('warn', 'partition not marked', { channel, partition, ...causeOf(error) });
      return true;
    }
  }

  /** Sends a wake; where that fails, the messages that need it come again. */
  async #wake(
    channel: string,
    partition: number,
    delaySeconds: number,
    askedBy: readonly CourierRecord[],
    batch: Batch,
  ): Promise<void> {
    try {
      await this.#parts.wakes.send({ v: 1, type: 'drain', channel, partition }, delaySeconds);
    } catch (error) {
      this.#parts.log('error', 'wake not sent', { channel, partition, ...causeOf(error) });
      batch.fail(askedBy);
    }
  }
}

async function runTimer<Type extends keyof Timers>(
  timers: Partial<TimerHandlers>,
  type: Type,
  wake: Timers[Type],
): Promise<void> {
  const handle = timers[type];
  if (handle === undefined) throw new UnknownTimerError(type);
  await handle(wake);
}

/** Answers the publisher. A repeat answers too: the first run may have died before; clients drop a second reply. */
function addReply({ reply }: Delivery, { offset, epoch }: Appended, batch: Batch): void {
  if (reply === undefined) return;
  const answer: Reply =
    reply.kind === 'publish'
      ? { id: reply.id, publish: {} }
      : { id: reply.id, rpc: { data: { ...reply.data, offset, epoch } } };
  batch.replies.push({ connection: reply.client, kind: reply.kind, reply: answer });
}

function traceOf(message: CourierMessage): { readonly trace?: string } {
  return 'traceparent' in message ? { trace: traceIdOf(message.traceparent) } : {};
}
