import { systemClock } from '../clock';
import { Departures } from '../connections/departures';
import { RedisConnections } from '../connections/redis-connections';
import { RedisChannels } from '../delivery/redis-channels';
import { RedisPartitions } from '../delivery/redis-partitions';
import { RedisReceipts } from '../delivery/redis-receipts';
import { RedisInbox } from '../inbox/redis-inbox';
import { POSTS_PER_SECOND } from '../limits/post-budget';
import { RedisRates, RedisUsers } from '../limits/redis-limits';
import { RedisPostBudget } from '../limits/redis-post-budget';
import { MAX_CONNECTIONS_OF_USER } from '../limits/users';
import { RedisDueSet } from '../liveness/redis-due-set';
import type { Clock, Log, WakeQueue } from '../ports';
import { RedisPresence } from '../presence/redis-presence';
import { Roster } from '../presence/roster';
import type { ScriptRunner } from '../redis-script';
import type { JsonCalls } from './aws/json-service';
import { RedisScripts } from './redis-scripts';
import { cachedSecret } from './secrets';

/** Variables of a function that uses Redis. */
export const REDIS_VARIABLES = ['REDIS_HOST', 'REDIS_PORT', 'REDIS_USER', 'REDIS_SECRET_ARN'] as const;

type RedisEnvironment = { readonly [name in (typeof REDIS_VARIABLES)[number]]: string };

/** What functions are held to; each needs only what it uses. */
export interface StoreLimits {
  readonly maxSubscriptions?: number;
  readonly maxConnectionsOfUser?: number;
  readonly postsPerSecond?: number;
}

/** All stores on one connection to Redis. */
export function storesOn(
  scripts: ScriptRunner,
  clock: Clock = systemClock,
  {
    maxSubscriptions,
    maxConnectionsOfUser = MAX_CONNECTIONS_OF_USER,
    postsPerSecond = POSTS_PER_SECOND,
  }: StoreLimits = {},
  log: Log = () => undefined,
) {
  const connections = new RedisConnections(scripts, clock, maxSubscriptions);
  const channels = new RedisChannels(scripts, clock);
  const partitions = new RedisPartitions(scripts);
  const receipts = new RedisReceipts(scripts);
  const inbox = new RedisInbox(scripts);
  const presence = new RedisPresence(scripts, clock);
  const due = new RedisDueSet(scripts);
  const users = new RedisUsers(scripts, clock, maxConnectionsOfUser);
  const rates = new RedisRates(scripts, clock);
  const budget = new RedisPostBudget(scripts, clock, { postsPerSecond, log });
  return { connections, inbox, channels, partitions, receipts, presence, due, users, rates, budget };
}

/** Stores, and what ends connections and says who is in a channel, which takes a queue too. */
export function withDepartures<Stores extends ReturnType<typeof storesOn>>(
  stores: Stores,
  {
    connectionEvents = false,
    ...more
  }: {
    readonly wakes: WakeQueue;
    readonly clock: Clock;
    readonly log: Log;
    readonly connectionEvents?: boolean;
  },
) {
  const roster = new Roster({ ...stores, ...more });
  const departures = new Departures({ ...stores, ...more, roster, connectionEvents });
  return { ...stores, roster, departures, connectionEvents };
}

/**
 * The stores of a function, by its environment. Nothing is connected before the first use. Only a function that subscribes
 * needs to say how many channels a connection may have, only one that takes tokens how many connections a user, only one that
 * posts how many posts a second.
 */
export function storesOf(
  environment: RedisEnvironment,
  secrets: JsonCalls,
  clock: Clock,
  log: Log,
  limits: StoreLimits = {},
) {
  const scripts = scriptsOf(environment, secrets, clock, log);
  return storesOn(scripts, clock, limits, log);
}

/** Redis for a function that uses no store, by its environment. Nothing is connected before the first use. */
export function scriptsOf(
  environment: RedisEnvironment,
  secrets: JsonCalls,
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
