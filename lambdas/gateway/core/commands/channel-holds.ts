import { DISCONNECTS, PROTOCOL_ERRORS } from '../../../contract/codes';
import type { Question } from '../connections/connection';
import { type Ending, type Refusal, refuse } from './answer';
import type { SubscriptionParts } from './parts';
import type { SubscriptionEnds } from './subscription-ends';

/** How long a subscribe waits for another or an unsubscribe of the same channel; clients give up after 5 s. */
const WAIT_MS = 3_000;
const POLL_MS = 50;

export interface Held {
  readonly refusal?: Refusal | Ending;
  /** A former subscribe or unsubscribe of the channel was in the way. */
  readonly waited: boolean;
}

function refused(...cause: Parameters<typeof refuse>): Held {
  return { refusal: refuse(...cause), waited: false };
}

/** A connection's channels while subscriptions to them are being made: one at a time. */
export class ChannelHolds {
  readonly #parts: SubscriptionParts;
  readonly #ends: SubscriptionEnds;

  constructor(parts: SubscriptionParts, ends: SubscriptionEnds) {
    this.#parts = parts;
    this.#ends = ends;
  }

  /** Takes a channel, waiting for whoever has it. Rejects where Redis fails. */
  async hold(
    connection: string,
    channel: string,
    nonce: string,
    renews: boolean,
    question?: Question,
  ): Promise<Held> {
    const { connections, clock } = this.#parts;
    const endsAt = clock.now() + WAIT_MS;
    for (let waited = false; ; waited = true) {
      const held = await connections.hold(connection, channel, nonce, clock.now(), question);
      switch (held) {
        case 'held':
          return { waited };
        case 'subscribed': {
          const refusal = await this.#alreadySubscribed(connection, channel, renews);
          if (refusal) return { refusal, waited };
          break;
        }
        case 'limit':
          return refused(
            PROTOCOL_ERRORS.limitExceeded,
            'connection: expected fewer subscriptions, got the most',
          );
        case 'closed':
        case 'absent':
          return refused(PROTOCOL_ERRORS.internal, `connection: expected it connected, got ${held}`);
        case 'leaving':
          if (clock.now() >= endsAt)
            return refused(
              PROTOCOL_ERRORS.internal,
              'channel: expected a former subscribe or unsubscribe to end in time',
            );
          await clock.sleep(POLL_MS);
      }
    }
  }

  /**
   * An SDK that subscribes has no subscription, whatever is known here: a failover may have brought one back that it left, or
   * a late push may have told it that the present one ended. So that one ends, and the new one begins. Others get error 105,
   * which is final, where their subscription lives, and so does who subscribes to what the server subscribed it to.
   * Undefined: the channel is free or was left just now.
   */
  async #alreadySubscribed(
    connection: string,
    channel: string,
    renews: boolean,
  ): Promise<Refusal | Ending | undefined> {
    const { connections, partitions } = this.#parts;
    const memberships = await connections.memberships(connection);
    const known = memberships.find((membership) => membership.channel === channel);
    if (known?.partition === undefined) return undefined;
    const lost =
      'channel: expected no subscription or a living one, got one that its partition does not know';
    const end: Ending = { result: 'end', disconnect: DISCONNECTS.insufficientState, reason: lost };
    if (renews && !known.traits.serverSide) {
      return (await this.#ends.unsubscribe(connection, channel)) ? undefined : end;
    }
    if (!(await partitions.has(channel, known.partition, connection, known.nonce))) return end;
    return refuse(PROTOCOL_ERRORS.alreadySubscribed, 'channel: expected no subscription, got one');
  }
}
