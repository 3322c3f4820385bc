import type { RunningRedis } from '../../local/redis/cluster';

/** Environment variables by which the suite's workers find the Redis that the global setup started. */
export const REDIS_VARIABLES = {
  host: 'TEST_REDIS_HOST',
  port: 'TEST_REDIS_PORT',
  user: 'TEST_REDIS_USER',
  password: 'TEST_REDIS_PASSWORD',
  caFile: 'TEST_REDIS_CA_FILE',
  operatorUrl: 'TEST_REDIS_OPERATOR_URL',
} as const;

interface Started {
  readonly redis: RunningRedis;
  readonly dir: string;
}

// Setup and teardown are modules of one process but are loaded apart, so a variable of this module would not do.
const SLOT = Symbol.for('holdfast.test-redis');

export function keepForTeardown(started: Started): void {
  Reflect.set(globalThis, SLOT, started);
}

export function takeForTeardown(): Started | undefined {
  const started = Reflect.get(globalThis, SLOT) as Started | undefined;
  Reflect.deleteProperty(globalThis, SLOT);
  return started;
}
