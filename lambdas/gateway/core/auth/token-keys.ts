import type { CryptoKey } from 'jose';
import type { Algorithm, TokenHeader } from './token-text';

/** What a token of a key has to name, where that is configured. */
export interface Expectations {
  /** The claim `iss`, as a whole. */
  readonly issuer?: string;
  /** The claim `aud`, or one of its list. */
  readonly audience?: string;
}

/** A key that checks signatures, for the one algorithm that fits its kind. */
export interface VerificationKey extends Expectations {
  readonly alg: Algorithm;
  readonly key: CryptoKey | Uint8Array;
}

/**
 * Finds the keys that a token may be signed with. None: no such key is trusted. Rejects where that cannot be said now, which
 * callers treat as temporary.
 */
export interface TokenKeys {
  find(header: TokenHeader): Promise<readonly VerificationKey[]>;
}

/** The environment's secret, for HS256. A `kid` means nothing to it: there is one secret. */
export class SecretKey implements TokenKeys {
  readonly #secret: () => Promise<Uint8Array>;
  readonly #expectations: Expectations;

  constructor(secret: () => Promise<Uint8Array>, expectations: Expectations = {}) {
    this.#secret = secret;
    this.#expectations = expectations;
  }

  async find({ alg }: TokenHeader): Promise<readonly VerificationKey[]> {
    return alg === 'HS256' ? [{ ...this.#expectations, alg, key: await this.#secret() }] : [];
  }
}

/**
 * Each algorithm's own source, so that text that is public never becomes a secret: HS256 asks the secret, everything else
 * the published keys. A source that is not there has no keys.
 */
export function keysByKind(sources: {
  readonly secret?: TokenKeys | undefined;
  readonly published?: TokenKeys | undefined;
}): TokenKeys {
  return {
    find: async (header) =>
      (await (header.alg === 'HS256' ? sources.secret : sources.published)?.find(header)) ?? [],
  };
}
