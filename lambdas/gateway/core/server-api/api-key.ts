import { createHash, timingSafeEqual } from 'node:crypto';

/** A key, and since when it is the current one (epoch ms). */
export interface ApiKey {
  readonly value: string;
  readonly since: number;
}

export interface ApiKeys {
  readonly current: ApiKey;
  /** The one before, where there was any. */
  readonly previous: ApiKey | undefined;
}

/** How long the former key is accepted beside its successor. */
export const OVERLAP_MS = 24 * 3600 * 1000;

/** A key that is not known may be a new one: then the keys are read anew, at most this often. */
const REREAD_MS = 5_000;

/** A key's longest form: secrets of other origin than ours may be longer than 64 characters. */
const MAX_KEY_LENGTH = 512;

/** The key that a request brings: `X-API-Key: <key>` or `Authorization: apikey <key>`; undefined where it brings none. */
export function keyOf(headers: { readonly [name: string]: unknown }): string | undefined {
  const direct = headers['x-api-key'];
  if (typeof direct === 'string' && direct !== '') return direct;
  const authorization = headers['authorization'];
  if (typeof authorization !== 'string') return undefined;
  return /^apikey +(\S+)$/i.exec(authorization)?.[1];
}

/**
 * Whether a key is good now.
 * @param read the keys, at most `maxAgeMs` old. Rejects where they cannot be had.
 */
export async function isGoodKey(
  key: string,
  read: (maxAgeMs?: number) => Promise<ApiKeys>,
  now: number,
): Promise<boolean> {
  if (key.length > MAX_KEY_LENGTH) return false;
  if (matches(key, await read(), now)) return true;
  return matches(key, await read(REREAD_MS), now);
}

/** Compares with both, always, and in a time that does not tell where they differ. */
function matches(key: string, { current, previous }: ApiKeys, now: number): boolean {
  const isCurrent = areEqual(key, current.value);
  const isPrevious = areEqual(key, previous?.value ?? '');
  return isCurrent || (isPrevious && previous !== undefined && now - current.since < OVERLAP_MS);
}

function areEqual(left: string, right: string): boolean {
  return timingSafeEqual(digest(left), digest(right));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
