import type { Faults } from '../faults/faults';
import type { Invoker, QueueMessage, QueueSource, RuntimeLog } from '../ports';
import { failedMessageIds, queueEvent, splitBySize } from './queue-event';

/** An event source mapping from a queue to a function (`AWS::Lambda::EventSourceMapping`). */
export interface QueuePollerOptions {
  readonly queueArn: string;
  /** Possibly qualified with an alias or version. */
  readonly functionArn: string;
  readonly source: QueueSource;
  readonly invoker: Invoker;
  readonly log: RuntimeLog;
  /** What goes wrong on request. @default nothing */
  readonly faults?: Pick<Faults, 'messages'>;
  /** 1 to 10; up to 10,000 for standard queues with a batching window. @default 10 */
  readonly batchSize?: number | undefined;
  /** 0 to 300; not for FIFO queues. @default 0 */
  readonly maximumBatchingWindowSeconds?: number | undefined;
  /** `FunctionResponseTypes` contains `ReportBatchItemFailures`. @default false */
  readonly reportBatchItemFailures?: boolean | undefined;
  /** `ScalingConfig.MaximumConcurrency`, 2 to 1,000. @default the number of pollers */
  readonly maximumConcurrency?: number | undefined;
  /** Batches that are processed at the same time without `maximumConcurrency`. @default 5, with which AWS starts too */
  readonly pollers?: number | undefined;
  /** Of the queue; a throttled batch is tried again that long. @default 30 s */
  readonly visibilityTimeoutMs?: number | undefined;
}

export class EventSourceMappingError extends Error {
  override readonly name = 'EventSourceMappingError';

  constructor(queueArn: string, what: string, expected: string, got: number) {
    super(`Event source mapping of ${queueArn}: ${what}: expected ${expected}, got ${got}`);
  }
}

const LONG_POLL_MS = 20_000;
const MAX_RECEIVE = 10;
const MAX_EVENT_BYTES = 6 * 1024 * 1024;
const RETRY_MS = { first: 100, most: 2000 } as const;
/** Batches in flight get this long to end at `close`. */
const CLOSE_GRACE_MS = 1000;

/**
 * Reads a queue and invokes a function with its messages. One reader hands out batches to at most N invocations at a
 * time, instead of N readers: while all are busy, messages gather to larger batches, and a FIFO queue gives each
 * reader other groups anyway.
 *
 * What succeeded is deleted. What failed stays as it is and becomes visible when its visibility timeout ends
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html). AWS also lowers the concurrency after errors; a laptop's queue does not need that.
 */
export class QueuePoller {
  readonly #options: QueuePollerOptions;
  readonly #batchSize: number;
  readonly #windowMs: number;
  readonly #concurrency: number;
  readonly #stop = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  #reader: Promise<void> | undefined;
  #wakeReader: () => void = () => undefined;

