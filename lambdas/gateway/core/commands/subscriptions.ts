import { randomBytes } from 'node:crypto';
import { DISCONNECTS, PROTOCOL_ERRORS, UNSUBSCRIBES } from '../../../contract/codes';
import { type ClientInfo, encodeFrame, type SubscribeResult } from '../../../contract/frames';
import { causeOf } from '../../../contract/log';
import type { Membership, Question } from '../connections/connection';
import { endedOf } from '../connections/departures';
import type { SubscriptionTraits } from '../connections/subscription-record';
import type { Place } from '../delivery/channels';
import { type Member, PENDING_MS } from '../delivery/partitions';
import { LOCK_MS } from '../delivery/times';
import { inParallel } from '../parallel';
import type { Arrival } from '../presence/presence';
import type { Position } from '../protocol/commands';
import { type Ending, type PendingSubscription, type Refusal, refuse } from './answer';
import type { CommandParts } from './parts';
import { type Permission, toldOf } from './permission';
import { type RecoveryBudget, subscribeResult } from './recovery';
import { clientInfo } from './sender';

/** How long a subscribe waits for another or an unsubscribe of the same channel, and that one for a drain; clients give up after 5 s. */
const WAIT_MS = 3_000;
const POLL_MS = 50;

/** How long the reply of a failed subscribe waits for its tidying: with a script's three seconds less than clients wait. */
const TIDY_MS = 1_000;
const TIDIES_AT_ONCE = 16;

/** How long the mark of an unsubscribe that died keeps the channel: no post of a drain is out for longer. */
const LEAVING_MS = LOCK_MS + 1_000;

/** By then the lock of a drain that died is over. */
const LEFT_WAKE_SECONDS = Math.ceil(LEAVING_MS / 1000);

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

interface Held {
  readonly refusal?: Refusal | Ending;
  /** A former subscribe or unsubscribe of the channel was in the way. */
  readonly waited: boolean;
}

