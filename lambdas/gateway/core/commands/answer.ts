import { type Disconnect, PROTOCOL_ERRORS, type ProtocolError } from '../../../contract/codes';
import type { Reply } from '../../../contract/frames';
import { causeOf } from '../../../contract/log';

/** A subscription whose reply is on its way: it becomes active once the reply is known to be posted. */
export interface PendingSubscription {
  readonly channel: string;
  readonly partition: number;
  readonly nonce: string;
  readonly serverSide: boolean;
}

/**
 * What a command comes to. `reply`: to be posted now. `later`: a courier or a service answers. `refused`: an error for the
 * client and a reason for the log. `end`: the connection is closed with that disconnect.
 */
export type Answer =
  | {
      readonly result: 'reply';
      readonly reply: Reply;
      readonly pending?: readonly PendingSubscription[];
    }
  | { readonly result: 'later' }
  | { readonly result: 'refused'; readonly error: ProtocolError; readonly reason: string }
  | { readonly result: 'end'; readonly disconnect: Disconnect; readonly reason: string };

export type Refusal = Extract<Answer, { result: 'refused' }>;

export function refuse(error: ProtocolError, reason: string): Refusal {
  return { result: 'refused', error, reason };
}

/** Something that a command needs did not answer: the client may try again. */
export function refuseTemporarily(error: unknown): Refusal {
  const { error: name, cause } = causeOf(error);
  return refuse(PROTOCOL_ERRORS.internal, `${name}: ${cause}`);
}
