import type { Disconnect } from '../../../contract/codes';
import { encodeFrame } from '../../../contract/frames';
import { causeOf } from '../../../contract/log';
import type { Channels } from '../delivery/channels';
import type { Left, Partitions } from '../delivery/partitions';
import { inParallel } from '../parallel';
import type { Log, Poster } from '../ports';
import type { Connections, Membership } from './connection';

// A connection has 128 memberships unless configured otherwise; each costs a script or two in slots of their own.
const LEAVES_AT_ONCE = 16;

/** How connections end, whoever ends them. */
export class Departures {
  readonly #connections: Connections;
  readonly #channels: Channels;
  readonly #partitions: Partitions;
  readonly #log: Log;

  constructor(parts: {
    connections: Connections;
    channels: Channels;
    partitions: Partitions;
    log: Log;
  }) {
    this.#connections = parts.connections;
    this.#channels = parts.channels;
    this.#partitions = parts.partitions;
    this.#log = parts.log;
  }

  /** The connection is gone: tombstone, and out of every partition. May be repeated. Rejects where Redis fails. */
  async depart(connection: string): Promise<void> {
    await this.#leaveAll(connection, await this.#connections.close(connection));
  }

  /** Takes one membership out of its partition and gives the place back; `kept` is left to a drain. */
  async leave(connection: string, membership: Membership): Promise<Left> {
    const { channel, partition, nonce } = membership;
    if (partition === undefined) return 'absent';
    const left = await this.#partitions.leave(channel, partition, connection, nonce);
    if (left === 'removed') await this.vacate(channel, partition, 1);
    return left;
  }

  /** Gives places back. Never rejects: a place that stays counted costs a place and no more, and a repeat might cost others. */
  async vacate(channel: string, partition: number, places: number): Promise<void> {
    try {
      await this.#channels.vacate(channel, partition, places);
    } catch (error) {
      this.#log('warn', 'places not given back', { channel, partition, places, ...causeOf(error) });
    }
  }

  /**
   * Ends a connection: tombstone, disconnect push, close. Never rejects: the client is told even where Redis is away.
   * Answers whether the connection is known to be closed; where it is not, its memberships stay, so that a drain tries again.
   */
  async disconnect(poster: Poster, connection: string, disconnect: Disconnect): Promise<boolean> {
    const memberships = await this.#tombstone(connection);
    if (!(await this.#close(poster, connection, disconnect))) return false;
    await this.#leaveAll(connection, memberships).catch((error: unknown) => {
      this.#log('warn', 'memberships of a closed connection remain', { connection, ...causeOf(error) });
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
      this.#log('warn', 'connection not closed', { connection, code: disconnect.code, close: outcome });
    }
    return closed;
  }

  async #tombstone(connection: string): Promise<readonly Membership[]> {
    try {
      return await this.#connections.close(connection);
    } catch (error) {
      this.#log('warn', 'no tombstone for a connection that ends', { connection, ...causeOf(error) });
      return [];
    }
  }

  async #leaveAll(connection: string, memberships: readonly Membership[]): Promise<void> {
    await inParallel(memberships, LEAVES_AT_ONCE, (membership) => this.leave(connection, membership));
  }
}
