import { PROTOCOL_ERRORS, type ProtocolError } from '../../../contract/codes';
import {
  type Delivery,
  IDEMPOTENCY_WINDOW_SECONDS,
  MAX_PUBLICATION_BYTES,
  publicationBytes,
} from '../../../contract/delivery';
import type { CourierRecord } from './batch';

/** For clocks that differ, and for the time between the look at a delivery's age and its append. */
const STALE_MARGIN_MS = 20_000;

/** Between publishing and the queue lie retries of one send; a redrive from the dead letters comes later than that. */
const REDRIVEN_AFTER_MS = 60_000;

/** Age from which a delivery that may have been appended before is not appended any more: its key may be forgotten. */
export const STALE_AFTER_MS = IDEMPOTENCY_WINDOW_SECONDS * 1000 - STALE_MARGIN_MS;

/** Why a delivery can never be appended. */
export type RefusalKind = 'unreadable' | 'unknown-namespace' | 'too-large' | 'stale';

export interface DeliveryRefusal {
  readonly kind: RefusalKind;
  /** What who published gets. */
  readonly error: ProtocolError;
  /** What was expected and what came, without content. */
  readonly reason: string;
}

/** A message that a courier puts aside. */
export interface DeadLetter {
  /** Id of the original message: a repeat is put aside once. */
  readonly id: string;
  readonly group: string;
  readonly body: string;
  readonly kind: RefusalKind;
}

/** Where deliveries wait that can never be appended. Rejects where it does not answer. */
export interface DeadLetters {
  send(letter: DeadLetter): Promise<void>;
}

export function unreadable(reason: string): DeliveryRefusal {
  return { kind: 'unreadable', error: PROTOCOL_ERRORS.badRequest, reason };
}

export const UNKNOWN_NAMESPACE: DeliveryRefusal = {
  kind: 'unknown-namespace',
  error: PROTOCOL_ERRORS.unknownChannel,
  reason: 'namespace: expected one that is registered, got another',
};

/**
 * What is wrong with a delivery for ever, whatever its namespace; `now` in epoch ms. One that waited in a backlog and comes for
 * the first time is never too old: it was accepted, and nobody can have appended it.
 */
export function refusalOf(
  delivery: Delivery,
  { receives, sentAt }: Pick<CourierRecord, 'receives' | 'sentAt'>,
  now: number,
): DeliveryRefusal | undefined {
  const age = now - delivery.publishedAt;
  const mayBeRepeat = receives > 1 || sentAt - delivery.publishedAt > REDRIVEN_AFTER_MS;
  if (mayBeRepeat && age > STALE_AFTER_MS) {
    const [most, seconds] = [STALE_AFTER_MS / 1000, Math.floor(age / 1000)];
    return {
      kind: 'stale',
      error: PROTOCOL_ERRORS.expired,
      reason: `publishedAt: expected at most ${most} s ago, got ${seconds} s`,
    };
  }
  const bytes = publicationBytes(delivery);
  if (bytes <= MAX_PUBLICATION_BYTES) return undefined;
  return {
    kind: 'too-large',
    error: PROTOCOL_ERRORS.badRequest,
    reason: `publication: expected at most ${MAX_PUBLICATION_BYTES} bytes, got ${bytes}`,
  };
}
