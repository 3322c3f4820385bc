import { causeOf } from '../../../contract/log';
import type { Membership } from '../connections/connection';
import { type Partitions, WAKE_RENEWAL_MS } from '../delivery/partitions';
import { ANNOUNCED_MS, EVENT_DELAY_SECONDS } from '../lifecycle/announce';
import { inParallel } from '../parallel';
import type { Clock, DepartedWake, EndedSubscription, Log, WakeQueue } from '../ports';
import type { Arrival, Attendance, Presence, Stir } from './presence';

/** How long a client stands in its channels after its connection was lost: one that comes back has not left. */
export const LEAVE_GRACE_SECONDS = 15;

const PARTITIONS_AT_ONCE = 8;

/** Subscriptions of one message: with names of 255 characters it stays below the queue's 256 KB. */
const SUBSCRIPTIONS_A_WAKE = 500;

export interface RosterParts {
  readonly presence: Presence;
  readonly partitions: Pick<Partitions, 'mark'>;
  readonly wakes: WakeQueue;
  readonly clock: Clock;
  readonly log: Log;
}

/** Who is in which channel, and who has to hear of a change: the channel's members, and the bus. */
export class Roster {
  readonly #parts: RosterParts;

  constructor(parts: RosterParts) {
    this.#parts = parts;
  }

  /** Before a subscription that is told on the bus takes effect. Rejects where the queue fails: then it must not. */
  async announce(channel: string, { connection, nonce }: Attendance): Promise<void> {
    const { wakes, clock } = this.#parts;
    const until = clock.now() + ANNOUNCED_MS;
    await wakes.send(
      { v: 1, type: 'lifecycle', channel, of: { connection, nonce }, until },
      EVENT_DELAY_SECONDS,
    );
  }

  /**
   * Puts a client into a channel. Answers the partitions to `tell` once it is to hear of it itself; 0: none. Rejects where Redis fails.
   */
  async appear(channel: string, arrival: Arrival): Promise<number> {
    const stir = await this.#parts.presence.appear(channel, arrival);
    if (!arrival.lifecycle) await this.#announceEvents(channel, stir);
    return stir.partitions;
  }

  /** Takes a client away that left by itself. Rejects where Redis or the queue fails. */
  async leave(connection: string, { channel, nonce, traits }: Membership): Promise<void> {
    if (!traits.presence) return;
    const { lifecycle } = traits;
    if (lifecycle) await this.#send([{ channel, connection, nonce, lifecycle }], EVENT_DELAY_SECONDS);
    const stir = await this.#parts.presence.vanish(channel, { connection, nonce });
    if (!lifecycle) await this.#announceEvents(channel, stir);
    await this.tell(channel, stir.partitions);
  }

  /**
   * Lets clients leave after the grace, unless they are back by then. Rejects where the queue fails.
   * @param closed the connection behind them, where its end is told on the bus
   */
  async leaveLater(
    subscriptions: readonly EndedSubscription[],
    closed?: DepartedWake['closed'],
  ): Promise<void> {
    await this.#send(subscriptions, LEAVE_GRACE_SECONDS, closed);
  }

  /** The grace is over. Rejects where Redis fails. */
  async leaveNow({ channel, connection, nonce }: EndedSubscription): Promise<Stir> {
    const stir = await this.#parts.presence.vanish(channel, { connection, nonce });
    await this.tell(channel, stir.partitions);
    return stir;
  }

  async members(channel: string) {
    const answer = await this.#parts.presence.members(channel);
    await this.#follow(channel, answer);
    return answer.listed;
  }

  async counts(channel: string) {
    const answer = await this.#parts.presence.counts(channel);
    await this.#follow(channel, answer);
    return answer;
  }

  /** Wakes partitions for a move. Never rejects: who is not woken hears of it with the next drain, or not at all. */
  async tell(channel: string, partitions: number): Promise<void> {
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    await inParallel(all, PARTITIONS_AT_ONCE, (partition) => this.#wake(channel, partition));
  }

  async #wake(channel: string, partition: number): Promise<void> {
    const { partitions, wakes, clock, log } = this.#parts;
    try {
      if (await partitions.mark(channel, partition, clock.now(), WAKE_RENEWAL_MS)) {
        await wakes.send({ v: 1, type: 'drain', channel, partition }, 0);
      }
    } catch (error) {
      log('warn', 'partition not told of a move', { channel, partition, ...causeOf(error) });
    }
  }

  /** What a look at a channel set off on the way. Never rejects: the look itself was well. */
  async #follow(channel: string, stir: Stir): Promise<void> {
    try {
      await this.#announceEvents(channel, stir);
    } catch (error) {
      this.#parts.log('warn', 'no wake for events', { channel, ...causeOf(error) });
    }
    await this.tell(channel, stir.partitions);
  }

  async #announceEvents(channel: string, { events }: Stir): Promise<void> {
    if (events) await this.#parts.wakes.send({ v: 1, type: 'lifecycle', channel, until: 0 }, 0);
  }

  async #send(
    subscriptions: readonly EndedSubscription[],
    seconds: number,
    closed?: DepartedWake['closed'],
  ): Promise<void> {
    const { wakes } = this.#parts;
    const last = Math.max(0, Math.ceil(subscriptions.length / SUBSCRIPTIONS_A_WAKE) - 1);
    for (let index = 0; index <= last; index++) {
      const some = subscriptions.slice(index * SUBSCRIPTIONS_A_WAKE, (index + 1) * SUBSCRIPTIONS_A_WAKE);
      if (some.length === 0 && closed === undefined) return;
      await wakes.send(
        { v: 1, type: 'departed', subscriptions: some, ...(index === last && closed ? { closed } : {}) },
        seconds,
      );
    }
  }
}
