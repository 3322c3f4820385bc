import { type Disconnect, PROTOCOL_ERRORS, type ProtocolError } from '../../../contract/codes';
import type { Reply } from '../../../contract/frames';
import { causeOf } from '../../../contract/log';
import type { Membership } from '../connections/connection';
import type { Taken } from '../delivery/receipts';
import type { Command } from '../protocol/commands';

/** A subscription whose reply is on its way: it becomes active once the reply is known to be posted. */
export interface PendingSubscription extends Membership {
  readonly partition: number;
  /** What its client missed and the reply brings. */
  readonly recovered?: Taken;
  /** Partitions to be told of its join once it is active; none: nobody is. */
  readonly moved?: number;
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
export type Ending = Extract<Answer, { result: 'end' }>;

export function refuse(error: ProtocolError, reason: string): Refusal {
  return { result: 'refused', error, reason };
}

/** Something that a command needs did not answer: the client may try again. */
export function refuseTemporarily(error: unknown): Refusal {
  const { error: name, cause } = causeOf(error);
  return refuse(PROTOCOL_ERRORS.internal, `${name}: ${cause}`);
}

/**
 * Answers a command of which nothing can be known or done for now: temporary errors where there is no other answer. An
 * unsubscribe must never get one, since it would make an SDK reconnect.
 */
export function answerUnserved(command: Command, reason: string): Answer {
  switch (command.kind) {
    case 'ping':
      return { result: 'reply', reply: { id: command.id, ping: {} } };
    case 'unsubscribe':
      return { result: 'reply', reply: { id: command.id, unsubscribe: {} } };
    case 'send':
    case 'pong':
      return { result: 'later' };
    default:
      return refuse(PROTOCOL_ERRORS.internal, reason);
  }
}
