import { importJWK } from 'jose';
import { KEY_SET_REST_MS, type KeySetAnswer, type PublicJwk, parseKeySet } from '../../../contract/jwks';
import { causeOf } from '../../../contract/log';
import type { KeySetRules } from '../../../contract/token-rules';
import { Cached } from '../cached';
import type { Clock, Log } from '../ports';
import type { TokenKeys, VerificationKey } from './token-keys';
import type { Algorithm, TokenHeader } from './token-text';

/** A key that a provider withdrew is refused after this and the time between two fetches of its set. */
export const KEY_SETS_TTL_MS = 300_000;

/** How often an unknown key may cause a read of the stored sets: another function may have had them fetched. */
const REREAD_MS = 30_000;

/** The stored key sets, by their ids. */
export type StoredKeySets = readonly { readonly name: string; readonly json: string }[];

/** Asks the function `jwks` for a key that nobody knows. Rejects where it does not answer in time. */
export interface KeySetRequests {
  ask(kid: string): Promise<KeySetAnswer>;
}

export interface PublishedKeysParts {
  /** The sets whose keys are trusted, and what their tokens have to name. */
  readonly rules: readonly KeySetRules[];
  readonly read: () => Promise<StoredKeySets>;
  readonly requests: KeySetRequests;
  readonly clock: Clock;
  readonly log: Log;
}

/** Nobody can say now whether a key exists: the sets are asked for it once a minute at most, or the answer did not come. */
export class UnknownKeyError extends Error {
  override readonly name = 'UnknownKeyError';
}

interface PublishedKey {
  readonly alg: Algorithm;
  readonly kid: string | undefined;
  readonly key: VerificationKey['key'];
}

type Sets = ReadonlyMap<string, readonly PublishedKey[]>;

const ALGORITHM_OF = { RSA: 'RS256', EC: 'ES256', OKP: 'EdDSA' } as const satisfies Record<
  PublicJwk['kty'],
  Algorithm
>;

/**
 * The keys that providers publish. Their sets are read every five minutes, and the last good ones serve while they cannot
 * be read. A key that is in none of them is asked for once; until a minute later no other is, so that invented ids cost nothing.
 */
export class PublishedKeys implements TokenKeys {
  readonly #parts: PublishedKeysParts;
  /** The last good keys of each set. */
  readonly #good = new Map<string, readonly PublishedKey[]>();
  readonly #sets: Cached<Sets>;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** The key that was asked for last, where it is known not to exist. */
  #missing: string | undefined;
  #asking: Promise<void> | undefined;

  constructor(parts: PublishedKeysParts) {
    this.#parts = parts;
    this.#sets = new Cached<Sets>({
      ttlMs: KEY_SETS_TTL_MS,
      clock: parts.clock,
      fetch: async () => this.#take(await parts.read()),
      onStale: (error) =>
        parts.log('warn', 'key sets not readable, the former ones are used', causeOf(error)),
    });
  }

  async find(header: TokenHeader): Promise<readonly VerificationKey[]> {
    const { kid } = header;
    const known = this.#match(await this.#sets.get(), header);
    if (known.length > 0 || kid === undefined || this.#needsNoQuestion(kid)) return known;
    const reread = this.#match(await this.#sets.get(REREAD_MS), header);
    if (reread.length > 0) return reread;
    await this.#ask(kid);
    const asked = this.#match(await this.#sets.get(), header);
    if (asked.length > 0 || this.#needsNoQuestion(kid)) return asked;
    throw new UnknownKeyError('key of a token: expected to know whether it exists, got no fresh key sets');
  }

  /** Keys for a header; without an id only the one that is the only of its kind. */
  #match(sets: Sets, { alg, kid }: TokenHeader): readonly VerificationKey[] {
    const found = this.#parts.rules.flatMap(({ id, ...expectations }) =>
      (sets.get(id) ?? [])
        .filter((key) => key.alg === alg && (kid === undefined || key.kid === kid))
        .map(({ key }) => ({ ...expectations, alg, key })),
    );
    return kid !== undefined || found.length === 1 ? found : [];
  }

  /** It is a key of another kind, or it was just asked for and does not exist. */
  #needsNoQuestion(kid: string): boolean {
    const isKnown = [...this.#good.values()].some((keys) => keys.some((key) => key.kid === kid));
    return isKnown || (kid === this.#missing && this.#isResting());
  }

  #isResting(): boolean {
    return this.#parts.clock.now() - this.#askedAt < KEY_SET_REST_MS;
  }

  /** One question at a time, one a minute; whoever comes meanwhile waits for the answer to it. */
  async #ask(kid: string): Promise<void> {
    if (this.#asking === undefined) {
      if (this.#isResting()) return;
      this.#askedAt = this.#parts.clock.now();
      this.#asking = this.#takeAnswer(kid).finally(() => {
        this.#asking = undefined;
      });
    }
    await this.#asking;
  }

  async #takeAnswer(kid: string): Promise<void> {
    const { log, requests } = this.#parts;
    this.#missing = undefined;
    try {
      const { sets, fresh } = await requests.ask(kid);
      this.#sets.put(await this.#take(Object.entries(sets).map(([name, json]) => ({ name, json }))));
      if (fresh) this.#missing = kid;
    } catch (error) {
      log('warn', 'key sets not asked for an unknown key', causeOf(error));
    }
  }

  /** Takes what can be read; a set that is broken or absent stays as it was. */
  async #take(stored: StoredKeySets): Promise<Sets> {
    for (const { name, json } of stored) {
      try {
        this.#good.set(name, await Promise.all(parseKeySet(json).keys.map(importKey)));
      } catch (error) {
        this.#parts.log('error', 'key set skipped', { set: name, ...causeOf(error) });
      }
    }
    return this.#good;
  }
}

async function importKey({ kid, ...jwk }: PublicJwk): Promise<PublishedKey> {
  const alg = ALGORITHM_OF[jwk.kty];
  return { alg, kid, key: await importJWK(jwk, alg) };
}
