import { namespaceOf } from '../../../contract/channel';
import { type Delivery, deliveryGroupId, publicationText } from '../../../contract/delivery';
import type { Reply } from '../../../contract/frames';
import { causeOf } from '../../../contract/log';
import type { NamespaceRules } from '../../../contract/registry';
import { traceIdOf } from '../../../contract/trace';
import { inParallel } from '../parallel';
import type { Clock, Log, Poster, Registry, WakeQueue } from '../ports';
import { Batch, type CourierRecord, type DrainOrder, type Growth, lanesOf, type Received } from './batch';
import { type Appended, type Channels, retentionOf } from './channels';
import type { Drain } from './drain';
import { type CourierMessage, parseMessage } from './messages';
import { type Partitions, WAKE_RENEWAL_MS } from './partitions';
import { postReplies } from './publisher-replies';
import { type DeadLetters, type DeliveryRefusal, refusalOf, UNKNOWN_NAMESPACE, unreadable } from './refusals';
import { COURIER_BUDGET_MS } from './times';

export type { CourierRecord } from './batch';

/** Channels of a batch that are worked on at once; each drain posts in parallel by itself. */
const CHANNELS_AT_ONCE = 4;

/** Rest before a drain that failed is tried again. */
const RETRY_SECONDS = 1;

/** A message of the wakes queue is none; that queue puts it aside by itself, and nothing waits behind it. */
export class UnreadableWakeError extends Error {
  override readonly name = 'UnreadableWakeError';
}

export interface CourierParts {
  readonly channels: Channels;
  readonly partitions: Partitions;
  readonly registry: Registry;
  readonly drain: Drain;
  readonly poster: Poster;
  readonly wakes: WakeQueue;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  readonly log: Log;
}

/** A publication in its log, and how its channel is flushed. */
export interface Taken extends Appended {
  readonly flushEverySeconds: number;
}

/** Takes publications into the log, answers who made them, and drains. */
export class Courier {
  readonly #parts: CourierParts;

  constructor(parts: CourierParts) {
    this.#parts = parts;
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
    ]);
    return batch.failedIds();
  }

  /** Takes messages in their order, as far as that goes. */
  async #takeAll(lane: readonly Received[], batch: Batch): Promise<void> {
    for (const [index, { record, message }] of lane.entries()) {
      try {
        await this.#take(record, message, batch);
      } catch (error) {
        this.#parts.log('error', 'message not taken', {
          messageId: record.messageId,
          ...traceOf(message),
          ...causeOf(error),
        });
        batch.fail(lane.slice(index).map((rest) => rest.record));
        return;
      }
    }
  }

  async #take(record: CourierRecord, message: CourierMessage, batch: Batch): Promise<void> {
    switch (message.type) {
      case 'drain':
        batch.woken(message.channel, message.partition, record);
        return;
      case 'unreadable':
        if (record.group === undefined) throw new UnreadableWakeError(message.reason);
        return this.#refuse({ record, message }, record.group, unreadable(message.reason), batch);
      case 'publication': {
        const result = await this.#append(record, message);
        if ('kind' in result) {
          const group = record.group ?? deliveryGroupId(message.channel);
          return this.#refuse({ record, message }, group, result, batch);
        }
        batch.appended(message.channel, result, record);
        addReply(message, result, batch);
      }
    }
  }

  async #append(record: CourierRecord, delivery: Delivery): Promise<Taken | DeliveryRefusal> {
    const { channels, clock } = this.#parts;
    const { channel, idempotencyKey, version, versionEpoch } = delivery;
    const refusal = refusalOf(delivery, record, clock.now());
    if (refusal !== undefined) return refusal;
    const rules = await this.#rulesOf(channel);
    if (rules === undefined) return UNKNOWN_NAMESPACE;
    const publication = { text: publicationText(delivery), idempotencyKey, version, versionEpoch };
    const appended = await channels.append(channel, publication, retentionOf(rules));
    return { ...appended, flushEverySeconds: rules.flushEverySeconds };
  }

  async #rulesOf(channel: string): Promise<NamespaceRules | undefined> {
    const { registry } = this.#parts;
    const namespace = namespaceOf(channel);
    const known = await registry.namespace(namespace);
    if (known !== undefined) return known;
    await registry.refresh();
    return registry.namespace(namespace);
  }

  /** Puts a delivery aside and tells who waits for it. Rejects where it cannot be put aside: it then comes again. */
  async #refuse(
    { record, message }: Received,
    group: string,
    { kind, error, reason }: DeliveryRefusal,
    batch: Batch,
  ): Promise<void> {
    const { messageId: id, body } = record;
    await this.#parts.deadLetters.send({ id, group, body, kind });
    const code = error.code;
    this.#parts.log('error', 'delivery refused', { messageId: id, kind, code, reason, ...traceOf(message) });
    const reply = message.type === 'drain' ? undefined : message.reply;
    if (reply) batch.replies.push({ connection: reply.client, reply: { id: reply.id, error } });
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

/** Answers the publisher. A repeat answers too: the first run may have died before; clients drop a second reply. */
function addReply({ reply }: Delivery, { offset, epoch }: Appended, batch: Batch): void {
  if (reply === undefined) return;
  const answer: Reply =
    reply.kind === 'publish'
      ? { id: reply.id, publish: {} }
      : { id: reply.id, rpc: { data: { ...reply.data, offset, epoch } } };
  batch.replies.push({ connection: reply.client, reply: answer });
}

function traceOf(message: CourierMessage): { readonly trace?: string } {
  return message.type === 'publication' ? { trace: traceIdOf(message.traceparent) } : {};
}
