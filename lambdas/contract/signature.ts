import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { EnvelopeSignature } from './envelope';
import { isJsonObject } from './json';

/** The private half of a signing key: what the gateway signs with. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

/** `unknown-key`: no public key of that `kid` is at hand; it may be newer than the caller's copy of the keys. */
export type Verification = 'valid' | 'unknown-key' | 'invalid';

/** A stored signing key cannot be read. The message never repeats what was stored. */
export class SigningKeyError extends Error {
  override readonly name = 'SigningKeyError';
}

// 64 bytes: the last of 86 characters carries two bits, so only A, Q, g and w are the one spelling of a signature.
const SIGNATURE = /^[A-Za-z0-9_-]{85}[AQgw]$/;
const RAW_PUBLIC_KEY_BYTES = 32;

function signedBytes(unsigned: object): Buffer {
  const text = canonicalize(unsigned);
  if (text === undefined) throw new SigningKeyError('envelope: expected an object, got nothing to sign');
  return Buffer.from(text, 'utf8');
}

/**
 * Signs an envelope, or whatever else the gateway puts on the bus: Ed25519 over the RFC 8785 form of everything in it.
 * Throws a `RangeError` where `data` is nested so deep (thousands of levels) that the stack ends.
 */
export function signEnvelope<Unsigned extends object>(
  unsigned: Unsigned,
  key: SigningKey,
): Unsigned & { readonly signature: EnvelopeSignature } {
  const value = sign(null, signedBytes(unsigned), key.privateKey).toString('base64url');
  return { ...unsigned, signature: { kid: key.kid, value } };
}

/**
 * Checks who made an envelope. Takes whatever came over the wire and never throws: what is no envelope is `invalid`.
 * It says nothing about age, deadline or replay.
 */
export function verifyEnvelope<Signed extends { readonly signature: EnvelopeSignature }>(
  envelope: Signed,
  keys: ReadonlyMap<string, KeyObject>,
): Verification {
  try {
    const { signature, ...unsigned } = envelope;
    if (typeof signature?.kid !== 'string' || !SIGNATURE.test(signature.value)) return 'invalid';
    const key = keys.get(signature.kid);
    if (key === undefined) return 'unknown-key';
    return verify(null, signedBytes(unsigned), key, Buffer.from(signature.value, 'base64url'))
      ? 'valid'
      : 'invalid';
  } catch {
    return 'invalid';
  }
}

function parseObject(json: string, what: string): { readonly [key: string]: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new SigningKeyError(`${what}: expected JSON, got text that is none`);
  }
  if (!isJsonObject(value)) throw new SigningKeyError(`${what}: expected an object, got another type`);
  return value;
}

function parsePublicKey(entry: unknown, index: number): readonly [string, KeyObject] {
  const { kid, publicKey } = isJsonObject(entry) ? entry : {};
  const raw = typeof publicKey === 'string' ? Buffer.from(publicKey, 'base64url') : Buffer.alloc(0);
  if (typeof kid !== 'string' || kid === '' || raw.length !== RAW_PUBLIC_KEY_BYTES) {
    throw new SigningKeyError(
      `public keys, entry ${index}: expected {kid, publicKey: base64url of ${RAW_PUBLIC_KEY_BYTES} bytes}, ` +
        `got kid ${typeof kid} and ${raw.length} bytes`,
    );
  }
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') };
  return [kid, createPublicKey({ key: jwk, format: 'jwk' })];
}

/**
 * Reads the value of SSM `/holdfast/<env>/signing-keys`: `{keys: [{kid, publicKey}]}`, `publicKey` being the base64url of
 * the raw 32 bytes (`x` of a JWK). Throws `SigningKeyError` for anything else; no keys is a valid state before the first
 * rotation.
 */
export function parsePublicKeys(json: string): ReadonlyMap<string, KeyObject> {
  const { keys } = parseObject(json, 'public keys');
  if (!Array.isArray(keys))
    throw new SigningKeyError(`public keys: expected an array "keys", got ${typeof keys}`);
  return new Map(keys.map(parsePublicKey));
}

/**
 * Reads the value of the signing secret: `{kid, privateKey: base64 of PKCS8 DER}`; undefined for `{}`, its value before the
 * first rotation. Throws `SigningKeyError` for anything else.
 */
export function parsePrivateKey(json: string): SigningKey | undefined {
  const stored = parseObject(json, 'signing secret');
  if (Object.keys(stored).length === 0) return undefined;
  const { kid, privateKey } = stored;
  if (typeof kid !== 'string' || kid === '' || typeof privateKey !== 'string') {
    throw new SigningKeyError(
      `signing secret: expected {kid, privateKey} of strings, got ${typeof kid} and ${typeof privateKey}`,
    );
  }
  return { kid, privateKey: parsePkcs8(privateKey) };
}

function parsePkcs8(base64: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'pkcs8' });
  } catch {
    // The cause stays out: OpenSSL's text may describe the key.
    throw new SigningKeyError('signing secret: expected base64 of a PKCS8 DER key, got something else');
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new SigningKeyError(`signing secret: expected an ed25519 key, got ${key.asymmetricKeyType}`);
  }
  return key;
}
