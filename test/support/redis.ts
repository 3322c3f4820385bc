import { readFileSync } from 'node:fs';
import { Cluster, Redis } from 'iovalkey';
import { REDIS_VARIABLES } from './redis-coordinates';

/** How to reach a Redis as the functions do. */
export interface FunctionRedis {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly caFile: string;
}

/** The Redis of this suite (`start-redis.ts`). */
export function testRedis(): FunctionRedis {
  return {
    host: variable(REDIS_VARIABLES.host),
    port: Number(variable(REDIS_VARIABLES.port)),
    user: variable(REDIS_VARIABLES.user),
    password: variable(REDIS_VARIABLES.password),
    caFile: variable(REDIS_VARIABLES.caFile),
  };
}

/** A cluster client over TLS as the functions' restricted user, connected. End it with `disconnect()`. */
export async function connectTestRedis(redis: FunctionRedis = testRedis()): Promise<Cluster> {
  const cluster = new Cluster([{ host: redis.host, port: redis.port }], {
    // The certificate is for names, so nodes are addressed as the cluster announces them.
    dnsLookup: (address, callback) => callback(null, address),
    lazyConnect: true,
    clusterRetryStrategy: (times) => (times > 20 ? null : 50),
    redisOptions: {
      username: redis.user,
      password: redis.password,
      tls: { ca: readFileSync(redis.caFile) },
    },
  });
  await cluster.connect();
  return cluster;
}

/** A client of the plain port with all rights: looks at, removes and empties what the restricted user may not. */
export function operatorRedis(url: string = variable(REDIS_VARIABLES.operatorUrl)): Redis {
  return new Redis(url);
}

/** Keys of the gateway that never end. */
export async function endlessKeys(operator: Redis): Promise<string[]> {
  const keys = await operator.keys('hf1:*');
  const ttls = await Promise.all(keys.map((key) => operator.ttl(key)));
  // -2 is one that has ended since it was listed.
  return keys.filter((_, index) => ttls[index] === -1);
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`expected ${name}: run this suite by jest's project "redis"`);
  return value;
}
