import * as v from 'valibot';
import { isChannelName, userOfChannel } from '../../../contract/channel';
import {
  type Authorization,
  type Delivery,
  type DeliveryReply,
  MAX_ALLOWANCE_DATA_BYTES,
  MAX_INFO_BYTES,
  MAX_REPLY_DATA_BYTES,
} from '../../../contract/delivery';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../contract/json';
import { isTraceparent } from '../../../contract/trace';
import type { Wake } from '../ports';

const text = (most: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(most));
const json = v.custom<JsonValue>((value) => value !== undefined, 'any JSON');
const channel = v.pipe(v.string(), v.check(isChannelName, 'a channel name'));

const integer = (least: number) =>
  v.pipe(v.number(), v.check<number, string>(Number.isInteger, 'an integer'), v.minValue(least));

const waiting = {
  client: text(128),
  id: v.pipe(integer(1), v.maxValue(2 ** 32 - 1)),
  kind: v.picklist(['publish', 'rpc']),
};
const reply = v.object({ ...waiting, data: v.exactOptional(v.record(v.string(), json)) });

const jsonObject = v.custom<JsonObject>(isJsonObject, 'an object');
const shown = v.exactOptional(jsonObject);
const clientInfo = v.object({ user: v.string(), client: v.string(), conn_info: shown, chan_info: shown });

const delivery = v.object({
  v: v.literal(1),
  type: v.literal('publication'),
  channel,
  data: json,
  idempotencyKey: text(128),
  source: text(64),
  publishedAt: integer(0),
  traceparent: v.custom<string>(isTraceparent, 'a W3C traceparent'),
  info: v.exactOptional(clientInfo),
  reply: v.exactOptional(reply),
  version: v.exactOptional(v.pipe(integer(1), v.maxValue(Number.MAX_SAFE_INTEGER))),
  versionEpoch: v.exactOptional(v.pipe(v.string(), v.maxLength(128))),
  receipt: v.exactOptional(v.literal(true)),
});

const drain = v.object({
  v: v.literal(1),
  type: v.literal('drain'),
  channel,
  partition: integer(0),
});

const authorizationTimeout = v.object({
  v: v.literal(1),
  type: v.literal('authorization-timeout'),
  connection: text(128),
  channel,
  commandId: waiting.id,
  question: text(64),
  askedAt: integer(0),
});

const connection = text(128);
const nonce = text(64);

const departed = v.object({
  v: v.literal(1),
  type: v.literal('departed'),
  subscriptions: v.array(v.object({ channel, connection, nonce, lifecycle: v.boolean() })),
  closed: v.exactOptional(v.object({ connection, user: v.string(), at: integer(0) })),
});

const lifecycle = v.object({
  v: v.literal(1),
  type: v.literal('lifecycle'),
  channel,
  of: v.exactOptional(v.object({ connection, nonce })),
  until: integer(0),
});

const connected = v.object({
  v: v.literal(1),
  type: v.literal('connected'),
  connection,
  user: v.string(),
  at: integer(0),
  until: integer(0),
});

const receipt = v.object({
  v: v.literal(1),
  type: v.literal('receipt'),
  user: text(255),
  key: text(128),
  data: json,
  from: text(64),
  at: integer(0),
  until: integer(0),
});

const atMost = <Value extends JsonValue>(most: number) =>
  v.check<Value, string>(
    (value) => Buffer.byteLength(JSON.stringify(value)) <= most,
    `at most ${most} bytes of JSON`,
  );

/** Longest text of an error that a service gives a client. */
const MAX_ERROR_LENGTH = 500;

const asked = {
  v: v.literal(1),
  type: v.literal('authorization'),
  client: text(128),
  channel,
  commandId: waiting.id,
  question: text(64),
  source: text(64),
  traceparent: v.custom<string>(isTraceparent, 'a W3C traceparent'),
};

const allowance = v.object({
  info: v.exactOptional(v.pipe(jsonObject, atMost(MAX_INFO_BYTES))),
  data: v.exactOptional(v.pipe(json, atMost(MAX_ALLOWANCE_DATA_BYTES))),
  expiresAt: v.exactOptional(v.pipe(integer(1), v.maxValue(Number.MAX_SAFE_INTEGER))),
});

const denial = v.object({
  code: v.pipe(integer(100), v.maxValue(1999)),
  message: text(MAX_ERROR_LENGTH),
  temporary: v.exactOptional(v.boolean()),
});

const authorization = v.object({
  ...asked,
  allow: v.exactOptional(allowance),
  deny: v.exactOptional(denial),
});

const message = v.variant('type', [
  delivery,
  authorization,
  drain,
  authorizationTimeout,
  departed,
  lifecycle,
  connected,
  receipt,
]);

/** A message that is none of ours. */
export interface Unreadable {
  readonly type: 'unreadable';
  /** What was expected and what came, without content. */
  readonly reason: string;
  /** Who waits for an answer, where that much can be read; without its data. */
  readonly reply?: DeliveryReply;
}

export type CourierMessage = Delivery | Authorization | Wake | Unreadable;

/** Reads a message of either queue. */
export function parseMessage(body: string): CourierMessage {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { type: 'unreadable', reason: 'body: expected JSON, got text that is none' };
  }
  const parsed = v.safeParse(message, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    // Own checks carry what they expect as their message.
    const expected = issue.type === 'custom' || issue.type === 'check' ? issue.message : issue.expected;
    const reason = `${v.getDotPath(issue) ?? 'body'}: expected ${expected ?? issue.type}, got ${typeof issue.input}`;
    return unreadable(reason, value);
  }
  const { output } = parsed;
  if (output.type === 'authorization') return authorizationOf(output);
  const bytes = output.type === 'publication' ? replyDataBytes(output) : 0;
  if (bytes > MAX_REPLY_DATA_BYTES) {
    return unreadable(
      `reply.data: expected at most ${MAX_REPLY_DATA_BYTES} bytes of JSON, got ${bytes}`,
      value,
    );
  }
  if (output.type === 'publication' && output.receipt && userOfChannel(output.channel) === undefined) {
    return unreadable("receipt: expected with a user's own channel, got another channel", value);
  }
  return output;
}

/** Where somebody says both, nobody gets in. */
function authorizationOf({
  allow,
  deny,
  ...rest
}: v.InferOutput<typeof authorization>): Authorization | Unreadable {
  if (deny) return { ...rest, deny };
  if (allow) return { ...rest, allow };
  return { type: 'unreadable', reason: 'authorization: expected allow or deny, got neither' };
}

function replyDataBytes({ reply: waiter }: Delivery): number {
  return waiter?.data ? Buffer.byteLength(JSON.stringify(waiter.data)) : 0;
}

function unreadable(reason: string, value: unknown): Unreadable {
  const waits = v.safeParse(v.object({ reply: v.object(waiting) }), value);
  return { type: 'unreadable', reason, ...(waits.success && { reply: waits.output.reply }) };
}
