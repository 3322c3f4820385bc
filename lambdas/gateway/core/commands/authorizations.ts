import { namespaceOf } from '../../../contract/channel';
import { PROTOCOL_ERRORS, type ProtocolError } from '../../../contract/codes';
import type { Allowance, Authorization } from '../../../contract/delivery';
import { causeOf } from '../../../contract/log';
import { traceIdOf } from '../../../contract/trace';
import type { Claimed } from '../connections/connection';
import type { AuthorizationTimeoutWake, Namespace, Registry } from '../ports';
import { refuseTemporarily } from './answer';
import { FrameTime } from './frame-time';
import { Outbox } from './outbox';
import type { SubscriptionParts } from './parts';
import { permitted } from './permission';
import { RecoveryBudget } from './recovery';
import { newNonce, Subscriptions } from './subscriptions';

/** How long a service has to say whether a client may subscribe: SDKs give the whole connection up after 5 s without a reply. */
export const AUTHORIZATION_MS = 4_500;

export interface AuthorizationParts extends SubscriptionParts {
  readonly registry: Pick<Registry, 'namespace'>;
}

/** A question that is closed by this answer, and nobody else's. */
interface Closed {
  readonly connection: string;
  readonly channel: string;
  readonly commandId: number;
  /** Under which the channel is held now. */
  readonly nonce: string;
}

/** Answers of services to subscribes: each question is closed once, by its answer or its timer. */
export class Authorizations {
  readonly #parts: AuthorizationParts;
  readonly #subscriptions: Subscriptions;

  constructor(parts: AuthorizationParts) {
    this.#parts = parts;
    this.#subscriptions = new Subscriptions(parts);
  }

  /** Does what a service decided. Never rejects: what cannot be done in time is left to the timer. */
  async decide(authorization: Authorization): Promise<void> {
    const { client, channel, source, traceparent } = authorization;
    const facts = { connection: client, service: source, trace: traceIdOf(traceparent) };
    try {
      const rules = await this.#parts.registry.namespace(namespaceOf(channel));
      if (rules?.owner !== source) {
        this.#parts.log('warn', 'authorization of a service that does not own the namespace ignored', facts);
        return;
      }
      const done = await this.#decide(authorization, rules);
      if (!done) this.#parts.log('info', 'authorization without a question ignored', facts);
    } catch (error) {
      this.#parts.log('error', 'authorization not carried out', { ...facts, ...causeOf(error) });
    }
  }

  /** Answers error 100 where nobody has decided in time. Rejects where Redis fails. */
  async timeout({
    connection,
    channel,
    commandId,
    question,
    askedAt,
  }: AuthorizationTimeoutWake): Promise<void> {
    const { clock, log } = this.#parts;
    // The queue delays by whole seconds.
    await clock.sleep(Math.min(Math.max(0, askedAt + AUTHORIZATION_MS - clock.now()), AUTHORIZATION_MS));
    const nonce = newNonce();
    if (!(await this.#parts.connections.claim(connection, channel, question, nonce))) return;
    log('warn', 'subscribe not decided by its service in time', { connection });
    await this.#refuse({ connection, channel, commandId, nonce }, PROTOCOL_ERRORS.internal);
  }

  /** False: the question is closed. */
  async #decide(authorization: Authorization, rules: Namespace): Promise<boolean> {
    const { client: connection, channel, commandId, question } = authorization;
    const nonce = newNonce();
    const claimed = await this.#parts.connections.claim(connection, channel, question, nonce);
    if (claimed === undefined) return false;
    const closed = { connection, channel, commandId, nonce };
    if ('deny' in authorization) await this.#refuse(closed, authorization.deny);
    else if (this.#isOver(authorization.allow)) await this.#refuse(closed, PROTOCOL_ERRORS.expired);
    else await this.#admit(closed, claimed, authorization.allow, rules);
    return true;
  }

  #isOver({ expiresAt = 0 }: Allowance): boolean {
    return expiresAt > 0 && expiresAt * 1000 <= this.#parts.clock.now();
  }

  async #refuse({ connection, channel, commandId, nonce }: Closed, error: ProtocolError): Promise<void> {
    await this.#subscriptions.release(connection, channel, nonce);
    await this.#post(connection, (outbox) => outbox.add({ id: commandId, error }));
  }

  async #admit(closed: Closed, claimed: Claimed, allowance: Allowance, rules: Namespace): Promise<void> {
    const { connection, commandId: id } = closed;
    const subscribed = await this.#complete(closed, claimed, allowance, rules);
    await this.#post(connection, async (outbox) => {
      switch (subscribed.result) {
        case 'subscribed':
          return outbox.add({ id, subscribe: subscribed.reply }, [subscribed.pending]);
        case 'refused':
          this.#parts.log('warn', 'command refused', { connection, reason: subscribed.reason });
          return outbox.add({ id, error: subscribed.error });
        case 'end':
          return outbox.end(subscribed.disconnect);
      }
    });
  }

  async #complete(
    { connection, channel, nonce }: Closed,
    claimed: Claimed,
    { info, data, expiresAt }: Allowance,
    rules: Namespace,
  ) {
    const shown = info === undefined ? undefined : JSON.stringify(info);
    const { permission } = permitted(rules, { info: shown, data }, expiresAt);
    const request = { channel, ...claimed, serverSide: false, renews: false, permission };
    try {
      return await this.#subscriptions.complete(connection, nonce, request, new RecoveryBudget());
    } catch (error) {
      return refuseTemporarily(error);
    }
  }

  /** Posts a reply, and makes its subscription active. */
  async #post(connection: string, add: (outbox: Outbox) => Promise<void>): Promise<void> {
    const now = this.#parts.clock.now();
    const time = new FrameTime(this.#parts.clock, now, now);
    const outbox = new Outbox(this.#parts, this.#subscriptions, connection, time);
    await add(outbox);
    await outbox.flush();
    await time.rest();
  }
}
