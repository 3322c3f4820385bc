import { DISCONNECTS, type Disconnect } from '../../../contract/codes';
import { FRAME_BYTES, type Reply } from '../../../contract/frames';
import { causeOf } from '../../../contract/log';
import type { PostOutcome } from '../ports';
import type { PendingSubscription } from './answer';
import type { CommandParts } from './parts';
import type { Subscriptions } from './subscriptions';

/** A subscription waits for its reply at most this long before the replies so far are posted. */
const FLUSH_AGE_MS = 1_000;

/** A throttled reply is tried again this often; clients wait 5 s. */
const ATTEMPTS = 4;
const RETRY_MS = 250;

interface Queued {
  readonly text: string;
  readonly bytes: number;
  readonly pending: readonly PendingSubscription[];
}

/** The replies of one inbound frame: joined into few frames, and posted before their subscriptions become active. */
export class Outbox {
  readonly #parts: CommandParts;
  readonly #subscriptions: Subscriptions;
  readonly #connection: string;
  #queued: Queued[] = [];
  #bytes = 0;
  #pendingSince: number | undefined;
  /** Whether the connection is known to be gone or was ended: nothing more is to be done for it. */
  #ended = false;

  constructor(parts: CommandParts, subscriptions: Subscriptions, connection: string) {
    this.#parts = parts;
    this.#subscriptions = subscriptions;
    this.#connection = connection;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Takes a reply; posts what is there where it is enough for a frame or a subscription has waited. */
  async add(reply: Reply, pending: readonly PendingSubscription[] = []): Promise<void> {
    const text = JSON.stringify(reply);
    const bytes = Buffer.byteLength(text) + 1;
    if (this.#bytes + bytes > FRAME_BYTES) await this.flush();
    this.#queued.push({ text, bytes, pending });
    this.#bytes += bytes;
    if (pending.length > 0) this.#pendingSince ??= this.#parts.clock.now();
    await this.flushIfOld();
  }

  async flushIfOld(): Promise<void> {
    const since = this.#pendingSince;
    if (since !== undefined && this.#parts.clock.now() - since > FLUSH_AGE_MS) await this.flush();
  }

  async flush(): Promise<void> {
    const queued = this.#queued;
    this.#queued = [];
    this.#bytes = 0;
    this.#pendingSince = undefined;
    if (queued.length === 0 || this.#ended) return;
    const outcome = await this.#post(queued.map(({ text }) => text).join('\n'));
    const pending = queued.flatMap((item) => item.pending);
    if (outcome === 'ok') await this.#activate(pending);
    else if (outcome === 'gone') await this.#depart();
    // The client does not know of subscriptions that it has, or knows and will get nothing: only a new connection helps.
    else if (pending.length > 0) await this.end();
    else this.#parts.log('warn', 'reply not posted', { connection: this.#connection, outcome });
  }

  /** Closes the connection so that the client rebuilds its state. */
  async end(disconnect: Disconnect = DISCONNECTS.insufficientState): Promise<void> {
    this.#ended = true;
    await this.#parts.departures.disconnect(this.#parts.poster, this.#connection, disconnect);
  }

  async #post(frame: string): Promise<PostOutcome> {
    const { poster, clock } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      const outcome = await poster.post(this.#connection, frame);
      if (outcome !== 'throttled' || attempt === ATTEMPTS) return outcome;
      await clock.sleep(RETRY_MS);
    }
  }

  async #activate(pending: readonly PendingSubscription[]): Promise<void> {
    for (const subscription of pending) {
      try {
        if ((await this.#subscriptions.activate(this.#connection, subscription)) === 'end') {
          await this.end();
          return;
        }
      } catch (error) {
        // It stays pending: the next drain after its deadline closes the connection.
        this.#parts.log('warn', 'subscription not activated', {
          connection: this.#connection,
          ...causeOf(error),
        });
      }
    }
  }

  async #depart(): Promise<void> {
    this.#ended = true;
    try {
      await this.#parts.departures.depart(this.#connection);
    } catch (error) {
      this.#parts.log('warn', 'clean-up of a gone connection failed', {
        connection: this.#connection,
        ...causeOf(error),
      });
    }
  }
}
