import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'iovalkey';
import { CACHE_ACCESS_STRING } from '../lambdas/contract/cache-access';
import type { Delivery } from '../lambdas/contract/delivery';
import { DEFAULT_RULES, type NamespaceRules } from '../lambdas/contract/registry';
import { RedisScripts } from '../lambdas/gateway/core/adapters/redis-scripts';
import { type StoreLimits, storesOn, withDepartures } from '../lambdas/gateway/core/adapters/state';
import { TokenVerifier } from '../lambdas/gateway/core/auth/token-verifier';
import { systemClock } from '../lambdas/gateway/core/clock';
import { Ingress } from '../lambdas/gateway/core/commands/ingress';
import { Checkup } from '../lambdas/gateway/core/connections/checkup';
import { Courier, type CourierRecord } from '../lambdas/gateway/core/delivery/courier';
import { Drain } from '../lambdas/gateway/core/delivery/drain';
import { lifecycleTimers } from '../lambdas/gateway/core/lifecycle/timers';
import type { Log, Poster, Wake } from '../lambdas/gateway/core/ports';
import type { ScriptRunner } from '../lambdas/gateway/core/redis-script';
import { startRedis } from '../local/redis/cluster';
import { findRedis } from '../local/redis/find';
import { UNLIMITED } from './unlimited';

const ROOM: NamespaceRules = {
  ...DEFAULT_RULES,
  subscribe: 'anyone',
  publish: 'direct',
  historySize: 1000,
  historyTtlSeconds: 3600,
  recover: true,
  presence: false,
  flushEverySeconds: 0,
};

/** The namespace `hall`: who is there is listed, and told of. */
const HALL: NamespaceRules = { ...ROOM, presence: true, joinLeave: true };

/** How another process reaches the Redis of a bench. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Certificate authority in PEM. */
  readonly ca: string;
}

export interface BenchRedis {
  readonly address: RedisAddress;
  /** As the functions reach it: TLS, cluster client, their user. */
  readonly scripts: RedisScripts;
  readonly operator: Redis;
  readonly version: string;
}

/** Runs a bench on a Redis of its own, started as the local runtime starts it. */
export async function withRedis(maxMemoryMb: number, bench: (redis: BenchRedis) => Promise<void>) {
  const projectDir = join(__dirname, '..');
  const dir = join(projectDir, '.holdfast', `bench-redis-${process.pid}`);
  mkdirSync(dir, { recursive: true });
  const binary = await findRedis({ say: (line) => process.stderr.write(`${line}\n`), projectDir });
  const password = randomBytes(24).toString('hex');
  const server = await startRedis({
    binary,
    dir,
    user: 'holdfast',
    password,
    accessString: CACHE_ACCESS_STRING,
    maxMemoryMb,
  });
  const ca = await readFile(server.caFile, 'utf8');
  const address = { host: server.host, port: server.tlsPort, user: server.user, password, ca };
  const scripts = scriptsAt(address);
  const operator = new Redis(server.operatorUrl);
  try {
    await bench({ address, scripts, operator, version: server.version });
  } finally {
    operator.disconnect();
    await scripts.disconnect();
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

export function scriptsAt({ password, ...where }: RedisAddress): RedisScripts {
  return new RedisScripts({ ...where, password: async () => password });
}

export interface CoreOptions {
  /** Runs for each wake that is sent. */
  readonly woken?: (wake: Wake, delaySeconds: number) => void;
  readonly limits?: StoreLimits;
  readonly log?: Log;
}

/** No warning of a bench passes unseen. */
const warn: Log = (level, message) => {
  if (level !== 'info') process.stderr.write(`${level}: ${message}\n`);
};

/** The core in one process: queues are lists, every namespace but `hall` is `room`. */
export function coreOn(
  scripts: ScriptRunner,
  poster: Poster,
  { woken = () => undefined, limits, log = warn }: CoreOptions = {},
) {
  const clock = systemClock;
  const wakes: Wake[] = [];
  const deliveries: Delivery[] = [];
  const wakeQueue = {
    send: async (wake: Wake, delaySeconds: number) => {
      wakes.push(wake);
      woken(wake, delaySeconds);
    },
  };
  const stores = withDepartures(storesOn(scripts, clock, limits, log), { wakes: wakeQueue, clock, log });
  const parts = {
    ...stores,
    poster,
    wakes: wakeQueue,
    registry: {
      namespace: async (name: string) => (name === 'hall' ? HALL : ROOM),
      serviceOf: async () => undefined,
      serviceOfRole: async () => undefined,
      queueOf: async () => undefined,
      refresh: async () => undefined,
    },
    clock,
    log,
  };
  const drain = new Drain(parts);
  return {
    ...stores,
    sentWakes: wakes,
    deliveries,
    drain,
    courier: new Courier({
      ...parts,
      drain,
      authorizations: { decide: async () => undefined },
      timers: lifecycleTimers({ ...parts, lifecycleBus: { put: async () => undefined } }),
      deadLetters: { send: async () => undefined },
    }),
    ingress: new Ingress({
      ...parts,
      checkup: new Checkup(parts),
      bus: { put: async () => undefined },
      deliveries: { send: async (delivery: Delivery) => void deliveries.push(delivery) },
      tokens: new TokenVerifier({ keys: { find: async () => [] }, anonymous: false, clock }),
      userChannel: false,
      ...UNLIMITED,
      rpcTimeoutMs: 10_000,
    }),
  };
}

export type Core = ReturnType<typeof coreOn>;

/** A connection that a handshake token authenticated, subscribed to a channel as a client does it. */
export async function subscribed(core: Core, connection: string, channel: string): Promise<void> {
  await connected(core, connection);
  await core.ingress.handle(connection, JSON.stringify({ id: 1, subscribe: { channel, join_leave: true } }));
}

export async function connected(core: Core, connection: string): Promise<void> {
  const identity = { user: `user-${connection}`, expiresAt: 0, channels: [] };
  await core.connections.open(connection, identity, false);
}

let messages = 0;

/** A message of the deliveries queue, in the group of its channel. */
export function recordOf(delivery: Delivery): CourierRecord {
  messages++;
  return {
    messageId: `m${messages}`,
    body: JSON.stringify(delivery),
    group: delivery.channel,
    receives: 1,
    sentAt: Date.now(),
  };
}

/** A message of the wakes queue. */
export function wakeRecordOf(wake: Wake): CourierRecord {
  messages++;
  return {
    messageId: `m${messages}`,
    body: JSON.stringify(wake),
    group: undefined,
    receives: 1,
    sentAt: Date.now(),
  };
}

export function publicationOf(channel: string, data: Delivery['data']): Delivery {
  return {
    v: 1,
    type: 'publication',
    channel,
    data,
    idempotencyKey: randomBytes(12).toString('base64url'),
    source: 'bench',
    publishedAt: Date.now(),
    traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
  };
}

/** A name that no other run uses. */
export function unique(prefix: string): string {
  return prefix + randomBytes(6).toString('hex');
}
