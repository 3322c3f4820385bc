import { randomBytes } from 'node:crypto';
import { UNSUBSCRIBES } from '../../../contract/codes';
import { encodeFrame, type SubscribeResult } from '../../../contract/frames';
import { causeOf } from '../../../contract/log';
import type { Question } from '../connections/connection';
import { endedOf } from '../connections/departures';
import type { SubscriptionTraits } from '../connections/subscription-record';
import type { Place } from '../delivery/channels';
import { ReceiptNotes } from '../delivery/receipt-notes';
import type { Position } from '../protocol/commands';
import type { Ending, PendingSubscription, Refusal } from './answer';
import { ChannelHolds } from './channel-holds';
import type { SubscriptionParts } from './parts';
import { type Permission, toldOf } from './permission';
import { type RecoveryBudget, subscribeResult } from './recovery';
import { clientInfo } from './sender';
import { SubscriptionEnds } from './subscription-ends';
import { type Entered, enter, refuseEntry } from './subscription-entry';

export interface SubscribeRequest {
  readonly channel: string;
  readonly user: string;
  readonly recover: Position | undefined;
  readonly serverSide: boolean;
  /** Whether it takes the place of a former one: its client counts its commands, as SDKs do, and knows of none. */
  readonly renews: boolean;
  /** The client wants to be told who joins and leaves. */
  readonly joinLeave: boolean;
  /** What the connection's token shows of it, an object as JSON text. */
  readonly info: string | undefined;
  readonly permission: Permission;
}

export type Subscribed =
  | { readonly result: 'subscribed'; readonly reply: SubscribeResult; readonly pending: PendingSubscription }
  | Refusal
  | Ending;

/** A subscribe on its way. */
interface Attempt {
  readonly connection: string;
  readonly request: SubscribeRequest;
  readonly nonce: string;
  readonly traits: SubscriptionTraits;
}

function traitsOf({ permission, serverSide, joinLeave }: SubscribeRequest): SubscriptionTraits {
  const { rules, expiresAt, info } = permission;
  return {
    serverSide,
    presence: rules.presence,
    // Nobody asks for a server-side subscription, so nobody could ask for its joins either.
    joinLeave: rules.joinLeave && (joinLeave || serverSide),
    lifecycle: rules.lifecycle,
    expiresAt,
    ...(info === undefined ? {} : { info }),
  };
}

/** Names one subscription, or the question about one. */
export function newNonce(): string {
  return randomBytes(6).toString('base64url');
}