function refused(...cause: Parameters<typeof refuse>): Held {
  return { refusal: refuse(...cause), waited: false };
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

/** `moved`: partitions to be told of the join. */
type Entered = { readonly moved: number } | 'epoch' | 'set back' | 'busy' | 'lost';

const NOT_ENTERED = {
  epoch: 'partition: expected the epoch of the channel, got a former one',
  'set back': 'log: expected what subscribers were shown, got a former state of it',
  busy: 'partition: expected no former subscription, got one that is not over',
} as const;

function arrivalOf(info: ClientInfo, { nonce, traits }: Membership): Arrival {
  const { lifecycle, joinLeave } = traits;
  return { connection: info.client, nonce, info, lifecycle, listens: joinLeave };
}

/** What subscriptions are made with, whoever makes them. */
export type SubscriptionParts = Pick<
  CommandParts,
  'connections' | 'channels' | 'partitions' | 'departures' | 'roster' | 'poster' | 'wakes' | 'clock' | 'log'
>;

/** A subscription's way: hold, place, join, reply, activate; and its end. */
export class Subscriptions {
  readonly #parts: SubscriptionParts;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
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
    const { refusal } = await this.#hold(connection, channel, nonce, renews, question);
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

  /** Gives a channel back that is held by that nonce, as well as Redis lets it. Never rejects. */
  async release(connection: string, channel: string, nonce: string): Promise<void> {
    const { connections } = this.#parts;
    await this.#tidy(connection, [
      async () => {
        await connections.drop(connection, channel, nonce);
      },
    ]);
  }

  #place({ channel, recover, permission }: SubscribeRequest): Promise<Place> {
    return this.#parts.channels.place(channel, permission.rules.recover ? recover?.offset : undefined);
  }

  async #giveUpAttempt(
    { connection, request, nonce, traits }: Attempt,
    partition: number | undefined,
  ): Promise<void> {
    await this.#giveUp(connection, { channel: request.channel, partition, nonce, traits });
  }

  async #holdAndPlace(attempt: Attempt): Promise<Place | Refusal | Ending> {
    const { departures } = this.#parts;
    const { connection, request, nonce } = attempt;
    const { channel, renews } = request;
    let place: Place | undefined;
    try {
      // Two slots at once: a subscribe that nothing is in the way of waits for Redis once less.
      const [held, placed] = await Promise.allSettled([
        this.#hold(connection, channel, nonce, renews),
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
      entered = await this.#enter(
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
      return this.#notEntered(entered, channel, partition);
    }
    return {
      result: 'subscribed',
      reply: {
        ...subscribeResult(permission.rules, place, recover, budget),
        ...toldOf(permission, clock.now()),
      },
      pending: { ...membership, moved: entered.moved },
    };
  }

  /** The partition's members have to hear of the new epoch first, or a former subscription has to end: a drain sees to it. */
  async #notEntered(entered: Exclude<Entered, object>, channel: string, partition: number): Promise<Refusal> {
    if (entered === 'lost') {
      return refuse(PROTOCOL_ERRORS.internal, 'connection: expected it open, got a close or an unsubscribe');
    }
    const first = entered === 'set back' ? 0 : partition;
    for (const told of new Set([first, partition])) {
      await this.#parts.wakes.send({ v: 1, type: 'drain', channel, partition: told }, 0);
    }
    return refuse(PROTOCOL_ERRORS.internal, NOT_ENTERED[entered]);
  }

  /** Joins the partition of a place as pending, then notes it in the connection and in the channel's list. */
  async #enter(
    connection: string,
    membership: PendingSubscription,
    { epoch, top, tag, move, entries }: Place,
    info: ClientInfo,
  ): Promise<Entered> {
    const { channels, connections, partitions, roster, clock } = this.#parts;
    const { channel, partition, nonce, traits } = membership;
    const until = clock.now() + PENDING_MS;
    const { serverSide, presence, joinLeave } = traits;
    const member: Member = {
      ...{ connection, nonce, state: 'pending', offset: top, until, serverSide, listed: presence },
      ...(joinLeave ? { moves: move } : {}),
    };
    const [joined, held] = await Promise.all([
      partitions.join(channel, partition, member, { epoch, top }),
      channels.witness(channel, epoch, { offset: top, tag }, entries),
      traits.lifecycle ? roster.announce(channel, { connection, nonce }) : undefined,
    ]);
    if (joined !== 'joined') return joined;
    if (!held) return 'set back';
    // Both have to end before anything is given up: what comes late would stay.
    const [settled, moved] = await Promise.allSettled([
      connections.settle(connection, membership, top),
      traits.presence ? roster.appear(channel, arrivalOf(info, membership)) : 0,
    ]);
    if (settled.status === 'rejected') throw settled.reason;
    if (moved.status === 'rejected') throw moved.reason;
    return settled.value === 'lost' ? 'lost' : { moved: moved.value };
  }

  /**
   * Gives a subscription up that did not get as far as its reply, as well as Redis lets it: what stays ends by its own
   * deadline. Never rejects.
   */
  async #giveUp(connection: string, membership: Membership): Promise<void> {
    const { connections, partitions, departures, roster } = this.#parts;
    const { channel, partition, nonce } = membership;
    await this.#tidy(connection, [
      async () => {
        if (partition === undefined) return;
        const left = await partitions.leave(channel, partition, connection, nonce);
        // Whether it joined or not, the place was reserved; of one that is kept, the drain gives it back.
        if (left !== 'kept') await departures.vacate(channel, partition, 1);
      },
      async () => {
        await connections.drop(connection, channel, nonce);
      },
      () => roster.leave(connection, membership),
    ]);
  }

  /** Runs all, waits for them as long as a reply may still be in time, and never rejects. */
  async #tidy(connection: string, steps: readonly (() => Promise<void>)[]): Promise<void> {
    const { clock, log } = this.#parts;
    const ended = inParallel(steps, TIDIES_AT_ONCE, async (step) => {
      try {
        await step();
      } catch (error) {
        log('warn', 'subscription not given up completely', { connection, ...causeOf(error) });
      }
    });
    const waiting = new AbortController();
    await Promise.race([ended, clock.sleep(TIDY_MS, waiting.signal)]);
    waiting.abort();
  }

  async #hold(
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
      return (await this.unsubscribe(connection, channel)) ? undefined : end;
    }
    if (!(await partitions.has(channel, known.partition, connection, known.nonce))) return end;
    return refuse(PROTOCOL_ERRORS.alreadySubscribed, 'channel: expected no subscription, got one');
  }

  /**
   * After the reply was posted: publications may follow, and the channel hears of the join. Answers whether the client has to be
   * disconnected. Rejects where Redis fails.
   */
  async activate(connection: string, pending: PendingSubscription): Promise<'active' | 'end'> {
    const { partitions, roster, clock } = this.#parts;
    const { channel, partition, nonce, moved = 0 } = pending;
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

  /** Gives subscriptions back that no reply will tell of, as well as Redis lets it. Never rejects. */
  async undo(connection: string, subscriptions: readonly PendingSubscription[]): Promise<void> {
    const { connections, departures, roster } = this.#parts;
    await this.#tidy(
      connection,
      subscriptions.map((membership) => async () => {
        await departures.leave(connection, membership);
        await connections.drop(connection, membership.channel, membership.nonce);
        await roster.leave(connection, membership);
      }),
    );
  }

  /**
   * Ends a subscription and waits until no drain can post to it any more, so that what follows is not mixed with it. Answers
   * whether that is known; never rejects.
   */
  async unsubscribe(connection: string, channel: string): Promise<boolean> {
    const { connections, departures, roster, wakes, clock, log } = this.#parts;
    try {
      const membership = await connections.leave(connection, channel, clock.now() + LEAVING_MS);
      if (membership === undefined) return true;
      const endsAt = clock.now() + WAIT_MS;
      await roster.leave(connection, membership);
      while ((await departures.leave(connection, membership)) === 'kept') {
        if (clock.now() >= endsAt) {
          // The mark stays: a next subscribe waits for its end. Whoever held the partition may be dead.
          const { partition = 0 } = membership;
          await wakes.send({ v: 1, type: 'drain', channel, partition }, LEFT_WAKE_SECONDS);
          return true;
        }
        await clock.sleep(POLL_MS);
      }
      await connections.drop(connection, channel, membership.nonce);
      return true;
    } catch (error) {
      log('warn', 'unsubscribe not completed', { connection, ...causeOf(error) });
      return false;
    }
  }
}
