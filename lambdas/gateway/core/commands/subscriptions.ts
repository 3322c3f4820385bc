import { randomBytes } from 'node:crypto';
import { PROTOCOL_ERRORS, UNSUBSCRIBES } from '../../../contract/codes';
import { encodeFrame, type SubscribeResult } from '../../../contract/frames';
import { causeOf } from '../../../contract/log';
import type { Membership } from '../connections/connection';
import type { Place } from '../delivery/channels';
import { LOCK_MS } from '../delivery/drain';
import { type Member, PENDING_MS } from '../delivery/partitions';
import { inParallel } from '../parallel';
import type { Position } from '../protocol/commands';
import { type PendingSubscription, type Refusal, refuse } from './answer';
import { rulesOf } from './namespace';
import type { CommandParts } from './parts';
import { type RecoveryBudget, subscribeResult } from './recovery';

/** How long a subscribe waits for another or an unsubscribe of the same channel, and that one for a drain; clients give up after 5 s. */
const WAIT_MS = 3_000;
const POLL_MS = 50;

/** How long the reply of a failed subscribe waits for its tidying: with a script's three seconds less than clients wait. */
const TIDY_MS = 1_000;
const TIDIES_AT_ONCE = 16;

/** How long the mark of an unsubscribe that died keeps the channel: no post of a drain is out for longer. */
const LEAVING_MS = LOCK_MS + 1_000;

export interface SubscribeRequest {
  readonly channel: string;
  readonly recover: Position | undefined;
  readonly serverSide: boolean;
}

export type Subscribed =
  | { readonly result: 'subscribed'; readonly reply: SubscribeResult; readonly pending: PendingSubscription }
  | Refusal;

/** A subscription's way: hold, place, join, reply, activate; and its end. */
export class Subscriptions {
  readonly #parts: CommandParts;

  constructor(parts: CommandParts) {
    this.#parts = parts;
  }

  /** Joins a channel as pending. The result must be posted, then `activate` called. Rejects where Redis fails. */
  async subscribe(
    connection: string,
    { channel, recover, serverSide }: SubscribeRequest,
    budget: RecoveryBudget,
  ): Promise<Subscribed> {
    const { channels, registry, wakes } = this.#parts;
    const found = await rulesOf(registry, channel);
    if ('result' in found) return found;

    const nonce = randomBytes(6).toString('base64url');
    const refusal = await this.#hold(connection, channel, nonce);
    if (refusal) return refusal;
    let place: Place | undefined;
    let entered: 'entered' | 'epoch' | 'lost';
    try {
      place = await channels.place(channel, found.rules.recover ? recover?.offset : undefined);
      entered = await this.#enter(connection, channel, nonce, place, serverSide);
    } catch (error) {
      await this.#giveUp(connection, { channel, partition: place?.partition, nonce });
      throw error;
    }
    const { partition } = place;
    if (entered !== 'entered') {
      await this.#giveUp(connection, { channel, partition, nonce });
      if (entered === 'lost') {
        return refuse(
          PROTOCOL_ERRORS.internal,
          'connection: expected it open, got a close or an unsubscribe',
        );
      }
      // The partition's members have to hear of the new epoch first; a drain tells them.
      await wakes.send({ v: 1, type: 'drain', channel, partition }, 0);
      return refuse(
        PROTOCOL_ERRORS.internal,
        'partition: expected the epoch of the channel, got a former one',
      );
    }
    return {
      result: 'subscribed',
      reply: subscribeResult(found.rules, place, recover, budget),
      pending: { channel, partition, nonce, serverSide },
    };
  }

