import type { Envelope, EnvelopeEvent } from '../contract/envelope';
import { parseEnvelopeEvent } from './envelope-event';
import { factsOf } from './exchange';
import type { PublicKeys } from './public-keys';

/** No client waits this long: an older envelope is a repeat by someone, whatever its deadline says. */
export const MAX_AGE_MS = 60_000;

// Clocks inside AWS agree within milliseconds; this much ahead is no clock, but a wrong envelope.
const MAX_AHEAD_MS = 10_000;

/** An event must not run, and nobody is answered. `fields` are facts for the log line. */
export class NotAcceptedError extends Error {
  override readonly name = 'NotAcceptedError';
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(message: string, event: EnvelopeEvent, fields: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.fields = { ...fields, ...factsOf(event.detail) };
  }
}

/** What a service takes beside what is for it and new. */
export interface Takes {
  readonly observes: (method: string) => boolean;
  /** Replays, of what nobody waits for. */
  readonly replays: boolean;
}

/**
 * The envelope of an event that may run: made by the gateway, for this service or a method that it observes, in time. Throws
 * `EnvelopeEventError` or `NotAcceptedError` for every other event; other errors mean that the keys could not be had.
 */
export async function acceptedEnvelope(
  event: unknown,
  service: string,
  publicKeys: Pick<PublicKeys, 'verify'>,
  { observes, replays }: Takes,
): Promise<{ readonly envelope: Envelope; readonly replayed: boolean }> {
  const parsed = parseEnvelopeEvent(event);
  const envelope = parsed.detail;
  const observed = envelope.kind === 'rpc' && envelope.service !== service && observes(envelope.method);
  const replayed = parsed['replay-name'] !== undefined;
  if (replayed && !(replays && (observed || envelope.kind === 'send'))) {
    throw new NotAcceptedError('replayed event: does not run', parsed);
  }
  const verification = await publicKeys.verify(envelope);
  if (verification !== 'valid') {
    throw new NotAcceptedError(`signature: expected valid, got ${verification}`, parsed, {
      kid: envelope.signature.kid,
    });
  }
  if (observed) return { envelope, replayed };
  if (envelope.service !== service) {
    throw new NotAcceptedError(`service: expected ${service}, got ${envelope.service}`, parsed);
  }
  checkTime(parsed, envelope);
  return { envelope, replayed };
}

/** A message that nobody waits for is never too late. */
function checkTime(parsed: EnvelopeEvent, envelope: Envelope): void {
  if (envelope.kind === 'send') return;
  // After the keys were fetched: a cold start may have taken the rest of the time.
  const now = Date.now();
  const age = now - envelope.issuedAt;
  if (age > MAX_AGE_MS || age < -MAX_AHEAD_MS) {
    throw new NotAcceptedError(`age: expected ${-MAX_AHEAD_MS} to ${MAX_AGE_MS} ms, got ${age} ms`, parsed);
  }
  if (now >= envelope.deadline) {
    throw new NotAcceptedError('deadline has passed: the client has given up', parsed, {
      lateMs: now - envelope.deadline,
    });
  }
}
