import { FRAME_BYTES } from '../../../contract/frames';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../contract/json';
import type { Command, ParsedFrame, Position } from './commands';

const MAX_ID = 2 ** 32 - 1;

/** Deeper JSON would end the stack of what serialises it later; the bus takes 1,000 levels. */
const MAX_DEPTH = 128;

const PAYLOADS = {
  connect: parseConnect,
  subscribe: parseSubscribe,
  unsubscribe: parseUnsubscribe,
  publish: parsePublish,
  rpc: parseRpc,
  ping: (id: number): Command => ({ kind: 'ping', id }),
  presence: parsePresence('presence'),
  presence_stats: parsePresence('presence_stats'),
  history: parseHistory,
  send: parseSend,
  refresh: parseRefresh,
  sub_refresh: parseSubRefresh,
} as const satisfies Record<string, (id: number, fields: JsonObject) => Command>;

type Payload = keyof typeof PAYLOADS;

function isPayload(key: string): key is Payload {
  return Object.hasOwn(PAYLOADS, key);
}

/** A line that no reply can answer, so the connection ends. */
class FrameViolation extends Error {
  override readonly name = 'FrameViolation';
}

/**
 * Reads a text frame: one or more JSON objects, one a line. Whatever the text is, this returns; a frame with one bad line
 * is refused as a whole, since order is part of a frame's meaning.
 */
export function parseFrame(text: string): ParsedFrame {
  const bytes = Buffer.byteLength(text);
  if (bytes > FRAME_BYTES)
    return { ok: false, reason: `frame: expected at most ${FRAME_BYTES} bytes, got ${bytes}` };
  try {
    return { ok: true, commands: text.trim().split('\n').map(parseLine) };
  } catch (error) {
    if (error instanceof FrameViolation) return { ok: false, reason: error.message };
    throw error;
  }
}

function parseLine(line: string, index: number): Command {
  const where = `line ${index + 1}`;
  const depth = depthOf(line);
  if (depth > MAX_DEPTH)
    throw new FrameViolation(`${where}: expected at most ${MAX_DEPTH} levels, got ${depth}`);
  const object = parseObject(line, where);
  const keys = Object.keys(object);
  if (keys.length === 0) return { kind: 'pong' };

  const payloads = keys.filter(isPayload);
  const [payload] = payloads;
  if (payload === undefined || payloads.length > 1) {
    throw new FrameViolation(`${where}: expected exactly one command, got ${payloads.length}`);
  }
  const { id } = object;
  if (payload === 'send' && id === undefined) return parseSend(undefined, anyFields(object[payload]));
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 1 || id > MAX_ID) {
    throw new FrameViolation(
      `${where}: expected an id from 1 to ${MAX_ID} for ${payload}, got ${nameOf(id)}`,
    );
  }
  const fields = object[payload];
  if (!isJsonObject(fields) && payload !== 'unsubscribe') {
    return refused(id, payload, `expected an object, got ${nameOf(fields)}`);
  }
  return PAYLOADS[payload](id, withoutNulls(anyFields(fields)));
}

/** A field that is null is absent, as for other servers of the protocol. Data may be null. */
function withoutNulls(fields: JsonObject): JsonObject {
  if (!Object.values(fields).includes(null)) return fields;
  const given = Object.entries(fields).filter(([name, field]) => field !== null || name === 'data');
  return Object.fromEntries(given);
}

function parseObject(line: string, where: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // The parser's own message repeats the input.
    throw new FrameViolation(`${where}: expected JSON, got text that is none`);
  }
  if (!isJsonObject(value)) throw new FrameViolation(`${where}: expected an object, got ${nameOf(value)}`);
  return value;
}

/** Deepest nesting of brackets outside of strings. */
function depthOf(line: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < line.length; index++) {
    const character = line[index];
    if (inString) {
      if (character === '\\') index++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth);
    else if (character === '}' || character === ']') depth--;
  }
  return deepest;
}

/** What a value is, without repeating it; numbers may be told. */
function nameOf(value: unknown): string {
  if (value === undefined) return 'none';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'number' ? String(value) : typeof value;
}

function refused(id: number, name: string, reason: string): Command {
  return { kind: 'refused', id, name, reason };
}

/** A position, `bad` where a field is of the wrong type. Offsets are uint64 on the wire; above 2^53 none was ever given out. */
function positionOf(fields: JsonObject): Position | 'bad' {
  const { offset = 0, epoch = '' } = fields;
  if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 0) return 'bad';
  return typeof epoch === 'string' ? { offset, epoch } : 'bad';
}

const POSITION_REASON = 'expected offset from 0 to 2^53-1 and epoch as text, got something else';

