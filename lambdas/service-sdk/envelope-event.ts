import * as v from 'valibot';
import { ENVELOPE_DETAIL_TYPE, ENVELOPE_SOURCE, type EnvelopeEvent } from '../contract/envelope';
import type { JsonValue } from '../contract/json';

const text = v.pipe(v.string(), v.nonEmpty());
const whole = v.pipe(v.number(), v.safeInteger());

// Loose objects: fields that a later gateway adds are signed too, so they have to reach the verification.
const envelopeEvent = v.looseObject({
  id: v.string(),
  source: v.literal(ENVELOPE_SOURCE),
  'detail-type': v.literal(ENVELOPE_DETAIL_TYPE.rpc),
  'replay-name': v.exactOptional(v.string()),
  detail: v.looseObject({
    v: v.literal(1),
    id: text,
    seq: whole,
    kind: v.literal('rpc'),
    service: text,
    method: text,
    client: text,
    user: v.string(),
    commandId: whole,
    data: v.custom<JsonValue>((value) => value !== undefined),
    issuedAt: whole,
    deadline: whole,
    traceparent: v.string(),
    signature: v.looseObject({ kid: v.string(), value: v.string() }),
  }),
});

/** The event of an invocation is no envelope of the gateway. Names the field and what was expected, never its value. */
export class EnvelopeEventError extends Error {
  override readonly name = 'EnvelopeEventError';
}

/** Reads what a rule hands to a business function, the very object; throws `EnvelopeEventError` for another shape. */
export function parseEnvelopeEvent(event: unknown): EnvelopeEvent {
  const parsed = v.safeParse(envelopeEvent, event);
  if (parsed.success) return parsed.output;
  const { path, expected, received } = parsed.issues[0];
  const field = ['event', ...(path ?? []).map(({ key }) => String(key))].join('.');
  // For an absent field the schema says its name; whoever reads the line wants to know that it is absent.
  const wanted =
    received === 'undefined' ? 'a value, got none' : `${expected ?? 'a value'}, got something else`;
  throw new EnvelopeEventError(`${field}: expected ${wanted}`);
}
