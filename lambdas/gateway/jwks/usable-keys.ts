import { createPublicKey } from 'node:crypto';
import { isJsonObject, type JsonObject } from '../../contract/json';
import { KeySetError, MAX_KEY_SET_BYTES, type PublicJwk, publicJwkOf } from '../../contract/jwks';

const ALGORITHM_OF = { RSA: 'RS256', EC: 'ES256', OKP: 'EdDSA' } as const satisfies Record<
  PublicJwk['kty'],
  string
>;

/** Below it a modulus can be factored; above it a signature costs more than a token is worth. */
const RSA_BITS = { least: 2048, most: 4096 };

/** Digits of the document's two times, and its own signs. */
const DOCUMENT_BYTES = 100;

/** Whether the key's owner means it for signatures of the one algorithm that we check with it. */
function isForSignatures({ use, alg, key_ops }: JsonObject, jwk: PublicJwk): boolean {
  return (
    (use === undefined || use === 'sig') &&
    (alg === undefined || alg === ALGORITHM_OF[jwk.kty]) &&
    (key_ops === undefined || (Array.isArray(key_ops) && key_ops.includes('verify')))
  );
}

/** Whether the numbers make a key that is worth to be trusted. */
function isSound(jwk: PublicJwk): boolean {
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: { ...jwk }, format: 'jwk' });
    if (jwk.kty !== 'RSA') return true;
    const bits = asymmetricKeyDetails?.modulusLength ?? 0;
    return bits >= RSA_BITS.least && bits <= RSA_BITS.most;
  } catch {
    return false;
  }
}

function usableKey(value: unknown): PublicJwk | undefined {
  const jwk = publicJwkOf(value);
  return jwk && isJsonObject(value) && isForSignatures(value, jwk) && isSound(jwk) ? jwk : undefined;
}

export interface UsableKeys {
  readonly keys: readonly PublicJwk[];
  /** Keys of other kinds, for other uses, or broken. */
  readonly skipped: number;
  /** Usable keys that did not fit into the parameter. */
  readonly leftOut: number;
}

/**
 * The keys of a JWKS that can check tokens, as few members as that takes, as many as fit into a parameter. Throws KeySetError
 * where there is none: a provider that publishes no key has a fault, and the former keys serve on.
 */
export function usableKeysOf(json: string): UsableKeys {
  const given = parseKeys(json);
  const usable = given.map(usableKey).filter((key) => key !== undefined);
  if (usable.length === 0) {
    throw new KeySetError(`JWKS: expected a key for RS256, ES256 or EdDSA, got none among ${given.length}`);
  }
  const keys: PublicJwk[] = [];
  let bytes = DOCUMENT_BYTES;
  for (const key of usable) {
    bytes += JSON.stringify(key).length + 1;
    if (bytes > MAX_KEY_SET_BYTES) break;
    keys.push(key);
  }
  return { keys, skipped: given.length - usable.length, leftOut: usable.length - keys.length };
}

function parseKeys(json: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(json);
    if (isJsonObject(value) && Array.isArray(value['keys'])) return value['keys'];
  } catch {
    // Falls through: text that is no JSON is refused like JSON that is no JWKS.
  }
  throw new KeySetError('JWKS: expected {keys: [...]}, got something else');
}
