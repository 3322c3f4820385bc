import { createHash, randomUUID } from 'node:crypto';
import { passes } from '../../hops';
import { WakeTimer } from '../../wake-timer';
import { Deduplication } from './deduplication';
import { DueTimes } from './due-times';
import { InvalidParameterValue, MessageNotInflight, OverLimit, PurgeQueueInProgress } from './errors';
import { LongPolls } from './long-polls';
import {
  createMessage,
  type Message,
  type MessageContent,
  type ReceivedMessage,
  systemAttributes,
} from './message';
import { FifoMessages, type ReadyMessages, StandardMessages } from './ready-messages';
import { expiredHandle, parseReceiptHandle, receiptHandle } from './receipts';
import type { NewMessage, ReceiveOptions } from './requests';
import type { QueueSettings } from './settings';

/** SQS's quota of messages in flight in one queue. */
const MAX_IN_FLIGHT = 120_000;
const PURGE_PAUSE_MS = 60_000;

export interface QueueOptions {
  readonly arn: string;
  readonly name: string;
  readonly settings: QueueSettings;
  readonly now: () => number;
  /** Takes a message that has been received too often; false when there is nowhere to put it. */
  readonly toDeadLetters: (message: Message) => boolean;
}

/**
 * One queue in memory, standard or FIFO: visibility timeouts, delays, deduplication, group locks, dead letters and long
 * polls. What it is given has been checked; times are milliseconds.
 */
export class Queue {
  readonly arn: string;
  readonly name: string;
  readonly createdAt: number;
  readonly settings: QueueSettings;
  readonly #now: () => number;
  readonly #toDeadLetters: (message: Message) => boolean;
  readonly #messages = new Map<string, Message>();
  readonly #ready: ReadyMessages;
  readonly #due = new DueTimes();
  readonly #deduplication = new Deduplication();
  readonly #polls = new LongPolls();
  readonly #timer: WakeTimer;
  #order = 0;
  #inFlight = 0;
  #delayed = 0;
  #purgedAt = Number.NEGATIVE_INFINITY;

  constructor({ arn, name, settings, now, toDeadLetters }: QueueOptions) {
    this.arn = arn;
    this.name = name;
    this.settings = settings;
    this.createdAt = now();
    this.#now = now;
    this.#toDeadLetters = toDeadLetters;
    this.#ready = settings.fifo ? new FifoMessages() : new StandardMessages();
    this.#timer = new WakeTimer(now, () => this.#settle());
  }

