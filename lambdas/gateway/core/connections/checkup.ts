import { DISCONNECTS } from '../../../contract/codes';
import { causeOf } from '../../../contract/log';
import type { Channels } from '../delivery/channels';
import type { Partitions } from '../delivery/partitions';
import { inParallel } from '../parallel';
import type { Log, Poster } from '../ports';
import type { Connections, Membership } from './connection';
import type { Departures } from './departures';

const CHECKS_AT_ONCE = 16;

export interface CheckupParts {
  readonly connections: Connections;
  readonly channels: Pick<Channels, 'wakes'>;
  readonly partitions: Partitions;
  readonly departures: Departures;
  readonly poster: Poster;
  readonly log: Log;
}

/** What the partitions of a connection's subscriptions know of it. */
export interface Findings {
  /** A subscription is not known to its partition, or the partition not to its channel. */
  readonly lost: boolean;
  /** When one of them posted to it last (epoch ms), as far as is known; 0: nothing is. */
  readonly postedAt: number;
}

/**
 * Finds subscriptions that a connection has and nobody would post to: Redis lost their partition or a failover set it back, or
 * the channel has lost how many partitions it has. Nobody but the connection knows of them.
 */
export class Checkup {
  readonly #parts: CheckupParts;

  constructor(parts: CheckupParts) {
    this.#parts = parts;
  }

  /** Ends the connection with 3010 where a subscription is lost, so that its client rebuilds and recovers. Never rejects. */
  async run(connection: string): Promise<void> {
    const { connections, departures, poster, log } = this.#parts;
    try {
      const { lost } = await this.look(connection, await connections.memberships(connection));
      if (!lost) return;
      const { code } = DISCONNECTS.insufficientState;
      log('warn', 'subscription not known to its partition, connection closed', { connection, code });
      await departures.disconnect(poster, connection, DISCONNECTS.insufficientState);
    } catch (error) {
      log('warn', 'checkup of a connection failed', { connection, ...causeOf(error) });
    }
  }

  /** Looks for settled subscriptions in their partitions. Rejects where Redis fails. */
  async look(connection: string, memberships: readonly Membership[]): Promise<Findings> {
    const { connections } = this.#parts;
    const first = await this.#look(connection, memberships);
    if (first.missing.length === 0) return { lost: false, postedAt: first.postedAt };
    // An unsubscribe or a push 2500 may have come between: what is still held and still missing is lost.
    const held = new Set((await connections.memberships(connection)).map(({ nonce }) => nonce));
    const still = first.missing.filter(({ nonce }) => held.has(nonce));
    const { missing } = await this.#look(connection, still);
    return { lost: missing.length > 0, postedAt: first.postedAt };
  }

  async #look(connection: string, memberships: readonly Membership[]) {
    const placed = memberships.flatMap(({ partition, ...more }) =>
      partition === undefined ? [] : [{ partition, ...more }],
    );
    const found = await inParallel(placed, CHECKS_AT_ONCE, async (membership) => {
      const { channel, partition, nonce } = membership;
      const { channels, partitions } = this.#parts;
      const [standing, wakes] = await Promise.all([
        partitions.standing(channel, partition, connection, nonce),
        // The first is always read.
        partition === 0 || channels.wakes(channel, partition),
      ]);
      return { membership, standing: wakes ? standing : undefined };
    });
    return {
      missing: found.flatMap(({ membership, standing }) => (standing ? [] : [membership])),
      postedAt: Math.max(0, ...found.map(({ standing }) => standing?.postedAt ?? 0)),
    };
  }
}
