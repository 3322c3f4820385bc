import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../lambdas/gateway/core/clock';
import { Allowance } from '../../lambdas/gateway/core/delivery/allowance';
import { Drain } from '../../lambdas/gateway/core/delivery/drain';
import type { ChannelSize, PostBudget } from '../../lambdas/gateway/core/limits/post-budget';
import { RedisPostBudget } from '../../lambdas/gateway/core/limits/redis-post-budget';
import { mostInASecond } from '../support/rates';
import { operatorRedis } from '../support/redis';
import { gatewayWorld, testScripts, unique } from './gateway-world';

const POSTS_PER_SECOND = 1_000;
const COURIERS = 12;
const LANES = 20;
const POST_MS = 8;

const connections = [testScripts(), testScripts(), testScripts()];
const operator = operatorRedis();
afterAll(async () => {
  operator.disconnect();
  for (const scripts of connections) await scripts.disconnect();
});

/** Budgets of couriers that share a key. */
function budgets(count: number, postsPerSecond = POSTS_PER_SECOND) {
  const key = `hf1:{budget:${unique('t')}}`;
  const options = { postsPerSecond, key, log: () => undefined };
  const made = Array.from({ length: count }, (_, index) => {
    const scripts = connections[index % connections.length] ?? testScripts();
    return new RedisPostBudget(scripts, systemClock, options);
  });
  const [first = new RedisPostBudget(testScripts(), systemClock, options)] = made;
  return { key, first, all: made };
}

/** Connects all of them and lets the bucket become full: the first posts then come at once, which is when most do. */
async function warmedUp(all: readonly PostBudget[]): Promise<void> {
  await Promise.all(all.map((budget) => budget.take(1, 'small')));
  await sleep(1_000);
}

/** Posts for a while as drains do, round after round; answers the times at which posts began. */
async function drains(budget: PostBudget, size: ChannelSize, milliseconds: number): Promise<number[]> {
  const begun: number[] = [];
  const endsAt = Date.now() + milliseconds;
  while (Date.now() < endsAt) {
    const allowance = new Allowance({ budget, clock: systemClock }, 500, size, () => Date.now() < endsAt);
    await Promise.all(
      Array.from({ length: LANES }, async () => {
        while (await allowance.next()) {
          begun.push(performance.now());
          await sleep(POST_MS);
        }
      }),
    );
    await sleep(1);
  }
  return begun;
}

describe('the post budget', () => {
  it('is never exceeded in any second, however many couriers post at once', async () => {
    const { all } = budgets(COURIERS);
    await warmedUp(all);
    const sizes: readonly ChannelSize[] = ['small', 'large'];
    const times = await Promise.all(
      all.map((budget, index) => drains(budget, sizes[index % 2] ?? 'small', 4_000)),
    );
    const begun = times.flat();
    expect(mostInASecond(begun)).toBeLessThanOrEqual(POSTS_PER_SECOND);
    // What is not used in time is forfeited, and yet most of the budget becomes posts.
    expect(begun.length / 4).toBeGreaterThan(POSTS_PER_SECOND * 0.7);
  }, 20_000);

  it('lets a small channel through at once where large ones have used up all that they may', async () => {
    const { first, all } = budgets(COURIERS);
    await warmedUp(all);
    for (let round = 0; round < 20; round++) {
      // Whatever the machine's pauses gave back meanwhile is taken, too.
      for (const budget of all) while ((await budget.take(500, 'large')).posts > 0);
      expect(await first.take(10, 'small')).toEqual({ posts: 10, waitMs: 0 });
      await sleep(20);
    }
  });

  it('counts replies without holding them, and grants so much less afterwards', async () => {
    const { first } = budgets(1);
    const before = await first.take(100, 'small');
    expect(before.posts).toBe(50);
    first.spend(300);
    await sleep(150);
    const { posts, waitMs } = await first.take(1, 'small');
    expect(posts).toBe(0);
    // 300 posts are a third of a second; 0.15 s of it are over, and the reply of a drain waits until there is room.
    expect(waitMs).toBeGreaterThan(100);
    expect(waitMs).toBeLessThan(350);
  });

  it('owes no more than a second of replies', async () => {
    const { first } = budgets(1);
    first.spend(100_000);
    await sleep(50);
    const { waitMs } = await first.take(1, 'small');
    expect(waitMs).toBeLessThan(1_100);
  });

  it('is one key that ends by itself', async () => {
    const { key, first } = budgets(1);
    await first.take(5, 'large');
    const ttl = await operator.pttl(key);
    expect(ttl).toBeGreaterThan(0);
    expect(ttl).toBeLessThanOrEqual(2_000);
  });
});

describe('a drain under the budget', () => {
  const MEMBERS = 12;
  const world = gatewayWorld();
  afterAll(() => world.scripts.disconnect());

  /** Grants these numbers of posts in turn, then none. */
  function grants(...posts: number[]): PostBudget {
    return {
      take: async () => ({ posts: posts.shift() ?? 0, waitMs: 600 }),
      spend: () => undefined,
    };
  }

  async function channelWithPublication() {
    const channel = unique('room:');
    const members = Array.from({ length: MEMBERS }, () => unique('c'));
    for (const member of members) {
      await world.connected(member);
      await world.ingress.handle(member, JSON.stringify({ id: 1, subscribe: { channel } }));
    }
    await world.runWakes();
    const retention = { entries: 10, seconds: 60 };
    await world.channels.append(channel, [{ text: '{"data":1}', idempotencyKey: unique('k') }], retention);
    const got = () => members.map((member) => world.poster.offsets(member, channel));
    const drain = (budget: PostBudget) =>
      new Drain({ ...world, budget }).drain(channel, 0, Date.now() + 5_000);
    return { channel, got, drain };
  }

  it('posts nothing where nothing is granted, and leaves everything to a wake', async () => {
    const { channel, got, drain } = await channelWithPublication();
    await drain(grants());
    expect(got()).toEqual(Array(MEMBERS).fill([]));
    expect(world.sentWakes.splice(0)).toEqual([
      { wake: { v: 1, type: 'drain', channel, partition: 0 }, delaySeconds: 1 },
    ]);
    await drain(grants(MEMBERS));
    expect(got()).toEqual(Array(MEMBERS).fill([1]));
  });

  it('posts as many as are granted, and the others once in a later drain', async () => {
    const { got, drain } = await channelWithPublication();
    await drain(grants(5));
    expect(got().flat()).toHaveLength(5);
    expect(world.sentWakes.splice(0)).toHaveLength(1);
    await sleep(1_050);
    await drain(grants(3, 4));
    expect(got()).toEqual(Array(MEMBERS).fill([1]));
    expect(world.sentWakes.splice(0)).toEqual([]);
  });
});
