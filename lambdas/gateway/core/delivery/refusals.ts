import { PROTOCOL_ERRORS, type ProtocolError } from '../../../contract/codes';
import {
  type Delivery,
  IDEMPOTENCY_WINDOW_SECONDS,
  MAX_PUBLICATION_BYTES,
  publicationBytes,
} from '../../../contract/delivery';
import type { CourierRecord } from './batch';
import type { Former } from './channels';

/** For clocks that differ, and for the time between the look at a delivery's age and its append. */
const STALE_MARGIN_MS = 20_000;

/** Between publishing and the queue lie retries of one send; a redrive from the dead letters comes later than that. */
const REDRIVEN_AFTER_MS = 60_000;

/** Age from which a delivery that may have been appended before is looked for in the log: its key may be forgotten. */
export const STALE_AFTER_MS = IDEMPOTENCY_WINDOW_SECONDS * 1000 - STALE_MARGIN_MS;

/** Why a delivery can never be appended. */
export type RefusalKind =
  | 'unreadable'
  | 'unknown-namespace'
  | 'too-large'
  | 'stale'
  | 'foreign-namespace'
  | 'foreign-source';

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

/** It may be in the log already, where only who knows what it says can decide. */
export const UNPROVEN: DeliveryRefusal = {
  kind: 'stale',
  error: PROTOCOL_ERRORS.expired,
  reason: `log: expected it to reach back to a publication older than ${STALE_AFTER_MS / 1000} s, got a younger one`,
};

/**
 * Whether a delivery may have been appended so long ago that its key is forgotten; `now` in epoch ms. One that waited in a
 * backlog and comes for the first time is none: it was accepted, and nobody can have appended it.
 */
export function formerOf(
  { publishedAt }: Delivery,
  { receives, sentAt, redriven }: Pick<CourierRecord, 'receives' | 'sentAt' | 'redriven'>,
  now: number,
): Former | undefined {
  const mayBeRepeat = receives > 1 || redriven !== undefined || sentAt - publishedAt > REDRIVEN_AFTER_MS;
  if (!mayBeRepeat || now - publishedAt <= STALE_AFTER_MS) return undefined;
  return { publishedAt: publishedAt - STALE_MARGIN_MS, forced: redriven === 'forced' };
}

/** What is wrong with a delivery for ever, whatever its namespace. */
export function refusalOf(delivery: Delivery): DeliveryRefusal | undefined {
  const bytes = publicationBytes(delivery);
  if (bytes <= MAX_PUBLICATION_BYTES) return undefined;
  return {
    kind: 'too-large',
    error: PROTOCOL_ERRORS.badRequest,
    reason: `publication: expected at most ${MAX_PUBLICATION_BYTES} bytes, got ${bytes}`,
  };
}
