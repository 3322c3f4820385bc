import { UNSUBSCRIBES } from '../../../contract/codes';
import { encodeFrame } from '../../../contract/frames';
import type { Connections, Membership } from '../connections/connection';
import { type Departures, endedOf } from '../connections/departures';
import { LOCK_MS } from '../delivery/times';
import type { Clock, Poster, PostOutcome, WakeQueue } from '../ports';
import type { Roster } from '../presence/roster';

/** No post of a drain is out for longer, so that long the channel is kept from a next subscription at most. */
const LEAVING_MS = LOCK_MS + 1_000;

export interface ExpiryParts {
  readonly connections: Connections;
  readonly departures: Departures;
  readonly roster: Roster;
  readonly wakes: WakeQueue;
  readonly poster: Poster;
  readonly clock: Clock;
}

/**
 * Ends a subscription whose permission is over, and tells its client (2501), which subscribes again if it gets another. It
 * leaves first: nothing is posted behind the push. Answers what came of the push. Rejects where Redis or the queue fails.
 */
export async function endExpired(
  { connections, departures, roster, wakes, poster, clock }: ExpiryParts,
  connection: string,
  membership: Membership,
): Promise<PostOutcome> {
  const { channel, partition = 0, nonce } = membership;
  await roster.leaveLater(endedOf(connection, membership));
  await connections.leave(connection, channel, clock.now() + LEAVING_MS);
  if ((await departures.leave(connection, membership)) === 'kept') {
    // The mark stays until no post can be out any more: a next subscription waits for that.
    await wakes.send({ v: 1, type: 'drain', channel, partition }, Math.ceil(LEAVING_MS / 1000));
  } else {
    await connections.drop(connection, channel, nonce);
  }
  return poster.post(connection, encodeFrame([{ push: { channel, unsubscribe: UNSUBSCRIBES.expired } }]));
}
