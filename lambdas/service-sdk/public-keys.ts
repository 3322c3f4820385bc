import type { KeyObject } from 'node:crypto';
import type { EnvelopeSignature } from '../contract/envelope';
import { causeOf, log } from '../contract/log';
import { parsePublicKeys, type Verification, verifyEnvelope } from '../contract/signature';

/** After this long a key that was withdrawn is no longer accepted. */
const MAX_AGE_MS = 5 * 60_000;

/** Forged envelopes name keys at will: they must not make each invocation read SSM. */
const REFETCH_AFTER_MS = 10_000;

/** The gateway's public keys, read from SSM when first needed and again when old or when an envelope names another key. */
export class PublicKeys {
  readonly #fetch: () => Promise<string>;
  readonly #now: () => number;
  #keys: ReadonlyMap<string, KeyObject> | undefined;
  #triedAt = Number.NEGATIVE_INFINITY;

  /** `fetch` returns the value of SSM `/holdfast/<env>/signing-keys`; `now` is epoch milliseconds. */
  constructor(fetch: () => Promise<string>, now: () => number = Date.now) {
    this.#fetch = fetch;
    this.#now = now;
  }

  /** Rejects only where the keys cannot be had at all. */
  async verify(envelope: { readonly signature: EnvelopeSignature }): Promise<Verification> {
    const verification = verifyEnvelope(envelope, await this.#noOlderThan(MAX_AGE_MS));
    if (verification !== 'unknown-key') return verification;
    return verifyEnvelope(envelope, await this.#noOlderThan(REFETCH_AFTER_MS));
  }

  async #noOlderThan(milliseconds: number): Promise<ReadonlyMap<string, KeyObject>> {
    if (this.#keys && this.#now() - this.#triedAt < milliseconds) return this.#keys;
    this.#triedAt = this.#now();
    try {
      this.#keys = parsePublicKeys(await this.#fetch());
    } catch (error) {
      // Keys that were good a moment ago serve better than none while SSM is away.
      if (!this.#keys) throw error;
      log('warn', 'public keys not renewed', causeOf(error));
    }
    return this.#keys;
  }
}
