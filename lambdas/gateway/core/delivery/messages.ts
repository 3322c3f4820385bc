import * as v from 'valibot';
import { isChannelName } from '../../../contract/channel';
import type { Delivery } from '../../../contract/delivery';
import type { JsonValue } from '../../../contract/json';
import { isTraceparent } from '../../../contract/trace';
import type { Wake } from '../ports';

/**
 * Largest publication, in bytes of its JSON. A post may carry 128 KB; the rest is the frame around it, and publications above
 * 32 KB are billed as several messages.
 */
export const MAX_PUBLICATION_BYTES = 120 * 1024;

const text = (most: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(most));
const json = v.custom<JsonValue>((value) => value !== undefined, 'any JSON');
const channel = v.pipe(v.string(), v.check(isChannelName, 'a channel name'));

const delivery = v.object({
  v: v.literal(1),
  type: v.literal('publication'),
  channel,
  data: json,
  idempotencyKey: text(128),
  source: text(64),
  traceparent: v.custom<string>(isTraceparent, 'a W3C traceparent'),
  info: v.exactOptional(v.object({ user: v.string(), client: v.string() })),
  reply: v.exactOptional(
    v.object({
      client: text(128),
      id: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 32 - 1)),
      kind: v.picklist(['publish', 'rpc']),
      data: v.exactOptional(v.record(v.string(), json)),
    }),
  ),
});

const wake = v.object({
  v: v.literal(1),
  type: v.literal('drain'),
  channel,
  partition: v.pipe(v.number(), v.integer(), v.minValue(0)),
});

const message = v.variant('type', [delivery, wake]);

export type CourierMessage = Delivery | Wake;

/** Reads a message of either queue; text where it is none: what was expected and what came, without content. */
export function parseMessage(body: string): CourierMessage | string {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return 'body: expected JSON, got text that is none';
  }
  const parsed = v.safeParse(message, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    // Own checks carry what they expect as their message.
    const expected = issue.type === 'custom' || issue.type === 'check' ? issue.message : issue.expected;
    return `${v.getDotPath(issue) ?? 'body'}: expected ${expected ?? issue.message}, got ${typeof issue.input}`;
  }
  return parsed.output;
}
