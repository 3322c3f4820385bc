import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { causeOf } from '../../../contract/log';
import { Cached } from '../cached';
import type { Clock, Log } from '../ports';
import type { ApiKey, ApiKeys } from '../server-api/api-key';
import { SecretError } from './secrets';

/** A new key is accepted at once all the same: one that is not known makes them be read again. */
const KEYS_TTL_MS = 300_000;

/** The keys of the server API, from the current and the former version of one secret, which is the key itself. */
export function cachedApiKeys(
  client: SecretsManagerClient,
  arn: string,
  clock: Clock,
  log: Log,
): (maxAgeMs?: number) => Promise<ApiKeys> {
  const cached = new Cached({
    ttlMs: KEYS_TTL_MS,
    clock,
    fetch: async () => {
      const [current, previous] = await Promise.all([
        read(client, arn, 'AWSCURRENT'),
        read(client, arn, 'AWSPREVIOUS'),
      ]);
      if (current === undefined) throw new SecretError(arn);
      return { current, previous };
    },
    onStale: (error) => log('warn', 'API keys not readable, the former ones are used', causeOf(error)),
  });
  return (maxAgeMs) => cached.get(maxAgeMs);
}

async function read(
  client: SecretsManagerClient,
  arn: string,
  stage: 'AWSCURRENT' | 'AWSPREVIOUS',
): Promise<ApiKey | undefined> {
  try {
    const { SecretString, CreatedDate } = await client.send(
      new GetSecretValueCommand({ SecretId: arn, VersionStage: stage }),
    );
    if (!SecretString) return undefined;
    return { value: SecretString, since: CreatedDate?.getTime() ?? 0 };
  } catch (error) {
    // A secret that was never replaced has no former version.
    if (stage === 'AWSPREVIOUS' && error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}
