import { randomBytes } from 'node:crypto';
import { PROTOCOL_ERRORS, UNSUBSCRIBES } from '../../../contract/codes';
import { encodeFrame, type SubscribeResult } from '../../../contract/frames';
import { causeOf } from '../../../contract/log';
import { LOCK_MS } from '../delivery/drain';
import { PENDING_MS } from '../delivery/partitions';
import type { Position } from '../protocol/commands';
import { type PendingSubscription, type Refusal, refuse } from './answer';
import { rulesOf } from './namespace';
import type { CommandParts } from './parts';
import { type RecoveryBudget, subscribeResult } from './recovery';

/** How long a subscribe waits for an unsubscribe of the same channel, and that one for a drain; clients give up after 5 s. */
const WAIT_MS = 3_000;
const POLL_MS = 50;

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
    const { connections, channels, partitions, registry, wakes, clock } = this.#parts;
    const found = await rulesOf(registry, channel);
    if ('result' in found) return found;

    const nonce = randomBytes(6).toString('base64url');
    const refusal = await this.#hold(connection, channel, nonce);
    if (refusal) return refusal;
    const place = await channels.place(channel, found.rules.recover ? recover?.offset : undefined);
    const { partition, epoch, top } = place;
    const joined = await partitions.join(
      channel,
      partition,
      {
        connection,
        nonce,
        state: 'pending',
        offset: top,
        until: clock.now() + PENDING_MS,
        serverSide,
      },
      { epoch, top },
    );
    const membership = { channel, partition, nonce };
    if (joined === 'epoch') {
      // The partition's members have to hear of the new epoch first; a drain tells them.
      await channels.vacate(channel, partition, 1);
      await connections.drop(connection, channel, nonce);
      await wakes.send({ v: 1, type: 'drain', channel, partition }, 0);
      return refuse(
        PROTOCOL_ERRORS.internal,
        'partition: expected the epoch of the channel, got a former one',
      );
    }
    if ((await connections.settle(connection, membership)) === 'lost') {
      await this.#parts.departures.leave(connection, membership);
      return refuse(PROTOCOL_ERRORS.internal, 'connection: expected it open, got a close or an unsubscribe');
    }
    return {
      result: 'subscribed',
      reply: subscribeResult(found.rules, place, recover, budget),
      pending: { ...membership, serverSide },
    };
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
            return refuse(PROTOCOL_ERRORS.internal, 'channel: expected a former unsubscribe to end in time');
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

  /** Gives subscriptions back that no reply will tell of. */
  async undo(connection: string, subscriptions: readonly PendingSubscription[]): Promise<void> {
    for (const membership of subscriptions) {
      await this.#parts.departures.leave(connection, membership);
      await this.#parts.connections.drop(connection, membership.channel, membership.nonce);
    }
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
