import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { POSTS_PER_SECOND } from '../lambdas/gateway/core/limits/post-budget';
import { inParallel } from '../lambdas/gateway/core/parallel';
import type { BenchOptions } from './bench-options';
import { bundled } from './bundled';
import { startStub } from './children';
import { CourierFleet, type FanOut } from './courier-fleet';
import { type Curve, reportFanOut } from './fan-out-report';
import type { StubOptions } from './poster-stub';
import { type BenchRedis, coreOn, publicationOf, subscribed, unique, withRedis } from './redis-core';

const MEMBERS = 10_000;
const COURIERS = [1, 2, 4, 8] as const;
/** Fewer make no more posts than an account lets through. */
const SEVERAL = [4, 8] as const;
const RUNS = 5;
const SETUPS_AT_ONCE = 100;

interface Load extends Pick<Curve, 'name' | 'slowed'> {
  readonly stub: StubOptions;
  readonly postsPerSecond: number;
  readonly couriers: readonly number[];
}

/** A budget that no machine comes near to. */
const UNLIMITED = 1_000_000;

/**
 * The account's throttle is 10,000 posts a second with a burst of 5,000; few machines make that many, so time goes five
 * times slower where it matters: posts take 40 ms, and the bucket holds a fifth.
 */
const SLOWED = 5;
const SLOW = { answerMs: 8 * SLOWED };
const LIMIT = { perSecond: 10_000 / SLOWED, burst: 5_000 / SLOWED };

const loads: readonly Load[] = [
  {
    name: 'posts of 8 ms',
    slowed: 1,
    stub: { answerMs: 8 },
    postsPerSecond: UNLIMITED,
    couriers: COURIERS,
  },
  {
    name: 'all five times slower',
    slowed: SLOWED,
    stub: SLOW,
    postsPerSecond: UNLIMITED,
    couriers: COURIERS,
  },
  {
    name: 'slower, throttled',
    slowed: SLOWED,
    stub: { ...SLOW, limit: LIMIT },
    postsPerSecond: UNLIMITED,
    couriers: SEVERAL,
  },
  {
    name: 'slower, throttled, budget of 8,000',
    slowed: SLOWED,
    stub: { ...SLOW, limit: LIMIT },
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
  const { stub, port } = await startStub(load.stub);
  const most = Math.max(...load.couriers);
  const fleet = new CourierFleet(program, most, {
    redis: redis.address,
    callbackUrl: `http://localhost:${port}/dev`,
    postsPerSecond: load.postsPerSecond,
  });
  const publish = async (couriers: number): Promise<FanOut> => {
    const run = await fleet.publish(publicationOf(channel, 'x'.repeat(200)), couriers);
    if (run.posts !== MEMBERS) throw new Error(`expected ${MEMBERS} posts, got ${run.posts}`);
    return run;
  };
  try {
    await publish(most);
    const runs = new Map<number, FanOut[]>(load.couriers.map((couriers) => [couriers, []]));
    for (let round = 0; round < RUNS; round++) {
      for (const [couriers, made] of runs) made.push(await publish(couriers));
    }
    const points = [...runs].map(([couriers, made]) => ({ couriers, runs: made }));
    return { name: load.name, slowed: load.slowed, points };
  } finally {
    fleet.stop();
    stub.kill();
  }
}
