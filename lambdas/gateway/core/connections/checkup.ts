import { DISCONNECTS } from '../../../contract/codes';
import { causeOf } from '../../../contract/log';
import type { Partitions } from '../delivery/partitions';
import { inParallel } from '../parallel';
import type { Log, Poster } from '../ports';
import type { Connections, Membership } from './connection';
import type { Departures } from './departures';

const CHECKS_AT_ONCE = 16;

export interface CheckupParts {
  readonly connections: Connections;
  readonly partitions: Partitions;
  readonly departures: Departures;
  readonly poster: Poster;
  readonly log: Log;
}

/**
 * Finds subscriptions that a connection has and their partition does not know: Redis lost the partition, or a failover set it
 * back. Nobody would post to them, and nobody but the connection knows of them.
 */
export class Checkup {
  readonly #parts: CheckupParts;

  constructor(parts: CheckupParts) {
    this.#parts = parts;
  }

  /** Ends the connection with 3010 where a subscription is lost, so that its client rebuilds and recovers. Never rejects. */
  async run(connection: string): Promise<void> {
    const { departures, poster, log } = this.#parts;
    try {
      if (!(await this.#lost(connection))) return;
      const { code } = DISCONNECTS.insufficientState;
      log('warn', 'subscription not known to its partition, connection closed', { connection, code });
      await departures.disconnect(poster, connection, DISCONNECTS.insufficientState);
    } catch (error) {
      log('warn', 'checkup of a connection failed', { connection, ...causeOf(error) });
    }
  }

  async #lost(connection: string): Promise<boolean> {
    const { connections } = this.#parts;
    const missing = await this.#missing(connection, await connections.memberships(connection));
    if (missing.length === 0) return false;
    // An unsubscribe or a push 2500 may have come between: what is still held and still missing is lost.
    const held = new Set((await connections.memberships(connection)).map(({ nonce }) => nonce));
    const still = missing.filter(({ nonce }) => held.has(nonce));
    return (await this.#missing(connection, still)).length > 0;
  }

  async #missing(connection: string, memberships: readonly Membership[]): Promise<readonly Membership[]> {
    const found = await inParallel(memberships, CHECKS_AT_ONCE, async (membership) => {
      const { channel, partition, nonce } = membership;
      if (partition === undefined) return [];
      const known = await this.#parts.partitions.has(channel, partition, connection, nonce);
      return known ? [] : [membership];
    });
    return found.flat();
  }
}