function parseConnect(id: number, fields: JsonObject): Command {
  const { token = '', subs = {} } = fields;
  if (typeof token !== 'string') return refused(id, 'connect', `token: expected text, got ${nameOf(token)}`);
  if (!isJsonObject(subs)) return refused(id, 'connect', `subs: expected an object, got ${nameOf(subs)}`);
  const recover = new Map<string, Position>();
  for (const [channel, request] of Object.entries(subs)) {
    if (!isJsonObject(request))
      return refused(id, 'connect', `subs: expected objects, got ${nameOf(request)}`);
    const position = positionOf(request);
    if (position === 'bad') return refused(id, 'connect', `subs: ${POSITION_REASON}`);
    if (request['recover'] === true) recover.set(channel, position);
  }
  return { kind: 'connect', id, token, recover };
}

function parseSubscribe(id: number, fields: JsonObject): Command {
  const { channel, recover, token = '', join_leave: joinLeave } = fields;
  if (typeof channel !== 'string')
    return refused(id, 'subscribe', `channel: expected text, got ${nameOf(channel)}`);
  if (typeof token !== 'string')
    return refused(id, 'subscribe', `token: expected text, got ${nameOf(token)}`);
  const position = positionOf(fields);
  if (position === 'bad') return refused(id, 'subscribe', POSITION_REASON);
  return {
    kind: 'subscribe',
    id,
    channel,
    token,
    recover: recover === true ? position : undefined,
    joinLeave: joinLeave === true,
    data: dataOf(fields) ?? null,
  };
}

/** Never refused: an error would make an SDK reconnect. A channel that is none was not subscribed to either. */
function parseUnsubscribe(id: number, { channel }: JsonObject): Command {
  return { kind: 'unsubscribe', id, channel: typeof channel === 'string' ? channel : '' };
}

function parsePublish(id: number, fields: JsonObject): Command {
  const { channel } = fields;
  if (typeof channel !== 'string')
    return refused(id, 'publish', `channel: expected text, got ${nameOf(channel)}`);
  return { kind: 'publish', id, channel, data: dataOf(fields) };
}

/** The limits of an int32, which it is on the wire. */
function isInt32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value;
}

function parseHistory(id: number, fields: JsonObject): Command {
  const { channel, limit = 0, reverse = false, since } = fields;
  if (typeof channel !== 'string')
    return refused(id, 'history', `channel: expected text, got ${nameOf(channel)}`);
  if (!isInt32(limit)) return refused(id, 'history', `limit: expected an integer, got ${nameOf(limit)}`);
  if (typeof reverse !== 'boolean')
    return refused(id, 'history', `reverse: expected true or false, got ${nameOf(reverse)}`);
  if (since !== undefined && !isJsonObject(since))
    return refused(id, 'history', `since: expected an object, got ${nameOf(since)}`);
  const position = since && positionOf(since);
  if (position === 'bad') return refused(id, 'history', `since: ${POSITION_REASON}`);
  return { kind: 'history', id, channel, limit, since: position, reverse };
}

function parseRpc(id: number, fields: JsonObject): Command {
  const { method } = fields;
  if (typeof method !== 'string') return refused(id, 'rpc', `method: expected text, got ${nameOf(method)}`);
  return { kind: 'rpc', id, method, data: dataOf(fields) ?? null };
}

function parsePresence(kind: 'presence' | 'presence_stats') {
  return (id: number, { channel }: JsonObject): Command =>
    typeof channel === 'string'
      ? { kind, id, channel }
      : refused(id, kind, `channel: expected text, got ${nameOf(channel)}`);
}

/** Whether a client gives it an id or not: nobody answers it. */
function parseSend(place: number | undefined, fields: JsonObject): Command {
  return { kind: 'send', place, data: dataOf(fields) ?? null };
}

function parseRefresh(id: number, { token }: JsonObject): Command {
  if (typeof token !== 'string') return refused(id, 'refresh', `token: expected text, got ${nameOf(token)}`);
  return { kind: 'refresh', id, token };
}

function parseSubRefresh(id: number, { channel, token }: JsonObject): Command {
  if (typeof channel !== 'string')
    return refused(id, 'sub_refresh', `channel: expected text, got ${nameOf(channel)}`);
  if (typeof token !== 'string')
    return refused(id, 'sub_refresh', `token: expected text, got ${nameOf(token)}`);
  return { kind: 'sub_refresh', id, channel, token };
}

function anyFields(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function dataOf(fields: JsonObject): JsonValue | undefined {
  return Object.hasOwn(fields, 'data') ? fields['data'] : undefined;
}