  /** Joins the partition of a place as pending, then notes it in the connection. */
  async #enter(
    connection: string,
    channel: string,
    nonce: string,
    { partition, epoch, top }: Place,
    serverSide: boolean,
  ): Promise<'entered' | 'epoch' | 'lost'> {
    const { connections, partitions, clock } = this.#parts;
    const until = clock.now() + PENDING_MS;
    const member: Member = { connection, nonce, state: 'pending', offset: top, until, serverSide };
    if ((await partitions.join(channel, partition, member, { epoch, top })) === 'epoch') return 'epoch';
    const settled = await connections.settle(connection, { channel, partition, nonce });
    return settled === 'lost' ? 'lost' : 'entered';
  }

  /**
   * Gives a subscription up that did not get as far as its reply, as well as Redis lets it: what stays ends by its own
   * deadline. Never rejects.
   */
  async #giveUp(connection: string, { channel, partition, nonce }: Membership): Promise<void> {
    const { connections, partitions, departures } = this.#parts;
    await this.#tidy(connection, [
      async () => {
        if (partition === undefined) return;
        await partitions.leave(channel, partition, connection, nonce);
        // Whether it joined or not, the place was reserved.
        await departures.vacate(channel, partition, 1);
      },
      async () => {
        await connections.drop(connection, channel, nonce);
      },
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

  async #hold(connection: string, channel: string, nonce: string): Promise<Refusal | undefined> {
    const { connections, clock } = this.#parts;
    const endsAt = clock.now() + WAIT_MS;
    for (;;) {
      const held = await connections.hold(connection, channel, nonce, clock.now());
      switch (held) {
        case 'held':
          return undefined;
        case 'subscribed':
          return refuse(PROTOCOL_ERRORS.alreadySubscribed, 'channel: expected no subscription, got one');
        case 'limit':
          return refuse(
            PROTOCOL_ERRORS.limitExceeded,
            'connection: expected fewer subscriptions, got the most',
          );
        case 'closed':
        case 'absent':
          return refuse(PROTOCOL_ERRORS.internal, `connection: expected it connected, got ${held}`);
        case 'leaving':
          if (clock.now() >= endsAt)
            return refuse(
              PROTOCOL_ERRORS.internal,
              'channel: expected a former subscribe or unsubscribe to end in time',
            );
          await clock.sleep(POLL_MS);
      }
    }
  }

  /** After the reply was posted. Answers whether the client has to be disconnected. Rejects where Redis fails. */
  async activate(connection: string, pending: PendingSubscription): Promise<'active' | 'end'> {
    const { connections, partitions, poster, wakes, clock } = this.#parts;
    const { channel, partition, nonce, serverSide } = pending;
    switch (await partitions.activate(channel, partition, connection, nonce, clock.now())) {
      case 'active':
      case 'told':
        return 'active';
      case 'wake':
        await wakes.send({ v: 1, type: 'drain', channel, partition }, 0);
        return 'active';
      case 'missing': {
        // Where the connection gave the subscription up itself, there is nothing to tell.
        if ((await connections.drop(connection, channel, nonce)) !== 'dropped') return 'active';
        if (serverSide) return 'end';
        const frame = encodeFrame([{ push: { channel, unsubscribe: UNSUBSCRIBES.insufficientState } }]);
        return (await poster.post(connection, frame)) === 'ok' ? 'active' : 'end';
      }
    }
  }

  /** Gives subscriptions back that no reply will tell of, as well as Redis lets it. Never rejects. */
  async undo(connection: string, subscriptions: readonly PendingSubscription[]): Promise<void> {
    const { connections, departures } = this.#parts;
    await this.#tidy(
      connection,
      subscriptions.map((membership) => async () => {
        await departures.leave(connection, membership);
        await connections.drop(connection, membership.channel, membership.nonce);
      }),
    );
  }

  /**
   * Ends a subscription and waits until no drain can post to it any more, so that what follows is not mixed with it. Never
   * rejects: an error reply would make an SDK reconnect.
   */
  async unsubscribe(connection: string, channel: string): Promise<void> {
    const { connections, partitions, departures, clock, log } = this.#parts;
    try {
      const membership = await connections.leave(connection, channel, clock.now() + LEAVING_MS);
      if (membership === undefined) return;
      const drain = await departures.leave(connection, membership);
      const endsAt = Math.min(drain?.until ?? 0, clock.now() + WAIT_MS);
      while (drain && membership.partition !== undefined) {
        const now = await partitions.leave(channel, membership.partition, connection, membership.nonce);
        if (now.drain?.token !== drain.token) break;
        // The mark stays: the channel is free again when the drain's time is over.
        if (clock.now() >= endsAt) return;
        await clock.sleep(POLL_MS);
      }
      await connections.drop(connection, channel, membership.nonce);
    } catch (error) {
      log('warn', 'unsubscribe not completed', { connection, ...causeOf(error) });
    }
  }
}
