import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'iovalkey';
import { POSTS_PER_SECOND } from '../lambdas/gateway/core/limits/post-budget';
import { inParallel } from '../lambdas/gateway/core/parallel';
import type { BenchOptions } from './bench-options';
import { bundled } from './bundled';
import { type Stub, startStub } from './children';
import { CourierFleet } from './courier-fleet';
import { type Curve, type Measured, reportFanOut } from './fan-out-report';
import type { StubOptions } from './poster-stub';
import { type BenchRedis, coreOn, publicationOf, subscribed, unique, withRedis } from './redis-core';

const MEMBERS = 10_000;
const COURIERS = [1, 2, 4, 8] as const;
const RUNS = 3;
/** Each courier makes a few partitions of them. */
const WARM_UPS = 3;
const SETUPS_AT_ONCE = 100;

interface Load extends Pick<Curve, 'name' | 'slowed'> {
  readonly stub: StubOptions;
  readonly postsPerSecond: number;
  readonly couriers: readonly number[];
}

/** A budget that no machine comes near to. */
const UNLIMITED = 1_000_000;

/**
 * One publication to 10,000 meets an account's throttle (10,000 a second, 5,000 at once) only where it takes less than half a
 * second, which few machines do. So time goes slower for that: posts take 20 ms, and the bucket holds and gets as much less.
 */
const SLOWED = 2.5;
const SLOW = { answerMs: 8 * SLOWED };
const THROTTLED = { ...SLOW, limit: { perSecond: 10_000 / SLOWED, burst: 5_000 / SLOWED } };

/** Fewer make no more posts than an account lets through. */
const SEVERAL = [4, 8] as const;

const loads: readonly Load[] = [
  { name: 'posts of 8 ms', slowed: 1, stub: {}, postsPerSecond: UNLIMITED, couriers: COURIERS },
  { name: 'slowed', slowed: SLOWED, stub: SLOW, postsPerSecond: UNLIMITED, couriers: COURIERS },
  {
    name: 'slowed, throttled',
    slowed: SLOWED,
    stub: THROTTLED,
    postsPerSecond: UNLIMITED,
    couriers: SEVERAL,
  },
  {
    name: 'slowed, throttled, with the budget',
    slowed: SLOWED,
    stub: THROTTLED,
    postsPerSecond: POSTS_PER_SECOND / SLOWED,
    couriers: SEVERAL,
  },
];

/** One publication to 10,000 members, by one courier and by more. */
export async function benchFanOut(options: BenchOptions): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  try {
    const program = bundled('fan-out-courier.ts', directory);
    await withRedis(256, async (redis) => {
      const channel = await filledChannel(redis);
      const curves: Curve[] = [];
      for (const load of loads) curves.push(await measure(redis, channel, load, program));
      reportFanOut({ members: MEMBERS, runs: RUNS, redis: redis.version, curves }, options);
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function filledChannel({ scripts }: BenchRedis): Promise<string> {
  const core = coreOn(scripts, { post: async () => 'ok' as const, close: async () => 'ok' as const });
  const channel = unique('room:bench-');
  const connections = Array.from({ length: MEMBERS }, () => unique('c'));
  await inParallel(connections, SETUPS_AT_ONCE, (connection) => subscribed(core, connection, channel));
  return channel;
}

/** Round by round over all numbers of couriers, so that a slow moment of the machine hits each alike. */
async function measure(redis: BenchRedis, channel: string, load: Load, program: string): Promise<Curve> {
  const stub = await startStub(load.stub);
  const most = Math.max(...load.couriers);
  const fleet = new CourierFleet(program, most, {
    redis: redis.address,
    callbackUrl: `http://localhost:${stub.port}/dev`,
    postsPerSecond: load.postsPerSecond,
  });
  const publish = async (couriers: number): Promise<Measured> => {
    const before = await othersMicros(stub, redis.operator);
    const run = await fleet.publish(publicationOf(channel, 'x'.repeat(200)), couriers);
    if (run.posts !== MEMBERS) throw new Error(`expected ${MEMBERS} posts, got ${run.posts}`);
    const after = await othersMicros(stub, redis.operator);
    return { ...run, stubMicros: after.stub - before.stub, redisMicros: after.redis - before.redis };
  };
  try {
    for (let count = 0; count < WARM_UPS; count++) await publish(most);
    const runs = new Map<number, Measured[]>(load.couriers.map((couriers) => [couriers, []]));
    for (let round = 0; round < RUNS; round++) {
      for (const [couriers, made] of runs) made.push(await publish(couriers));
    }
    const points = [...runs].map(([couriers, made]) => ({ couriers, runs: made }));
    return { name: load.name, slowed: load.slowed, points };
  } finally {
    fleet.stop();
    stub.stop();
  }
}

/** CPU that was used so far by who shares the machine with the couriers. */
async function othersMicros(stub: Stub, operator: Redis) {
  const used = await operator.info('cpu');
  const seconds = (name: string) => Number(new RegExp(`${name}:([\\d.]+)`).exec(used)?.[1]);
  const redis = 1e6 * (seconds('used_cpu_user') + seconds('used_cpu_sys'));
  return { stub: await stub.cpuMicros(), redis };
}
