import { DISCONNECTS, type Disconnect } from '../../../contract/codes';
import { FRAME_BYTES, type Reply } from '../../../contract/frames';
import { causeOf } from '../../../contract/log';
import { inParallel } from '../parallel';
import type { PendingSubscription } from './answer';
import type { FrameTime } from './frame-time';
import type { SubscriptionParts } from './parts';
import type { Subscriptions } from './subscriptions';

/** A reply waits at most this long for the commands behind it before it is posted. */
const FLUSH_AGE_MS = 500;

const ACTIVATIONS_AT_ONCE = 16;

interface Queued {
  readonly text: string;
  readonly bytes: number;
  readonly pending: readonly PendingSubscription[];
  /** Its client must know of it: what it stands for goes on, or what comes after it builds on it. */
  readonly needed: boolean;
}

/** The replies of one inbound frame: joined into few frames, and posted before their subscriptions become active. */
export class Outbox {
  readonly #parts: SubscriptionParts;
  readonly #subscriptions: Subscriptions;
  readonly #connection: string;
  readonly #time: FrameTime;
  #queued: Queued[] = [];
  #bytes = 0;
  #queuedSince: number | undefined;
  /** Whether the connection is known to be gone or was ended: nothing more is to be done for it. */
  #ended = false;

  constructor(parts: SubscriptionParts, subscriptions: Subscriptions, connection: string, time: FrameTime) {
    this.#parts = parts;
    this.#subscriptions = subscriptions;
    this.#connection = connection;
    this.#time = time;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Takes a reply; posts what is there where it is enough for a frame or has waited.
   * @param needed whether the connection ends where the reply is not known to be posted
   */
  async add(
    reply: Reply,
    pending: readonly PendingSubscription[] = [],
    needed = pending.length > 0 || 'connect' in reply,
  ): Promise<void> {
    const text = JSON.stringify(reply);
    const bytes = Buffer.byteLength(text) + 1;
    if (this.#bytes + bytes > FRAME_BYTES) await this.flush();
    this.#queued.push({ text, bytes, pending, needed });
    this.#bytes += bytes;
    this.#queuedSince ??= this.#parts.clock.now();
    await this.flushIfOld();
  }

  async flushIfOld(): Promise<void> {
    const since = this.#queuedSince;
    if (since !== undefined && this.#parts.clock.now() - since > FLUSH_AGE_MS) await this.flush();
  }

  async flush(): Promise<void> {
    const queued = this.#queued;
    this.#queued = [];
    this.#bytes = 0;
    this.#queuedSince = undefined;
    if (queued.length === 0 || this.#ended) return;
    const frame = queued.map(({ text }) => text).join('\n');
    const outcome = await this.#parts.poster.post(this.#connection, frame);
    const pending = queued.flatMap((item) => item.pending);
    if (outcome === 'ok') await this.#activate(pending);
    else if (outcome === 'gone') await this.#depart();
    // The client does not know of subscriptions that it has, or knows and will get nothing, or takes what follows for the
    // replies of a connection that it does not have: only a new connection helps.
    else if (queued.some(({ needed }) => needed)) await this.end();
    else this.#parts.log('warn', 'reply not posted', { connection: this.#connection, outcome });
  }

  /** Closes the connection so that the client rebuilds its state. */
  async end(disconnect: Disconnect = DISCONNECTS.insufficientState): Promise<void> {
    this.#ended = true;
    await this.#parts.departures.disconnect(this.#parts.poster, this.#connection, disconnect);
  }

  /** The replies behind these subscriptions do not wait for Redis longer than the frame's time. */
  async #activate(pending: readonly PendingSubscription[]): Promise<void> {
    if (pending.length === 0) return;
    const activations = inParallel(pending, ACTIVATIONS_AT_ONCE, (item) => this.#activateOne(item));
    const endWhereNeeded = async (results: readonly ('active' | 'end')[]) => {
      if (results.includes('end') && !this.#ended) await this.end();
    };
    const results = await this.#time.inTime(activations, endWhereNeeded);
    if (results) await endWhereNeeded(results);
  }

  async #activateOne(subscription: PendingSubscription): Promise<'active' | 'end'> {
    const { channel, partition } = subscription;
    try {
      return await this.#subscriptions.activate(this.#connection, subscription);
    } catch (error) {
      this.#warn('subscription not activated', error);
    }
    // Either Redis took it, and no drain may know that the member is behind: this one brings what it missed. Or it stays
    // pending: the next drain after its deadline closes the connection.
    try {
      await this.#parts.wakes.send({ v: 1, type: 'drain', channel, partition }, 0);
      return 'active';
    } catch (error) {
      this.#warn('no wake for a subscription that was not activated', error);
      return 'end';
    }
  }

  async #depart(): Promise<void> {
    this.#ended = true;
    try {
      await this.#parts.departures.depart(this.#connection);
    } catch (error) {
      this.#warn('clean-up of a gone connection failed', error);
    }
  }

  #warn(message: string, error: unknown): void {
    this.#parts.log('warn', message, { connection: this.#connection, ...causeOf(error) });
  }
}
