import { PROTOCOL_ERRORS } from '../../../contract/codes';
import type { ClientInfo } from '../../../contract/frames';
import type { Membership } from '../connections/connection';
import type { Place } from '../delivery/channels';
import { type Member, PENDING_MS } from '../delivery/partitions';
import { graceEnd } from '../liveness/prognosis';
import type { Arrival } from '../presence/presence';
import { type PendingSubscription, type Refusal, refuse } from './answer';
import type { SubscriptionParts } from './parts';

/** `moved`: partitions to be told of the join. */
export type Entered = { readonly moved: number } | 'epoch' | 'set back' | 'busy' | 'lost';

const NOT_ENTERED = {
  epoch: 'partition: expected the epoch of the channel, got a former one',
  'set back': 'log: expected what subscribers were shown, got a former state of it',
  busy: 'partition: expected no former subscription, got one that is not over',
} as const;

function arrivalOf(info: ClientInfo, { nonce, traits }: Membership): Arrival {
  const { lifecycle, joinLeave } = traits;
  return { connection: info.client, nonce, info, lifecycle, listens: joinLeave };
}

/**
 * Joins the partition of a place as pending, then notes it in the connection and in the channel's list. Rejects where Redis
 * fails; what was done by then is the caller's to give up.
 */
export async function enter(
  { channels, connections, partitions, roster, due, clock }: SubscriptionParts,
  connection: string,
  membership: PendingSubscription,
  { epoch, top, tag, move, entries }: Place,
  info: ClientInfo,
): Promise<Entered> {
  const { channel, partition, nonce, traits } = membership;
  const until = clock.now() + PENDING_MS;
  const { serverSide, presence, joinLeave, expiresAt } = traits;
  const member: Member = {
    ...{ connection, nonce, state: 'pending', offset: top, until, serverSide, listed: presence },
    ...(joinLeave ? { moves: move } : {}),
  };
  const [joined, held] = await Promise.all([
    partitions.join(channel, partition, member, { epoch, top }),
    channels.witness(channel, epoch, { offset: top, tag }, entries),
    traits.lifecycle ? roster.announce(channel, { connection, nonce }) : undefined,
    expiresAt > 0 ? due.note(connection, graceEnd(expiresAt)) : undefined,
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
 * What a client gets that did not enter. The partition's members have to hear of the new epoch first, or a former subscription
 * has to end: a drain sees to it.
 */
export async function refuseEntry(
  { wakes }: Pick<SubscriptionParts, 'wakes'>,
  entered: Exclude<Entered, object>,
  channel: string,
  partition: number,
): Promise<Refusal> {
  if (entered === 'lost') {
    return refuse(PROTOCOL_ERRORS.internal, 'connection: expected it open, got a close or an unsubscribe');
  }
  const first = entered === 'set back' ? 0 : partition;
  for (const told of new Set([first, partition])) {
    await wakes.send({ v: 1, type: 'drain', channel, partition: told }, 0);
  }
  return refuse(PROTOCOL_ERRORS.internal, NOT_ENTERED[entered]);
}
