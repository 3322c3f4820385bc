import * as v from 'valibot';
import {
  ENVELOPE_DETAIL_TYPE,
  ENVELOPE_SOURCE,
  type EnvelopeEvent,
  type EnvelopeKind,
} from '../contract/envelope';
import type { JsonObject, JsonValue } from '../contract/json';

const text = v.pipe(v.string(), v.nonEmpty());
const whole = v.pipe(v.number(), v.safeInteger());
const json = v.custom<JsonValue>((value) => value !== undefined);
const info = v.exactOptional(v.custom<JsonObject>((value) => typeof value === 'object' && value !== null));

const common = {
  v: v.literal(1),
  id: text,
  seq: whole,
  service: text,
  client: text,
  user: v.string(),
  info,
  data: json,
  issuedAt: whole,
  traceparent: v.string(),
  signature: v.looseObject({ kid: v.string(), value: v.string() }),
};
const awaited = { ...common, commandId: whole, deadline: whole };

// Loose objects: fields that a later gateway adds are signed too, so they have to reach the verification.
const envelope = v.variant('kind', [
  v.looseObject({ ...awaited, kind: v.literal('rpc'), method: text }),
  v.looseObject({ ...awaited, kind: v.literal('publish'), channel: text, channelInfo: info }),
  v.looseObject({ ...awaited, kind: v.literal('subscribe'), channel: text, question: text }),
  v.looseObject({ ...common, kind: v.literal('send') }),
]);

const envelopeEvent = v.looseObject({
  id: v.string(),
  source: v.literal(ENVELOPE_SOURCE),
  'detail-type': v.picklist(Object.values(ENVELOPE_DETAIL_TYPE)),
  'replay-name': v.exactOptional(v.string()),
  detail: envelope,
});

/** The event of an invocation is no envelope of the gateway. Names the field and what was expected, never its value. */
export class EnvelopeEventError extends Error {
  override readonly name = 'EnvelopeEventError';
}

function checkDetailType(detailType: string, kind: EnvelopeKind): void {
  if (detailType !== ENVELOPE_DETAIL_TYPE[kind]) {
    throw new EnvelopeEventError(`event.detail-type: expected that of the kind ${kind}, got that of another`);
  }
}

/** Reads what a rule hands to a business function, the very object; throws `EnvelopeEventError` for another shape. */
export function parseEnvelopeEvent(event: unknown): EnvelopeEvent {
  const parsed = v.safeParse(envelopeEvent, event);
  if (parsed.success) {
    checkDetailType(parsed.output['detail-type'], parsed.output.detail.kind);
    return parsed.output;
  }
  const { path, expected, received } = parsed.issues[0];
  const field = ['event', ...(path ?? []).map(({ key }) => String(key))].join('.');
  // For an absent field the schema says its name; whoever reads the line wants to know that it is absent.
  const wanted =
    received === 'undefined' ? 'a value, got none' : `${expected ?? 'a value'}, got something else`;
  throw new EnvelopeEventError(`${field}: expected ${wanted}`);
}
