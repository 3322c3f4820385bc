import { userChannel } from '../../../contract/channel';
import { PROTOCOL_ERRORS } from '../../../contract/codes';
import { type ApiAnswer, refused } from './answer';
import type { ServerApiParts } from './ports';
import { pauseAfter, WAIT_MS } from './publications';
import type { Request } from './requests';

/**
 * How many sockets have taken what was sent to a user under a key: once all were tried, or what is known after three seconds;
 * nothing where it is in no log by then.
 */
export async function delivered(
  { receipts, clock }: Pick<ServerApiParts, 'receipts' | 'clock'>,
  { user, idempotency_key }: Request<'delivered'>,
): Promise<ApiAnswer> {
  const channel = userChannel(user);
  if (channel === undefined) {
    return refused(
      PROTOCOL_ERRORS.badRequest,
      'user: expected an id that makes a channel name, got one that does not',
    );
  }
  const endsAt = clock.now() + WAIT_MS;
  for (let look = 0; ; look++) {
    const receipt = await receipts.of(channel, idempotency_key);
    if (receipt?.complete || clock.now() >= endsAt) {
      return { result: receipt === undefined ? {} : { sockets: receipt.sockets } };
    }
    await clock.sleep(pauseAfter(look));
  }
}
