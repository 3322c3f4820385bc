import { MAX_INFO_BYTES } from '../../../contract/delivery';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../contract/json';
import type { SubscriptionOptions } from '../connections/connection';
import type { Expectations } from './token-keys';
import { EXPIRED, type Expired, type Invalid, invalid, isRefusal } from './verdict';

/**
 * A provider's clock may be ahead of a function's by this much (`nbf`, `iat`). `exp` has no such grace: who expires a token
 * means it, and error 109 only makes a client fetch the next one.
 */
const CLOCK_TOLERANCE_SECONDS = 5;

/** The last second of the year 9999. Beyond it lies who wrote milliseconds, whose tokens would never end. */
const LAST_SECOND = 253_402_300_799;

const MAX_USER_LENGTH = 255;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Half of a character outside of the base plane: its UTF-8 form is the same for every one of them. */
const LONE_SURROGATE = /\p{Surrogate}/u;

export interface Times {
  /** Epoch seconds; 0 where the token does not say. */
  readonly issuedAt: number;
  /** Epoch seconds at which what the token opens ends; 0: never. */
  readonly expiresAt: number;
}

/** Checks `iss` and `aud` where something is expected of them. Undefined: they are right. */
export function checkOrigin(claims: JsonObject, { issuer, audience }: Expectations): Invalid | undefined {
  if (issuer !== undefined && claims['iss'] !== issuer) {
    return invalid('token iss: expected the configured issuer, got another');
  }
  const aud = claims['aud'];
  if (audience !== undefined && aud !== audience && !(Array.isArray(aud) && aud.includes(audience))) {
    return invalid('token aud: expected the configured audience, got another');
  }
  return undefined;
}

type TimeClaim = 'exp' | 'nbf' | 'iat' | 'expire_at';
const TIME_CLAIMS: readonly TimeClaim[] = ['exp', 'nbf', 'iat', 'expire_at'];

/** The claims that are times, in whole epoch seconds; those that are absent are missing. */
function readSeconds(claims: JsonObject): ReadonlyMap<TimeClaim, number> | Invalid {
  const seconds = new Map<TimeClaim, number>();
  for (const name of TIME_CLAIMS) {
    const value = claims[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || value < 0 || value > LAST_SECOND) {
      return invalid(`token ${name}: expected epoch seconds, got something else`);
    }
    seconds.set(name, Math.floor(value));
  }
  return seconds;
}

/**
 * Checks `exp` (required: a token that never ends could never be taken back), `nbf`, `iat` and `expire_at`, which says when
 * what the token opens ends if that is not when the token does; 0: never. `now` in epoch milliseconds.
 */
export function readTimes(claims: JsonObject, now: number): Times | Expired | Invalid {
  const times = readSeconds(claims);
  if (isRefusal(times)) return times;
  const exp = times.get('exp');
  if (exp === undefined) return invalid('token exp: expected the claim, got none');
  const issuedAt = times.get('iat') ?? 0;
  const latestBegin = Math.floor(now / 1000) + CLOCK_TOLERANCE_SECONDS;
  if (issuedAt > latestBegin || (times.get('nbf') ?? 0) > latestBegin) {
    return invalid('token nbf, iat: expected a time that has come, got a later one');
  }
  const expiresAt = times.get('expire_at') ?? exp;
  const ended = (second: number) => second * 1000 <= now;
  if (ended(exp) || (expiresAt !== 0 && ended(expiresAt))) return EXPIRED;
  return { issuedAt, expiresAt };
}

/** The claim `sub`; empty where the token names nobody. */
export function readUser(claims: JsonObject): { readonly user: string } | Invalid {
  const { sub = '' } = claims;
  if (typeof sub !== 'string' || sub.length > MAX_USER_LENGTH || LONE_SURROGATE.test(sub)) {
    return invalid(`token sub: expected text of at most ${MAX_USER_LENGTH} characters, got something else`);
  }
  return { user: sub };
}

/** JSON that stands in a claim as it is, or in base64 under the claim's other name, which goes first. */
function embedded(claims: JsonObject, name: string): { readonly value: JsonValue | undefined } | Invalid {
  const encoded = claims[`b64${name}`];
  if (encoded === undefined || encoded === '') return { value: claims[name] };
  const wrong = invalid(`b64${name}: expected JSON in base64, got something else`);
  if (typeof encoded !== 'string' || !BASE64.test(encoded)) return wrong;
  try {
    return {
      value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(encoded, 'base64'))),
    };
  } catch {
    return wrong;
  }
}

/** `info` (or `b64info`: an object, kept as JSON text) and `data` (or `b64data`: any JSON). */
export function readOptions(claims: JsonObject): SubscriptionOptions | Invalid {
  const info = readInfo(claims);
  if (isRefusal(info)) return info;
  const data = embedded(claims, 'data');
  if (isRefusal(data)) return data;
  return { ...info, ...(data.value === undefined || data.value === null ? {} : { data: data.value }) };
}

/** `info`, or `b64info`: an object, kept as JSON text. */
export function readInfo(claims: JsonObject): { readonly info?: string } | Invalid {
  const info = embedded(claims, 'info');
  if (isRefusal(info)) return info;
  if (info.value === undefined || info.value === null) return {};
  if (!isJsonObject(info.value)) return invalid('info: expected an object, got another value');
  const text = JSON.stringify(info.value);
  const bytes = Buffer.byteLength(text);
  return bytes > MAX_INFO_BYTES
    ? invalid(`info: expected at most ${MAX_INFO_BYTES} bytes of JSON, got ${bytes}`)
    : { info: text };
}
