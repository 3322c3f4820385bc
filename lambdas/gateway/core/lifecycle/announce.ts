import { userOfChannel } from '../../../contract/channel';
import type { Delivery } from '../../../contract/delivery';
import type { Clock, WakeQueue } from '../ports';

/**
 * What leads to an event is on the queue before what it tells of is done. By then it usually is; where it is not, the message goes
 * round once more.
 */
export const EVENT_DELAY_SECONDS = 1;

/** What was announced to the bus has happened by then or never will: a function runs that long at most. */
export const ANNOUNCED_MS = 15_000;

/** Before a connection is accepted whose begin is told on the bus. Rejects where the queue fails: then it must not be. */
export async function announceConnection(
  { wakes, clock }: { readonly wakes: WakeQueue; readonly clock: Clock },
  connection: string,
  user: string,
): Promise<void> {
  const at = clock.now();
  await wakes.send(
    { v: 1, type: 'connected', connection, user, at, until: at + ANNOUNCED_MS },
    EVENT_DELAY_SECONDS,
  );
}

/** A socket that has not taken what was sent to its user by then has no chance worth waiting for. */
export const RECEIPT_MS = 10_000;

/** Before a publication to a user is appended whose service is told where no socket takes it. Rejects where the queue fails. */
export async function announceReceipt(
  { wakes, clock }: { readonly wakes: WakeQueue; readonly clock: Clock },
  { channel, data, idempotencyKey: key, source: from, publishedAt: at }: Delivery,
): Promise<void> {
  const user = userOfChannel(channel);
  if (user === undefined) return;
  const until = clock.now() + RECEIPT_MS;
  await wakes.send({ v: 1, type: 'receipt', user, key, data, from, at, until }, EVENT_DELAY_SECONDS);
}
