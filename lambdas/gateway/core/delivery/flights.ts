import { causeOf } from '../../../contract/log';
import type { Clock, Log, PostOutcome } from '../ports';
import type { Member, Partitions } from './partitions';
import type { Taken } from './receipts';

/** A post that took longer than its round waits for it. */
export interface Flight {
  readonly member: Member;
  readonly outcome: Promise<PostOutcome>;
  /** What the member is after an outcome; undefined: it is to be removed. */
  readonly lands: (outcome: PostOutcome) => Promise<Member | undefined>;
  /** What its socket has if it succeeds. */
  readonly taken: Taken;
}

/** What came of slow posts. */
export interface Landed {
  readonly again: boolean;
  readonly removed: number;
  readonly taken: readonly Taken[];
}

export interface FlightParts {
  readonly partitions: Partitions;
  readonly clock: Clock;
  readonly log: Log;
}

/** Slow posts of one drain. Each is settled by itself when it ends, while rounds go on for the others. */
export class Flights {
  readonly #parts: FlightParts;
  readonly #channel: string;
  readonly #partition: number;
  #flights: Flight[] = [];

  constructor(parts: FlightParts, channel: string, partition: number) {
    this.#parts = parts;
    this.#channel = channel;
    this.#partition = partition;
  }

  add(flight: Flight): void {
    this.#flights.push(flight);
  }

  /**
   * Waits for all that are out and settles them. Answers whether a drain has to look at one of them, how many members were
   * removed, and what sockets took. Never rejects: a member that is not settled is closed after its deadline.
   */
  async land(): Promise<Landed> {
    const flights = this.#flights;
    this.#flights = [];
    const results = await Promise.all(flights.map((flight) => this.#landOne(flight)));
    const outcomes = await Promise.all(flights.map(({ outcome }) => outcome));
    return {
      again: results.includes('landed'),
      removed: results.filter((result) => result === 'removed').length,
      taken: flights.flatMap(({ taken }, index) => (outcomes[index] === 'ok' ? [taken] : [])),
    };
  }

  async #landOne({ member, outcome, lands }: Flight): Promise<'landed' | 'removed' | 'absent'> {
    const { partitions, clock, log } = this.#parts;
    try {
      const becomes = await lands(await outcome);
      return await partitions.land(this.#channel, this.#partition, clock.now(), member, becomes);
    } catch (error) {
      log('warn', 'slow post not settled', { connection: member.connection, ...causeOf(error) });
      // Its deadline has to be looked after.
      return 'landed';
    }
  }
}
