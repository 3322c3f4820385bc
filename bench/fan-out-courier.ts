import { SignedPoster } from '../lambdas/gateway/core/adapters/aws/signed-poster';
import type { CourierRecord } from '../lambdas/gateway/core/delivery/courier';
import type { Poster, PostOutcome, Wake } from '../lambdas/gateway/core/ports';
import { coreOn, type RedisAddress, scriptsAt } from './redis-core';

/** What a courier's process is told at its start. */
export interface CourierStart {
  readonly redis: RedisAddress;
  readonly callbackUrl: string;
  readonly postsPerSecond: number;
}

/** What it tells: wakes at once, the rest when its batch is done. */
export type CourierNews =
  | { readonly type: 'wake'; readonly wake: Wake; readonly delaySeconds: number }
  | ({ readonly type: 'done' } & Invocation);

/** One invocation of a courier. */
export interface Invocation {
  readonly failed: number;
  readonly posts: number;
  readonly throttled: number;
  /** Epoch ms, with fractions; 0 where nothing was posted. */
  readonly lastPostAt: number;
  readonly cpuMicros: number;
}

/** The lean client, and what became of its posts. */
class CountedPoster implements Poster {
  readonly #poster: Poster;
  posts = 0;
  throttled = 0;
  lastPostAt = 0;

  constructor(callbackUrl: string) {
    this.#poster = new SignedPoster({ callbackUrl, log: () => undefined });
  }

  async post(connection: string, frame: string): Promise<PostOutcome> {
    const outcome = await this.#poster.post(connection, frame);
    if (outcome === 'ok') {
      this.posts++;
      this.lastPostAt = performance.timeOrigin + performance.now();
    } else if (outcome === 'throttled') this.throttled++;
    else throw new Error(`post: expected ok or throttled, got ${outcome}`);
    return outcome;
  }

  close(connection: string): Promise<PostOutcome> {
    throw new Error(`expected no connection to be closed, got ${connection}`);
  }
}

/** A courier in a process of its own: as a sandbox, it works on one batch at a time. */
function run({ redis, callbackUrl, postsPerSecond }: CourierStart): void {
  const tell = (news: CourierNews) => process.send?.(news);
  const poster = new CountedPoster(callbackUrl);
  const { courier } = coreOn(scriptsAt(redis), poster, {
    woken: (wake, delaySeconds) => tell({ type: 'wake', wake, delaySeconds }),
    limits: { postsPerSecond },
  });
  const invoke = async (records: readonly CourierRecord[]) => {
    Object.assign(poster, { posts: 0, throttled: 0, lastPostAt: 0 });
    const cpu = process.cpuUsage();
    const failed = await courier.handle(records);
    const { user, system } = process.cpuUsage(cpu);
    const { posts, throttled, lastPostAt } = poster;
    tell({ type: 'done', failed: failed.length, posts, throttled, lastPostAt, cpuMicros: user + system });
  };
  process.on('message', (records) => {
    invoke(records as readonly CourierRecord[]).catch((error: unknown) => {
      process.stderr.write(`courier: ${String(error)}\n`);
      process.exit(1);
    });
  });
  // The bench is gone.
  process.on('disconnect', () => process.exit(0));
}

run(JSON.parse(process.env['COURIER'] ?? '{}') as CourierStart);
