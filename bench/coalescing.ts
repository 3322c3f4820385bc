import { setTimeout as sleep } from 'node:timers/promises';
import type { CourierRecord } from '../lambdas/gateway/core/delivery/courier';
import type { Poster } from '../lambdas/gateway/core/ports';
import {
  type BenchRedis,
  coreOn,
  publicationOf,
  recordOf,
  subscribed,
  unique,
  wakeRecordOf,
  withRedis,
} from './redis-core';
import { median, quantile, table } from './statistics';

const SUBSCRIBERS = 8;
const POST_MS = 8;
/** What a FIFO queue hands a function at most. */
const BATCH = 10;
const RUNS = 9;

interface Load {
  readonly publishes: number;
  readonly withinMs: number;
  /** From the sending of a wake to the call of its courier. */
  readonly wakeMs: number;
}

/** The burst of the goal, without and with the time that the queue of wakes takes, and one that is spread so that nothing piles up. */
const loads: readonly Load[] = [
  { publishes: 300, withinMs: 150, wakeMs: 0 },
  { publishes: 300, withinMs: 150, wakeMs: 20 },
  { publishes: 300, withinMs: 1500, wakeMs: 20 },
];

interface Run {
  readonly posts: number;
  /** Milliseconds from arrival in the queue to the start of the post, one per delivery. */
  readonly waits: readonly number[];
  /** Milliseconds per batch. */
  readonly batches: readonly number[];
}

/** One channel, one batch at a time, posts that take 8 ms: what a burst costs in posts and in waiting. */
export async function benchCoalescing(): Promise<void> {
  await withRedis(256, async (redis) => {
    const rows = [
      [
        'publishes',
        'within ms',
        'wake ms',
        'posts',
        'posts / delivery',
        'p50 wait / post',
        'p95 wait / post',
        'ms / batch',
      ],
    ];
    for (const load of loads) {
      await measure(redis, load);
      const runs: Run[] = [];
      for (let run = 0; run < RUNS; run++) runs.push(await measure(redis, load));
      const deliveries = load.publishes * SUBSCRIBERS;
      rows.push([
        String(load.publishes),
        String(load.withinMs),
        String(load.wakeMs),
        median(runs.map(({ posts }) => posts)).toFixed(0),
        median(runs.map(({ posts }) => posts / deliveries)).toFixed(3),
        median(runs.map(({ waits }) => median(waits) / POST_MS)).toFixed(1),
        median(runs.map(({ waits }) => quantile(waits, 0.95) / POST_MS)).toFixed(1),
        median(runs.map(({ batches }) => median(batches))).toFixed(1),
      ]);
    }
    process.stdout.write(
      `Coalescing, ${SUBSCRIBERS} subscribers, posts of ${POST_MS} ms, medians of ${RUNS} runs, ` +
        `Redis ${redis.version}, node ${process.version}\n${table(rows)}\n`,
    );
  });
}

async function measure({ scripts }: BenchRedis, { publishes, withinMs, wakeMs }: Load): Promise<Run> {
  const channel = unique('room:bench-');
  const poster = new StubPoster();
  const woken: Promise<unknown>[] = [];
  const core = coreOn(scripts, poster, {
    woken: (wake) => {
      woken.push(sleep(wakeMs).then(() => core.courier.handle([wakeRecordOf(wake)])));
    },
  });
  for (let n = 0; n < SUBSCRIBERS; n++) await subscribed(core, unique('c'), channel);
  poster.posts.length = 0;

  const records = Array.from({ length: publishes }, (_, n) => recordOf(publicationOf(channel, { n })));
  const startedAt = performance.now();
  const arrivedAt = (n: number) => startedAt + (n * withinMs) / publishes;
  const batches: number[] = [];
  for (let next = 0; next < publishes; ) {
    const batch = arrived(records, next, arrivedAt);
    if (batch.length === 0) {
      await sleep(1);
      continue;
    }
    const begunAt = performance.now();
    const failed = await core.courier.handle(batch);
    if (failed.length > 0)
      throw new Error(`expected every publication taken, got ${failed.length} that failed`);
    batches.push(performance.now() - begunAt);
    next += batch.length;
  }
  for (const drained of woken) await drained;
  const waits = poster.posts.flatMap(({ at, publications }) => publications.map((n) => at - arrivedAt(n)));
  if (waits.length !== publishes * SUBSCRIBERS) {
    throw new Error(`expected ${publishes * SUBSCRIBERS} deliveries, got ${waits.length}`);
  }
  return { posts: poster.posts.length, waits, batches };
}

function arrived(records: readonly CourierRecord[], from: number, arrivedAt: (n: number) => number) {
  const now = performance.now();
  return records.slice(from, from + BATCH).filter((_, index) => arrivedAt(from + index) <= now);
}

/** Answers after the post time, and notes which publications a frame had. */
class StubPoster implements Poster {
  readonly posts: { readonly at: number; readonly publications: readonly number[] }[] = [];

  async post(_: string, frame: string) {
    const at = performance.now();
    const publications = frame.split('\n').flatMap((line) => {
      const message = JSON.parse(line) as { push?: { pub?: { data: { n: number } } } };
      return message.push?.pub ? [message.push.pub.data.n] : [];
    });
    this.posts.push({ at, publications });
    await sleep(POST_MS);
    return 'ok' as const;
  }

  async close() {
    return 'ok' as const;
  }
}
