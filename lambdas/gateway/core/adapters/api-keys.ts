import * as v from 'valibot';
import { causeOf } from '../../../contract/log';
import { Cached } from '../cached';
import type { Clock, Log } from '../ports';
import type { ApiKey, ApiKeys } from '../server-api/api-key';
import { AwsServiceError } from './aws/errors';
import type { JsonCalls } from './aws/json-service';
import { SecretError } from './secrets';

/** A new key is accepted at once all the same: one that is not known makes them be read again. */
const KEYS_TTL_MS = 300_000;

/** `CreatedDate` in seconds since the epoch. */
const version = v.object({ SecretString: v.optional(v.string()), CreatedDate: v.optional(v.number(), 0) });

/** The keys of the server API, from the current and the former version of one secret, which is the key itself. */
export function cachedApiKeys(
  secrets: JsonCalls,
  arn: string,
  clock: Clock,
  log: Log,
): (maxAgeMs?: number) => Promise<ApiKeys> {
  const cached = new Cached({
    ttlMs: KEYS_TTL_MS,
    clock,
    fetch: async () => {
      const [current, previous] = await Promise.all([
        read(secrets, arn, 'AWSCURRENT'),
        read(secrets, arn, 'AWSPREVIOUS'),
      ]);
      if (current === undefined) throw new SecretError(arn);
      return { current, previous };
    },
    onStale: (error) => log('warn', 'API keys not readable, the former ones are used', causeOf(error)),
  });
  return (maxAgeMs) => cached.get(maxAgeMs);
}

async function read(
  secrets: JsonCalls,
  arn: string,
  stage: 'AWSCURRENT' | 'AWSPREVIOUS',
): Promise<ApiKey | undefined> {
  try {
    const input = { SecretId: arn, VersionStage: stage };
    const { SecretString, CreatedDate } = await secrets.call('GetSecretValue', input, version);
    return SecretString ? { value: SecretString, since: CreatedDate * 1000 } : undefined;
  } catch (error) {
    // A secret that was never replaced has no former version.
    const isAbsent = error instanceof AwsServiceError && error.code === 'ResourceNotFoundException';
    if (stage === 'AWSPREVIOUS' && isAbsent) return undefined;
    throw error;
  }
}
