import {
  EMPTY_KEY_SET,
  KEY_SET_REST_MS,
  type KeySetAnswer,
  type KeySetDocument,
  keySetId,
  parseKeySet,
} from '../../contract/jwks';
import { causeOf } from '../../contract/log';
import type { Clock, Log } from '../core/ports';
import { usableKeysOf } from './usable-keys';

/** Where the sets are kept, by their ids. */
export interface KeySetStore {
  /** The texts of those that are there. */
  read(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  write(id: string, json: string): Promise<void>;
}

export interface KeySetsParts {
  readonly urls: readonly string[];
  readonly store: KeySetStore;
  readonly fetchJwks: (url: string) => Promise<string>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** The key sets of the configured URLs: fetched, reduced to their usable keys, stored. */
export class KeySets {
  readonly #parts: KeySetsParts;
  readonly #fetching = new Map<string, Promise<KeySetDocument>>();

  constructor(parts: KeySetsParts) {
    this.#parts = parts;
  }

  /** Fetches every set. Rejects where the store fails; a URL that fails leaves its set as it was. */
  async refresh(): Promise<void> {
    const { urls } = this.#parts;
    const documents = await this.#read();
    await Promise.all(urls.map((url) => this.#fetchOnce(url, documents.get(url) ?? EMPTY_KEY_SET)));
  }

  /**
   * For a key that a gateway function does not know: fetches the sets that rested for a minute, unless one of them has the
   * key. Whoever invents keys causes no more than that.
   */
  async find(kid: string): Promise<KeySetAnswer> {
    const { urls, clock } = this.#parts;
    const documents = await this.#read();
    const isKnown = [...documents.values()].some(({ keys }) => keys.some((key) => key.kid === kid));
    const now = clock.now();
    const current = await Promise.all(
      urls.map(async (url) => {
        const document = documents.get(url) ?? EMPTY_KEY_SET;
        const rests = isKnown || now - document.triedAt < KEY_SET_REST_MS;
        return { url, document: rests ? document : await this.#fetchOnce(url, document) };
      }),
    );
    return {
      sets: Object.fromEntries(current.map(({ url, document }) => [keySetId(url), JSON.stringify(document)])),
      fresh: current.every(({ document }) => now - document.fetchedAt < KEY_SET_REST_MS),
    };
  }

  /** The stored documents by their URLs; one that cannot be read counts as never fetched. */
  async #read(): Promise<ReadonlyMap<string, KeySetDocument>> {
    const { urls, store, log } = this.#parts;
    const texts = await store.read(urls.map(keySetId));
    const documents = new Map<string, KeySetDocument>();
    for (const url of urls) {
      const json = texts.get(keySetId(url));
      if (json === undefined) continue;
      try {
        documents.set(url, parseKeySet(json));
      } catch (error) {
        log('error', 'stored key set not readable', { url, ...causeOf(error) });
      }
    }
    return documents;
  }

  #fetchOnce(url: string, former: KeySetDocument): Promise<KeySetDocument> {
    const running = this.#fetching.get(url);
    if (running) return running;
    const fetching = this.#fetch(url, former).finally(() => this.#fetching.delete(url));
    this.#fetching.set(url, fetching);
    return fetching;
  }

  /** The attempt is noted before it is made, so that one that fails rests as well, and others see that one is under way. */
  async #fetch(url: string, former: KeySetDocument): Promise<KeySetDocument> {
    const { fetchJwks, log, clock } = this.#parts;
    const tried = { ...former, triedAt: clock.now() };
    await this.#write(url, tried);
    try {
      const { keys, skipped, leftOut } = usableKeysOf(await fetchJwks(url));
      const document = { ...tried, fetchedAt: clock.now(), keys };
      await this.#write(url, document);
      log(leftOut > 0 ? 'error' : 'info', 'key set fetched', { url, keys: keys.length, skipped, leftOut });
      return document;
    } catch (error) {
      log('error', 'key set not fetched, the former one stays', { url, ...causeOf(error) });
      return tried;
    }
  }

  #write(url: string, document: KeySetDocument): Promise<void> {
    return this.#parts.store.write(keySetId(url), JSON.stringify(document));
  }
}