  /** Accepts a message; a repeat of a FIFO message within five minutes gets the answer of the first and is dropped. */
  send(entry: NewMessage): { messageId: string; sequenceNumber: string | undefined } {
    const { fifo } = this.settings;
    const deduplicationId = entry.deduplicationId ?? (fifo ? sha256(entry.body) : undefined);
    const key = this.#deduplicationKey(entry.groupId, deduplicationId);
    const repeated = fifo ? this.#deduplication.find(key, this.#now()) : undefined;
    if (repeated) return repeated;
    const message = this.#newMessage({
      messageId: randomUUID(),
      body: entry.body,
      messageAttributes: entry.messageAttributes ?? {},
      senderId: entry.senderId,
      sentAt: this.#now(),
      groupId: entry.groupId,
      deduplicationId,
      traceHeader: entry.traceHeader,
      deadLetterSourceArn: undefined,
    });
    const { messageId, sequenceNumber } = message;
    if (sequenceNumber !== undefined) {
      this.#deduplication.remember(key, { messageId, sequenceNumber }, this.#now());
    }
    passes('queue', this.name, entry.body);
    this.#enter(message, entry.delayMs ?? this.settings.delayMs);
    return { messageId, sequenceNumber };
  }

  /** Takes over a dead letter: same id, body and attributes. Only a FIFO queue starts its retention anew. */
  takeOver(dead: Message, sourceArn: string): void {
    const message = this.#newMessage({
      ...dead,
      sentAt: this.settings.fifo ? this.#now() : dead.sentAt,
      deadLetterSourceArn: sourceArn,
    });
    message.receiveCount = dead.receiveCount;
    message.firstReceivedAt = dead.firstReceivedAt;
    this.#enter(message, 0);
  }

  /** Messages that are visible, at most `max`; waits for one if asked to. */
  async receive(options: ReceiveOptions): Promise<ReceivedMessage[]> {
    this.#settle();
    const { max, visibilityMs = this.settings.visibilityMs, waitMs = this.settings.waitMs, signal } = options;
    if (this.#inFlight >= MAX_IN_FLIGHT && !this.settings.fifo) throw new OverLimit(MAX_IN_FLIGHT);
    if (signal?.aborted) return [];
    const take = (): ReceivedMessage[] => this.#take(max, visibilityMs);
    const found = take();
    return found.length > 0 || waitMs <= 0 ? found : this.#polls.wait(take, waitMs, signal);
  }

  /** Deletes by the latest receipt; an older one of a standard queue succeeds without an effect, as on AWS. */
  delete(handle: string): void {
    this.#settle();
    const { messageId, receipt } = parseReceiptHandle(this.arn, handle);
    const message = this.#messages.get(messageId);
    if (!message) return;
    const current = message.receipt === receipt;
    if (this.settings.fifo && !(current && message.state === 'in-flight')) throw expiredHandle(handle);
    if (current) this.#drop(message);
  }

  /** Sets a new visibility timeout, from now, for a message in flight. */
  changeVisibility(handle: string, visibilityMs: number): void {
    this.#settle();
    const { messageId, receipt } = parseReceiptHandle(this.arn, handle);
    const message = this.#messages.get(messageId);
    if (!message) {
      throw new InvalidParameterValue(
        `Value ${handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
      );
    }
    if (message.receipt !== receipt || message.state !== 'in-flight') {
      throw this.settings.fifo ? expiredHandle(handle) : new MessageNotInflight();
    }
    this.#setDue(message, visibilityMs);
    this.#settle();
  }

  /**
   * Hands the next visible message on for good. False where none is visible.
   * @throws what `to` throws; the message is then still here
   */
  handOn(to: (message: Message) => void): boolean {
    this.#settle();
    const [message] = this.#ready.take(1);
    if (!message) return false;
    this.#inFlight += 1;
    message.state = 'in-flight';
    try {
      to(message);
    } catch (error) {
      this.#show(message);
      throw error;
    }
    this.#drop(message);
    return true;
  }

  /** Takes what another queue handed on: a new message of the same content, also where a FIFO queue had it within five minutes. */
  adopt(content: MessageContent): void {
    const given = { messageId: randomUUID(), sentAt: this.#now(), deadLetterSourceArn: undefined };
    this.#enter(this.#newMessage({ ...content, ...given }), this.settings.delayMs);
  }

  counts(): { readonly visible: number; readonly inFlight: number; readonly delayed: number } {
    this.#settle();
    const hidden = this.#inFlight + this.#delayed;
    return { visible: this.#messages.size - hidden, inFlight: this.#inFlight, delayed: this.#delayed };
  }

  purge(): void {
    if (this.#now() - this.#purgedAt < PURGE_PAUSE_MS) throw new PurgeQueueInProgress(this.name);
    this.#purgedAt = this.#now();
    this.#messages.clear();
    this.#ready.clear();
    this.#due.clear();
    this.#inFlight = 0;
    this.#delayed = 0;
  }

  /** Ends every long poll with nothing, and the timers. */
  close(): void {
    this.#timer.stop();
    this.#polls.close();
  }

  #deduplicationKey(groupId: string | undefined, deduplicationId: string | undefined): string {
    const group = this.settings.deduplicationScope === 'messageGroup' ? groupId : '';
    return JSON.stringify([group, deduplicationId]);
  }

  #newMessage(given: MessageContent): Message {
    this.#order += 1;
    return createMessage(given, this.#order, this.settings.fifo);
  }

  #enter(message: Message, delayMs: number): void {
    this.#messages.set(message.messageId, message);
    if (delayMs > 0) {
      message.state = 'delayed';
      this.#delayed += 1;
      this.#setDue(message, delayMs);
    } else {
      this.#ready.add(message);
      this.#polls.serve();
    }
  }

  #setDue(message: Message, afterMs: number): void {
    message.dueAt = this.#now() + afterMs;
    this.#due.add({ at: message.dueAt, messageId: message.messageId });
    this.#timer.wakeAt(message.dueAt);
  }

  /** Makes visible, or moves to the dead letters, every message whose time has come. */
  #settle(): void {
    const now = this.#now();
    for (let first = this.#due.first; first; first = this.#due.first) {
      const message = this.#messages.get(first.messageId);
      const stale = !message || message.state === 'ready' || message.dueAt !== first.at;
      if (!stale && first.at > now) break;
      this.#due.removeFirst();
      if (!stale) this.#appear(message);
    }
    const next = this.#due.first;
    if (next) this.#timer.wakeAt(next.at);
  }

  #appear(message: Message): void {
    const { redrive } = this.settings;
    const spent = redrive !== undefined && message.receivesHere >= redrive.maxReceiveCount;
    if (message.state === 'in-flight' && spent && this.#toDeadLetters(message)) {
      this.#drop(message);
      return;
    }
    this.#show(message);
  }

  #show(message: Message): void {
    if (message.state === 'delayed') this.#delayed -= 1;
    const wasInFlight = message.state === 'in-flight';
    message.state = 'ready';
    this.#ready.add(message);
    if (wasInFlight) {
      this.#inFlight -= 1;
      this.#ready.release(message);
    }
    this.#polls.serve();
  }

  #drop(message: Message): void {
    this.#messages.delete(message.messageId);
    if (message.state === 'in-flight') {
      this.#inFlight -= 1;
      this.#ready.release(message);
      this.#polls.serve();
    } else if (message.state === 'delayed') this.#delayed -= 1;
    else this.#ready.remove(message);
  }

  #take(max: number, visibilityMs: number): ReceivedMessage[] {
    const received: ReceivedMessage[] = [];
    while (received.length < max) {
      const batch = this.#ready.take(max - received.length);
      if (batch.length === 0) break;
      for (const message of batch) {
        this.#inFlight += 1;
        message.state = 'in-flight';
        if (message.sentAt + this.settings.retentionMs <= this.#now()) this.#drop(message);
        else received.push(this.#hand(message, visibilityMs));
      }
    }
    return received;
  }

  #hand(message: Message, visibilityMs: number): ReceivedMessage {
    message.receiveCount += 1;
    message.receivesHere += 1;
    message.firstReceivedAt ??= this.#now();
    message.receipt = randomUUID();
    this.#setDue(message, visibilityMs);
    return {
      message,
      receiptHandle: receiptHandle(this.arn, message),
      attributes: systemAttributes(message),
    };
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
