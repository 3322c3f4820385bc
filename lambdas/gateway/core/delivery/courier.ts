import { namespaceOf } from '../../../contract/channel';
import type { Delivery } from '../../../contract/delivery';
import { encodeFrame, type Reply } from '../../../contract/frames';
import { causeOf } from '../../../contract/log';
import type { NamespaceRules } from '../../../contract/registry';
import { traceIdOf } from '../../../contract/trace';
import { inParallel } from '../parallel';
import type { Clock, Log, Poster, Registry, WakeQueue } from '../ports';
import { type Appended, type Channels, publicationText, retentionOf } from './channels';
import { COURIER_BUDGET_MS, type Drain } from './drain';
import { MAX_PUBLICATION_BYTES, parseMessage } from './messages';
import type { Partitions } from './partitions';

/** A message of either queue, as the event source mapping hands it over. */
export interface CourierRecord {
  readonly messageId: string;
  readonly body: string;
  /** Group of a FIFO message: the rest of a group must not overtake a failed one. */
  readonly group: string | undefined;
}

/** Channels of a batch that are worked on at once; each drain posts in parallel by itself. */
const CHANNELS_AT_ONCE = 4;

/** A channel's namespace is not registered. */
export class UnknownNamespaceError extends Error {
  override readonly name = 'UnknownNamespaceError';

  constructor(namespace: string) {
    super(`namespace: expected one that is registered, got ${namespace || 'none'}`);
  }
}

/** A publication is too large to be posted. */
export class PublicationSizeError extends Error {
  override readonly name = 'PublicationSizeError';

  constructor(bytes: number) {
    super(`publication: expected at most ${MAX_PUBLICATION_BYTES} bytes, got ${bytes}`);
  }
}

export interface CourierParts {
  readonly channels: Channels;
  readonly partitions: Partitions;
  readonly registry: Registry;
  readonly drain: Drain;
  readonly poster: Poster;
  readonly wakes: WakeQueue;
  readonly clock: Clock;
  readonly log: Log;
}

type Message = { readonly record: CourierRecord; readonly delivery: Delivery };

/** What a batch asks for, and which of its messages failed. */
interface Batch {
  readonly deliveries: Map<string, Message[]>;
  /** Partitions to drain: channel, partition, and the records that asked. */
  readonly drains: Map<string, { channel: string; partition: number; records: CourierRecord[] }>;
  readonly failed: Set<CourierRecord>;
}

/** Takes publications into the log, answers who made them, and drains. */
export class Courier {
  readonly #parts: CourierParts;

  constructor(parts: CourierParts) {
    this.#parts = parts;
  }

  /**
   * Works on a batch of either queue and answers the ids of the messages that have to be delivered again: those that failed,
   * and what follows them in their groups.
   */
  async handle(records: readonly CourierRecord[]): Promise<readonly string[]> {
    const endsAt = this.#parts.clock.now() + COURIER_BUDGET_MS;
    const batch = this.#sort(records);
    await inParallel([...batch.deliveries], CHANNELS_AT_ONCE, ([channel, messages]) =>
      this.#deliver(channel, messages, batch),
    );
    await inParallel([...batch.drains.values()], CHANNELS_AT_ONCE, async (drain) => {
      try {
        await this.#parts.drain.drain(drain.channel, drain.partition, endsAt);
      } catch (error) {
        const { channel, partition } = drain;
        this.#parts.log('error', 'drain failed', { channel, partition, ...causeOf(error) });
        for (const record of drain.records) batch.failed.add(record);
      }
    });
    return failedIds(records, batch.failed);
  }