  /** @throws EventSourceMappingError for settings that AWS refuses */
  constructor(options: QueuePollerOptions) {
    const { queueArn, source, batchSize = 10, maximumBatchingWindowSeconds: window = 0 } = options;
    const most = !source.isFifo(queueArn) && window > 0 ? 10_000 : 10;
    if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > most) {
      throw new EventSourceMappingError(queueArn, 'BatchSize', `1 to ${most}`, batchSize);
    }
    if (source.isFifo(queueArn) && window > 0) {
      throw new EventSourceMappingError(
        queueArn,
        'MaximumBatchingWindowInSeconds',
        '0 for a FIFO queue',
        window,
      );
    }
    const { maximumConcurrency } = options;
    if (maximumConcurrency !== undefined && !isConcurrency(maximumConcurrency)) {
      throw new EventSourceMappingError(queueArn, 'MaximumConcurrency', '2 to 1000', maximumConcurrency);
    }
    this.#options = options;
    this.#batchSize = batchSize;
    this.#windowMs = window * 1000;
    this.#concurrency = options.maximumConcurrency ?? options.pollers ?? 5;
  }

  /** Batches whose invocation has not ended. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  start(): void {
    this.#reader ??= this.#read();
  }

  /** Ends polling at once; batches in flight get a second to end. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wakeReader();
    const grace = new AbortController();
    await Promise.race([Promise.all([this.#reader, ...this.#inFlight]), sleep(CLOSE_GRACE_MS, grace.signal)]);
    grace.abort();
  }

  async #read(): Promise<void> {
    const { signal } = this.#stop;
    let wait: number = RETRY_MS.first;
    while (!signal.aborted) {
      if (this.#inFlight.size >= this.#concurrency) {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
        continue;
      }
      try {
        const batch = await this.#gather();
        wait = RETRY_MS.first;
        if (batch.length > 0 && !signal.aborted) this.#begin(batch);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log.warn(
          this.#options.functionArn,
          `reading ${this.#options.queueArn}: ${String(error)}`,
        );
        await sleep(wait, signal);
        wait = Math.min(RETRY_MS.most, wait * 2);
      }
    }
  }

  /** A batch: what is there, or, with a batching window, what comes within it after the first message. */
  async #gather(): Promise<QueueMessage[]> {
    const batch = await this.#receive(this.#batchSize, LONG_POLL_MS);
    const until = Date.now() + this.#windowMs;
    while (batch.length > 0 && batch.length < this.#batchSize && Date.now() < until) {
      // What is there already must not wait for its visibility timeout because the second look failed.
      const more = await this.#receive(this.#batchSize - batch.length, until - Date.now()).catch(
        () => undefined,
      );
      if (more === undefined) break;
      batch.push(...more);
    }
    return batch;
  }

  async #receive(max: number, waitMs: number): Promise<QueueMessage[]> {
    const { source, queueArn } = this.#options;
    const { signal } = this.#stop;
    if (signal.aborted) return [];
    return await source.receive(queueArn, { max: Math.min(MAX_RECEIVE, max), waitMs, signal });
  }

  #begin(batch: QueueMessage[]): void {
    const processing = this.#process(batch)
      .catch((error: unknown) => {
        this.#options.log.warn(
          this.#options.functionArn,
          `batch of ${this.#options.queueArn}: ${String(error)}`,
        );
      })
      .finally(() => {
        this.#inFlight.delete(processing);
        this.#wakeReader();
      });
    this.#inFlight.add(processing);
  }

  async #process(batch: QueueMessage[]): Promise<void> {
    for (const part of splitBySize(batch, MAX_EVENT_BYTES)) {
      const failed = await this.#handOver(part);
      const done = part.filter(({ messageId }) => failed !== 'all' && !failed.has(messageId));
      if (done.length > 0) {
        this.#options.source.delete(
          this.#options.queueArn,
          done.map(({ receiptHandle }) => receiptHandle),
        );
      }
      // The rest of a FIFO group must not overtake what failed; for standard queues it only comes back later.
      if (done.length < part.length) return;
    }
  }

  /** The outcome of the last time, where a fault hands the messages over more than once. */
  async #handOver(part: readonly QueueMessage[]): Promise<ReadonlySet<string> | 'all'> {
    const { faults, queueArn } = this.#options;
    let failed: ReadonlySet<string> | 'all' = new Set();
    for (const wait of faults?.messages(queueArn.split(':').at(-1) ?? '') ?? [0]) {
      if (wait > 0) await sleep(wait, this.#stop.signal);
      failed = await this.#invoke(part);
    }
    return failed;
  }

  async #invoke(part: readonly QueueMessage[]): Promise<ReadonlySet<string> | 'all'> {
    const {
      invoker,
      functionArn,
      queueArn,
      reportBatchItemFailures,
      visibilityTimeoutMs = 30_000,
    } = this.#options;
    const event = queueEvent(part, queueArn);
    const until = Date.now() + visibilityTimeoutMs;
    let wait: number = RETRY_MS.first;
    for (;;) {
      try {
        const result = await invoker.invoke(functionArn, event, 'RequestResponse');
        if (result.functionError !== undefined) return 'all';
        return reportBatchItemFailures === true ? failedMessageIds(result.payload, part) : new Set();
      } catch (error) {
        // Throttled, or no such function: tried again for as long as the messages are ours.
        if (this.#stop.signal.aborted || Date.now() + wait >= until) throw error;
        await sleep(wait, this.#stop.signal);
        wait = Math.min(RETRY_MS.most, wait * 2);
      }
    }
  }
}

function isConcurrency(count: number): boolean {
  return Number.isInteger(count) && count >= 2 && count <= 1000;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
