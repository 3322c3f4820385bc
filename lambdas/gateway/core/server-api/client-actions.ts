import { DISCONNECTS, type Disconnect, PROTOCOL_ERRORS, UNSUBSCRIBES } from '../../../contract/codes';
import { encodeFrame, type SubscribeResult } from '../../../contract/frames';
import type { PendingSubscription } from '../commands/answer';
import type { SubscriptionParts } from '../commands/parts';
import { permitted } from '../commands/permission';
import { RecoveryBudget } from '../commands/recovery';
import { Subscriptions } from '../commands/subscriptions';
import type { Users } from '../limits/users';
import { inParallel } from '../parallel';
import type { ActionOutcome, ConnectionActions, GivenSubscription, Revocations } from './ports';
import type { ConnectionFacts } from './redis-store';

export interface ClientActionParts extends SubscriptionParts {
  readonly store: { facts(connection: string): Promise<ConnectionFacts> };
  readonly users: Pick<Users, 'revoke'>;
}

/**
 * How long an action waits for the frame that is being served: it may be the connect command, and a push that comes before its
 * reply would be forgotten by the client. Frames have four seconds.
 */
const WAIT_MS = 5_000;
const POLL_MS = 50;

const DISCONNECTS_AT_ONCE = 8;

/** What backends do to connections, each told to its client by a push. */
export class ClientActions implements ConnectionActions, Revocations {
  readonly #parts: ClientActionParts;
  readonly #subscriptions: Subscriptions;

  constructor(parts: ClientActionParts) {
    this.#parts = parts;
    this.#subscriptions = new Subscriptions(parts);
  }

  async subscribe(connection: string, user: string, given: GivenSubscription): Promise<ActionOutcome> {
    const facts = await this.#settled(connection);
    if (facts === 'busy') return 'failed';
    // It ended meanwhile, or waits for its connect command: there is no session to subscribe.
    if (!facts.connected || facts.user !== user) return 'done';
    const { channel, rules, info, data } = given;
    const { permission } = permitted(rules, { info: info && JSON.stringify(info), data });
    const subscribed = await this.#subscriptions.subscribe(
      connection,
      {
        channel,
        user,
        recover: undefined,
        serverSide: true,
        renews: false,
        joinLeave: false,
        info: facts.info,
        permission,
      },
      new RecoveryBudget(),
    );
    switch (subscribed.result) {
      case 'subscribed':
        return this.#tell(connection, channel, subscribed.reply, subscribed.pending);
      case 'end':
        return this.disconnect(connection, subscribed.disconnect);
      case 'refused':
        return outcomeOf(subscribed.error.code);
    }
  }

  async unsubscribe(connection: string, channel: string): Promise<ActionOutcome> {
    if ((await this.#settled(connection)) === 'busy') return 'failed';
    const memberships = await this.#parts.connections.memberships(connection);
    if (!memberships.some((membership) => membership.channel === channel)) return 'done';
    if (!(await this.#subscriptions.unsubscribe(connection, channel))) return 'failed';
    const frame = encodeFrame([{ push: { channel, unsubscribe: UNSUBSCRIBES.server } }]);
    const outcome = await this.#post(connection, frame);
    return outcome === 'posted' ? 'done' : outcome;
  }

  async disconnect(connection: string, disconnect: Disconnect): Promise<ActionOutcome> {
    const { departures, poster } = this.#parts;
    return (await departures.disconnect(poster, connection, disconnect)) ? 'done' : 'failed';
  }

  async revoke(user: string, issuedBefore: number): Promise<ActionOutcome> {
    const connections = await this.#parts.users.revoke(user, issuedBefore);
    const outcomes = await inParallel(connections, DISCONNECTS_AT_ONCE, (connection) =>
      this.disconnect(connection, DISCONNECTS.invalidToken),
    );
    return outcomes.includes('failed') ? 'failed' : 'done';
  }

  /** The connection once no frame of it is being served. */
  async #settled(connection: string): Promise<ConnectionFacts | 'busy'> {
    const { store, clock } = this.#parts;
    const endsAt = clock.now() + WAIT_MS;
    for (;;) {
      const facts = await store.facts(connection);
      if (!facts.served) return facts;
      if (clock.now() >= endsAt) return 'busy';
      await clock.sleep(POLL_MS);
    }
  }

  /** Publications follow only once the client is known to know of the subscription. */
  async #tell(
    connection: string,
    channel: string,
    { recoverable, positioned, epoch, offset, data }: SubscribeResult,
    pending: PendingSubscription,
  ): Promise<ActionOutcome> {
    const subscribe = {
      ...(recoverable && { recoverable }),
      ...(positioned && { positioned }),
      ...(epoch !== undefined && { epoch }),
      ...(offset !== undefined && { offset }),
      ...(data !== undefined && { data }),
    };
    const outcome = await this.#post(connection, encodeFrame([{ push: { channel, subscribe } }]));
    if (outcome !== 'posted') return outcome;
    const activated = await this.#subscriptions.activate(connection, pending);
    return activated === 'end' ? this.disconnect(connection, DISCONNECTS.insufficientState) : 'done';
  }

  /** A client that does not know what became of it has to begin anew. */
  async #post(connection: string, frame: string): Promise<ActionOutcome | 'posted'> {
    const { poster, departures } = this.#parts;
    const outcome = await poster.post(connection, frame);
    if (outcome === 'ok') return 'posted';
    if (outcome !== 'gone') return this.disconnect(connection, DISCONNECTS.insufficientState);
    await departures.depart(connection);
    return 'done';
  }
}

/** Who is subscribed already has what the backend wants. */
function outcomeOf(code: number): ActionOutcome {
  if (code === PROTOCOL_ERRORS.alreadySubscribed.code) return 'done';
  return code === PROTOCOL_ERRORS.limitExceeded.code ? 'limit' : 'failed';
}
