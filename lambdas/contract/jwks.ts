import { createHash } from 'node:crypto';
import { isJsonObject, type JsonObject } from './json';

/** What a key's id may be. It is compared with the ids of known keys and goes nowhere else. */
export const KEY_ID = /^[A-Za-z0-9+/=._~:@-]{1,128}$/;

/** A token that names an unknown key makes the sets be fetched anew, but no set more often than this. */
export const KEY_SET_REST_MS = 60_000;

/** Largest value of an SSM parameter (advanced tier). */
export const MAX_KEY_SET_BYTES = 8192;

/** A public key in the members of a JWK that verification needs: RS256, ES256 or EdDSA by its kind. */
export type PublicJwk = { readonly kid?: string } & (
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
);

/** The value of SSM `/holdfast/<env>/jwks/<id>`: the usable keys of one JWKS URL. */
export interface KeySetDocument {
  readonly v: 1;
  /** When a fetch began last, whatever became of it (epoch ms); 0: never. */
  readonly triedAt: number;
  /** When these keys were fetched (epoch ms); 0: never. */
  readonly fetchedAt: number;
  readonly keys: readonly PublicJwk[];
}

/** What asking the function `jwks` for an unknown key comes to. */
export interface KeySetAnswer {
  /** The sets by their ids, as JSON texts. */
  readonly sets: { readonly [id: string]: string };
  /** Whether each set was fetched within the last minute: a key that is not among them does not exist. */
  readonly fresh: boolean;
}

/** The value of a key set before its first fetch. */
export const EMPTY_KEY_SET: KeySetDocument = { v: 1, triedAt: 0, fetchedAt: 0, keys: [] };

/** Names a URL's key set: the last part of its parameter's name. */
export function keySetId(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 16);
}

/** A key set is not what it should be. */
export class KeySetError extends Error {
  override readonly name = 'KeySetError';
}

/** A member of a JWK that carries bytes. */
const BYTES = /^[A-Za-z0-9_-]{1,1024}$/;

const isBytes = (value: unknown): value is string => typeof value === 'string' && BYTES.test(value);

function materialOf({ kty, crv, n, e, x, y }: JsonObject): PublicJwk | undefined {
  if (kty === 'RSA') return isBytes(n) && isBytes(e) ? { kty, n, e } : undefined;
  if (kty === 'EC' && crv === 'P-256') return isBytes(x) && isBytes(y) ? { kty, crv, x, y } : undefined;
  if (kty === 'OKP' && crv === 'Ed25519') return isBytes(x) ? { kty, crv, x } : undefined;
  return undefined;
}

/** The members of a JWK that verification needs, by form alone; undefined for a key of another kind. */
export function publicJwkOf(value: unknown): PublicJwk | undefined {
  if (!isJsonObject(value)) return undefined;
  const { kid } = value;
  const material = materialOf(value);
  if (material === undefined || kid === undefined) return material;
  return typeof kid === 'string' && KEY_ID.test(kid) ? { kid, ...material } : undefined;
}

/** Reads a key set as it was stored. Throws KeySetError for anything else. */
export function parseKeySet(json: string): KeySetDocument {
  const value = parseObject(json);
  const { v, triedAt, fetchedAt, keys } = value;
  if (v !== 1 || typeof triedAt !== 'number' || typeof fetchedAt !== 'number' || !Array.isArray(keys)) {
    throw new KeySetError('key set: expected {v: 1, triedAt, fetchedAt, keys}, got another object');
  }
  const usable = keys.map(publicJwkOf).filter((key) => key !== undefined);
  if (usable.length !== keys.length) {
    throw new KeySetError('key set: expected public keys only, got something else among them');
  }
  return { v, triedAt, fetchedAt, keys: usable };
}

function parseObject(json: string): JsonObject {
  try {
    const value: unknown = JSON.parse(json);
    if (isJsonObject(value)) return value;
  } catch {
    // Falls through: text that is no JSON is refused like JSON that is no object.
  }
  throw new KeySetError('key set: expected a JSON object, got something else');
}
