import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { systemClock } from '../clock';
import { Departures } from '../connections/departures';
import { RedisConnections } from '../connections/redis-connections';
import { RedisChannels } from '../delivery/redis-channels';
import { RedisPartitions } from '../delivery/redis-partitions';
import { RedisInbox } from '../inbox/redis-inbox';
import type { Clock, Log } from '../ports';
import type { ScriptRunner } from '../redis-script';
import { RedisScripts } from './redis-scripts';
import { cachedSecret } from './secrets';

/** Variables of a function that uses Redis. */
export const REDIS_VARIABLES = ['REDIS_HOST', 'REDIS_PORT', 'REDIS_USER', 'REDIS_SECRET_ARN'] as const;

type RedisEnvironment = { readonly [name in (typeof REDIS_VARIABLES)[number]]: string };

/** All stores on one connection to Redis. */
export function storesOn(
  scripts: ScriptRunner,
  log: Log,
  clock: Clock = systemClock,
  maxSubscriptions?: number,
) {
  const connections = new RedisConnections(scripts, clock, maxSubscriptions);
  const channels = new RedisChannels(scripts, clock);
  const partitions = new RedisPartitions(scripts);
  const departures = new Departures({ connections, channels, partitions, log });
  const inbox = new RedisInbox(scripts);
  return { connections, inbox, channels, partitions, departures };
}

/**
 * The stores of a function, by its environment. Nothing is connected before the first use. Only a function that subscribes
 * needs to say how many channels a connection may have.
 */
export function storesOf(
  environment: RedisEnvironment,
  secrets: SecretsManagerClient,
  clock: Clock,
  log: Log,
  maxSubscriptions?: number,
) {
  return storesOn(scriptsOf(environment, secrets, clock, log), log, clock, maxSubscriptions);
}

/** Redis for a function that uses no store, by its environment. Nothing is connected before the first use. */
export function scriptsOf(
  environment: RedisEnvironment,
  secrets: SecretsManagerClient,
  clock: Clock,
  log: Log,
): RedisScripts {
  return new RedisScripts({
    host: environment.REDIS_HOST,
    port: Number(environment.REDIS_PORT),
    user: environment.REDIS_USER,
    password: cachedSecret(secrets, environment.REDIS_SECRET_ARN, clock, log),
  });
}
