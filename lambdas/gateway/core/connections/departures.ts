import type { Disconnect } from '../../../contract/codes';
import { encodeFrame } from '../../../contract/frames';
import { causeOf } from '../../../contract/log';
import type { Channels } from '../delivery/channels';
import type { Left, Partitions } from '../delivery/partitions';
import type { Users } from '../limits/users';
import type { DueSet } from '../liveness/due-set';
import { inParallel } from '../parallel';
import type { Clock, EndedSubscription, Log, Poster } from '../ports';
import type { Roster } from '../presence/roster';
import type { Closed, Connections, Membership } from './connection';

// A connection has 128 memberships unless configured otherwise; each costs a script or two in slots of their own.
const LEAVES_AT_ONCE = 16;

export interface DepartureParts {
  readonly connections: Connections;
  readonly channels: Channels;
  readonly partitions: Partitions;
  readonly roster: Roster;
  readonly due: Pick<DueSet, 'forget'>;
  readonly users: Pick<Users, 'leave'>;
  /** Whether the ends of connections are told on the bus. */
  readonly connectionEvents: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** How connections end, whoever ends them. */
export class Departures {
  readonly #parts: DepartureParts;

  constructor(parts: DepartureParts) {
    this.#parts = parts;
  }

  /**
   * The connection is gone: tombstone, out of every partition, and after a grace out of the lists of who is there. May be
   * repeated. Rejects where Redis or the queue fails.
   */
  async depart(connection: string): Promise<void> {
    await this.#complete(connection, await this.#parts.connections.close(connection));
  }

  /** Takes one membership out of its partition and gives the place back; `kept` is left to a drain. */
  async leave(connection: string, membership: Membership): Promise<Left> {
    const { channel, partition, nonce } = membership;
    if (partition === undefined) return 'absent';
    const left = await this.#parts.partitions.leave(channel, partition, connection, nonce);
    if (left === 'removed') await this.vacate(channel, partition, 1);
    return left;
  }

  /** Gives places back. Never rejects: a place that stays counted costs a place and no more, and a repeat might cost others. */
  async vacate(channel: string, partition: number, places: number): Promise<void> {
    try {
      await this.#parts.channels.vacate(channel, partition, places);
    } catch (error) {
      this.#parts.log('warn', 'places not given back', { channel, partition, places, ...causeOf(error) });
    }
  }

  /**
   * Ends a connection: tombstone, disconnect push, close. Never rejects: the client is told even where Redis is away.
   * Answers whether the connection is known to be closed; where it is not, its memberships stay, so that a drain tries again.
   */
  async disconnect(poster: Poster, connection: string, disconnect: Disconnect): Promise<boolean> {
    const tombstone = await this.#tombstone(connection);
    if (!(await this.#close(poster, connection, disconnect))) return false;
    if (tombstone === undefined) return true;
    await this.#complete(connection, tombstone).catch((error: unknown) => {
      this.#parts.log('warn', 'memberships of a closed connection remain', { connection, ...causeOf(error) });
    });
    return true;
  }

  /**
   * Ends a connection as `disconnect` does, but leaves its memberships to a later `depart`. Where the tombstone took so long
   * that it is not in time any more, nothing is posted and the answer is false.
   */
  async end(
    poster: Poster,
    connection: string,
    disconnect: Disconnect,
    inTime: () => boolean,
  ): Promise<boolean> {
    await this.#tombstone(connection);
    return inTime() && (await this.#close(poster, connection, disconnect));
  }

  async #close(poster: Poster, connection: string, disconnect: Disconnect): Promise<boolean> {
    // The push must be out before the close is asked for; its own outcome changes nothing.
    await poster.post(connection, encodeFrame([{ push: { disconnect } }]));
    const outcome = await poster.close(connection);
    const closed = outcome === 'ok' || outcome === 'gone';
    // Why it ends is the caller's line; this one is only for a close that did not happen.
    if (!closed) {
      this.#parts.log('warn', 'connection not closed', { connection, code: disconnect.code, close: outcome });
    }
    return closed;
  }

  async #tombstone(connection: string): Promise<Closed | undefined> {
    try {
      return await this.#parts.connections.close(connection);
    } catch (error) {
      this.#parts.log('warn', 'no tombstone for a connection that ends', { connection, ...causeOf(error) });
      return undefined;
    }
  }

  async #complete(connection: string, closed: Closed): Promise<void> {
    const ended = await Promise.allSettled([
      this.#leaveLater(connection, closed),
      inParallel(closed.memberships, LEAVES_AT_ONCE, (membership) => this.leave(connection, membership)),
    ]);
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
    const { due, users } = this.#parts;
    // Last, since a departure that died before this is found by it.
    await Promise.all([due.forget(connection), users.leave(connection, closed.user)]);
  }

  /** One message for all, and it is on its way before anything says that the connection needs none. */
  async #leaveLater(connection: string, { departed, memberships, opened, user }: Closed): Promise<void> {
    if (departed) return;
    const { roster, connections, connectionEvents, clock } = this.#parts;
    const subscriptions = memberships.flatMap((membership) => endedOf(connection, membership));
    const closed = connectionEvents && opened ? { connection, user, at: clock.now() } : undefined;
    if (subscriptions.length === 0 && closed === undefined) return;
    await roster.leaveLater(subscriptions, closed);
    await connections.departed(connection);
  }
}

/** A subscription that has to leave the list of its channel; of one that was being made, nobody knows whether it stands there. */
export function endedOf(
  connection: string,
  { channel, nonce, partition, traits }: Membership,
): readonly EndedSubscription[] {
  if (!traits.presence && partition !== undefined) return [];
  return [{ channel, connection, nonce, lifecycle: traits.lifecycle }];
}