  #sort(records: readonly CourierRecord[]): Batch {
    const batch: Batch = { deliveries: new Map(), drains: new Map(), failed: new Set() };
    const blocked = new Set<string>();
    for (const record of records) {
      const message = parseMessage(record.body);
      if (typeof message === 'string') {
        this.#parts.log('error', 'message refused', { messageId: record.messageId, reason: message });
        batch.failed.add(record);
        if (record.group) blocked.add(record.group);
      } else if (record.group && blocked.has(record.group)) batch.failed.add(record);
      else if (message.type === 'drain') addDrain(batch, message.channel, message.partition, [record]);
      else {
        const messages = batch.deliveries.get(message.channel) ?? [];
        batch.deliveries.set(message.channel, messages);
        messages.push({ record, delivery: message });
      }
    }
    return batch;
  }

  /** Appends a channel's messages in their order, as far as that goes, and asks for the drains. */
  async #deliver(channel: string, messages: readonly Message[], batch: Batch): Promise<void> {
    let partitions = 0;
    const done: CourierRecord[] = [];
    for (const [index, { record, delivery }] of messages.entries()) {
      try {
        const appended = await this.#append(delivery);
        partitions = Math.max(partitions, appended.partitions);
        done.push(record);
        await this.#reply(delivery, appended);
      } catch (error) {
        this.#parts.log('error', 'publication not appended', {
          messageId: record.messageId,
          channel,
          trace: traceIdOf(delivery.traceparent),
          ...causeOf(error),
        });
        for (const rest of messages.slice(index)) batch.failed.add(rest.record);
        break;
      }
    }
    if (done.length === 0) return;
    addDrain(batch, channel, 0, done);
    try {
      await this.#wakeOthers(channel, partitions);
    } catch (error) {
      this.#parts.log('error', 'wakes not sent', { channel, ...causeOf(error) });
      for (const record of done) batch.failed.add(record);
    }
  }

  async #append(delivery: Delivery): Promise<Appended> {
    const { channels, registry } = this.#parts;
    const namespace = namespaceOf(delivery.channel);
    let rules: NamespaceRules | undefined = await registry.namespace(namespace);
    if (rules === undefined) {
      await registry.refresh();
      rules = await registry.namespace(namespace);
    }
    if (rules === undefined) throw new UnknownNamespaceError(namespace);
    const publication = publicationText(delivery);
    const bytes = Buffer.byteLength(publication);
    if (bytes > MAX_PUBLICATION_BYTES) throw new PublicationSizeError(bytes);
    return channels.append(delivery.channel, publication, retentionOf(rules), delivery.idempotencyKey);
  }

  /** Answers the publisher. A repeat answers too: the first run may have died before; clients drop a second reply. */
  async #reply({ reply }: Delivery, { offset, epoch }: Appended): Promise<void> {
    if (reply === undefined) return;
    const answer: Reply =
      reply.kind === 'publish'
        ? { id: reply.id, publish: {} }
        : { id: reply.id, rpc: { data: { ...reply.data, offset, epoch } } };
    const outcome = await this.#parts.poster.post(reply.client, encodeFrame([answer]));
    if (outcome !== 'ok') {
      this.#parts.log('warn', 'reply of a publication not posted', { connection: reply.client, outcome });
    }
  }

  async #wakeOthers(channel: string, partitions: number): Promise<void> {
    const others = Array.from({ length: Math.max(0, partitions - 1) }, (_, index) => index + 1);
    await inParallel(others, CHANNELS_AT_ONCE, async (partition) => {
      if (await this.#parts.partitions.mark(channel, partition, this.#parts.clock.now())) {
        await this.#parts.wakes.send({ v: 1, type: 'drain', channel, partition }, 0);
      }
    });
  }
}

function addDrain(batch: Batch, channel: string, partition: number, records: readonly CourierRecord[]) {
  const key = `${partition}:${channel}`;
  const drain = batch.drains.get(key) ?? { channel, partition, records: [] };
  batch.drains.set(key, drain);
  drain.records.push(...records);
}

function failedIds(records: readonly CourierRecord[], failed: ReadonlySet<CourierRecord>): readonly string[] {
  const blocked = new Set<string>();
  return records
    .filter((record) => {
      const fails = failed.has(record) || (record.group !== undefined && blocked.has(record.group));
      if (fails && record.group !== undefined) blocked.add(record.group);
      return fails;
    })
    .map(({ messageId }) => messageId);
}
