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
