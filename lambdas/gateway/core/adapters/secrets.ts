import * as v from 'valibot';
import { causeOf } from '../../../contract/log';
import { parsePrivateKey, type SigningKey } from '../../../contract/signature';
import { Cached } from '../cached';
import type { Clock, Log } from '../ports';
import type { JsonCalls } from './aws/json-service';

/** A rotated secret is used after this; both halves of a rotation stay valid for longer. */
const SECRET_TTL_MS = 300_000;

/** How long `{}`, the signing secret before its first rotation, is believed. */
const EMPTY_TTL_MS = 5_000;

/** A secret in binary has no text. */
const value = v.object({ SecretString: v.optional(v.string()) });

/** A secret has no text. */
export class SecretError extends Error {
  override readonly name = 'SecretError';

  constructor(arn: string) {
    super(`secret ${arn}: expected text, got none`);
  }
}

/** A secret's text, cached for five minutes; the former text serves while reads fail. */
export function cachedSecret(
  secrets: JsonCalls,
  arn: string,
  clock: Clock,
  log: Log,
): (maxAgeMs?: number) => Promise<string> {
  const cached = new Cached({
    ttlMs: SECRET_TTL_MS,
    clock,
    fetch: async () => {
      const { SecretString } = await secrets.call('GetSecretValue', { SecretId: arn }, value);
      if (!SecretString) throw new SecretError(arn);
      return SecretString;
    },
    onStale: (error) => log('warn', 'secret not readable, the former value is used', causeOf(error)),
  });
  return (maxAgeMs) => cached.get(maxAgeMs);
}

/** The signing key, parsed once per value; undefined before the first rotation, which is looked for every few seconds. */
export function cachedSigningKey(
  secret: (maxAgeMs?: number) => Promise<string>,
): () => Promise<SigningKey | undefined> {
  let parsed: { readonly json: string; readonly key: SigningKey | undefined } | undefined;
  return async () => {
    const json = await secret(parsed && parsed.key === undefined ? EMPTY_TTL_MS : undefined);
    if (parsed?.json !== json) parsed = { json, key: parsePrivateKey(json) };
    return parsed.key;
  };
}