/** A subscription's way: hold, place, join, reply, activate; and its end. */
export class Subscriptions {
  readonly #parts: SubscriptionParts;
  readonly #ends: SubscriptionEnds;
  readonly #holds: ChannelHolds;
  readonly #notes: ReceiptNotes;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
    this.#ends = new SubscriptionEnds(parts);
    this.#holds = new ChannelHolds(parts, this.#ends);
    this.#notes = new ReceiptNotes(parts);
  }

  /** Joins a channel as pending. The result must be posted, then `activate` called. Rejects where Redis fails. */
  async subscribe(
    connection: string,
    request: SubscribeRequest,
    budget: RecoveryBudget,
  ): Promise<Subscribed> {
    const attempt = { connection, request, nonce: newNonce(), traits: traitsOf(request) };
    const placed = await this.#holdAndPlace(attempt);
    return 'result' in placed ? placed : this.#join(attempt, placed, budget);
  }

  /**
   * Holds a channel while somebody is asked about its subscription. Answers the nonce of the question. Rejects where Redis fails.
   */
  async ask(
    connection: string,
    channel: string,
    renews: boolean,
    question: Question,
  ): Promise<{ readonly question: string } | Refusal | Ending> {
    const nonce = newNonce();
    const { refusal } = await this.#holds.hold(connection, channel, nonce, renews, question);
    return refusal ?? { question: nonce };
  }

  /** As `subscribe`, for a channel that is held by that nonce. */
  async complete(
    connection: string,
    nonce: string,
    request: SubscribeRequest,
    budget: RecoveryBudget,
  ): Promise<Subscribed> {
    const attempt = { connection, request, nonce, traits: traitsOf(request) };
    let place: Place;
    try {
      place = await this.#place(request);
    } catch (error) {
      await this.#giveUpAttempt(attempt, undefined);
      throw error;
    }
    return this.#join(attempt, place, budget);
  }

  #place({ channel, recover, permission }: SubscribeRequest): Promise<Place> {
    return this.#parts.channels.place(channel, permission.rules.recover ? recover?.offset : undefined);
  }

  async #giveUpAttempt(
    { connection, request, nonce, traits }: Attempt,
    partition: number | undefined,
  ): Promise<void> {
    await this.#ends.giveUp(connection, { channel: request.channel, partition, nonce, traits });
  }

  async #holdAndPlace(attempt: Attempt): Promise<Place | Refusal | Ending> {
    const { departures } = this.#parts;
    const { connection, request, nonce } = attempt;
    const { channel, renews } = request;
    let place: Place | undefined;
    try {
      // Two slots at once: a subscribe that nothing is in the way of waits for Redis once less.
      const [held, placed] = await Promise.allSettled([
        this.#holds.hold(connection, channel, nonce, renews),
        this.#place(request),
      ]);
      if (placed.status === 'fulfilled') place = placed.value;
      if (held.status === 'rejected') throw held.reason;
      const { refusal, waited } = held.value;
      if (refusal) {
        if (place) await departures.vacate(channel, place.partition, 1);
        return refusal;
      }
      if (placed.status === 'rejected') throw placed.reason;
      if (!waited) return placed.value;
      // Posts of the former subscription were out while it was read: what it says may be behind them.
      place = undefined;
      await departures.vacate(channel, placed.value.partition, 1);
      return await this.#place(request);
    } catch (error) {
      await this.#giveUpAttempt(attempt, place?.partition);
      throw error;
    }
  }

  /** Joins the partition of a place that is held in the connection. */
  async #join(attempt: Attempt, place: Place, budget: RecoveryBudget): Promise<Subscribed> {
    const { clock } = this.#parts;
    const { connection, request, nonce, traits } = attempt;
    const { channel, recover, permission } = request;
    const { partition } = place;
    const membership = { channel, partition, nonce, traits };
    let entered: Entered;
    try {
      entered = await enter(
        this.#parts,
        connection,
        membership,
        place,
        clientInfo({ ...request, connection }, traits.info),
      );
    } catch (error) {
      await this.#giveUpAttempt(attempt, partition);
      throw error;
    }
    if (typeof entered === 'string') {
      await this.#giveUpAttempt(attempt, partition);
      return refuseEntry(this.#parts, entered, channel, partition);
    }
    const result = subscribeResult(permission.rules, place, recover, budget);
    const { publications = [], offset: after = 0 } = result;
    return {
      result: 'subscribed',
      reply: { ...result, ...toldOf(permission, clock.now()) },
      pending: {
        ...membership,
        moved: entered.moved,
        ...(publications.length > 0 && { recovered: { epoch: place.epoch, after, upTo: place.top } }),
      },
    };
  }

  /**
   * After the reply was posted: publications may follow, and the channel hears of the join. Answers whether the client has to be
   * disconnected. Rejects where Redis fails.
   */
  async activate(connection: string, pending: PendingSubscription): Promise<'active' | 'end'> {
    const { partitions, roster, clock } = this.#parts;
    const { channel, partition, nonce, moved = 0, recovered } = pending;
    if (recovered) await this.#notes.addOne(channel, { partition, token: nonce }, recovered);
    const activated = await partitions.activate(channel, partition, connection, nonce, clock.now());
    if (activated === 'missing') return this.#endMissing(connection, pending);
    if (activated === 'wake') await this.#parts.wakes.send({ v: 1, type: 'drain', channel, partition }, 0);
    await roster.tell(channel, moved);
    return 'active';
  }

  /** Its partition gave the subscription up while its reply was on the way. */
  async #endMissing(connection: string, membership: PendingSubscription): Promise<'active' | 'end'> {
    const { roster, poster } = this.#parts;
    const { channel, nonce, traits } = membership;
    // Where the connection gave the subscription up itself, there is nothing to tell.
    if (!(await this.#isDropped(connection, channel, nonce))) return 'active';
    // Its client comes back at once, and has not left by then.
    await roster.leaveLater(endedOf(connection, membership));
    if (traits.serverSide) return 'end';
    const frame = encodeFrame([{ push: { channel, unsubscribe: UNSUBSCRIBES.insufficientState } }]);
    return (await poster.post(connection, frame)) === 'ok' ? 'active' : 'end';
  }

  /** Whether the connection had the subscription, also where nobody can tell: then it has to be told. */
  async #isDropped(connection: string, channel: string, nonce: string): Promise<boolean> {
    try {
      return (await this.#parts.connections.drop(connection, channel, nonce)) === 'dropped';
    } catch (error) {
      this.#parts.log('warn', 'subscription not dropped', { connection, ...causeOf(error) });
      return true;
    }
  }

  /** Gives a channel back that is held by that nonce, as well as Redis lets it. Never rejects. */
  release(connection: string, channel: string, nonce: string): Promise<void> {
    return this.#ends.release(connection, channel, nonce);
  }

  /** Gives subscriptions back that no reply will tell of, as well as Redis lets it. Never rejects. */
  undo(connection: string, subscriptions: readonly PendingSubscription[]): Promise<void> {
    return this.#ends.undo(connection, subscriptions);
  }

  /** Ends a subscription; see `SubscriptionEnds`. Answers whether that is known to be done; never rejects. */
  unsubscribe(connection: string, channel: string): Promise<boolean> {
    return this.#ends.unsubscribe(connection, channel);
  }
}
