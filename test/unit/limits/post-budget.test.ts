import { CountedPoster } from '../../../lambdas/gateway/core/limits/counted-poster';
import { budgetRates, GRANT_MS, POSTS_PER_SECOND } from '../../../lambdas/gateway/core/limits/post-budget';
import { PostCount } from '../../../lambdas/gateway/core/limits/post-count';
import { RedisPostBudget } from '../../../lambdas/gateway/core/limits/redis-post-budget';
import { LIMITS_DEFAULTS } from '../../../lib/limits-config';

describe('the rates of the post budget', () => {
  it.each([100, 150, 1_000, POSTS_PER_SECOND, 1_000_000])(
    'grant no more in a second and the life of a grant than %i',
    (postsPerSecond) => {
      const { eachMs, burst } = budgetRates(postsPerSecond);
      const granted = (1_000 + GRANT_MS) / eachMs + burst.small;
      expect(granted).toBeLessThanOrEqual(postsPerSecond + 1e-6);
      expect(granted).toBeGreaterThan(postsPerSecond * 0.99);
      expect(burst.large).toBeLessThan(burst.small);
    },
  );

  it('stay below the account with the frames of clients, by default', () => {
    expect(LIMITS_DEFAULTS.postsPerSecond).toBe(POSTS_PER_SECOND);
    expect(LIMITS_DEFAULTS.postsPerSecond + LIMITS_DEFAULTS.framesPerSecond).toBeLessThanOrEqual(10_000);
  });
});

describe('the post budget without Redis', () => {
  function world(run: () => Promise<unknown>) {
    const state = { now: 1_000_000, calls: 0, warnings: [] as string[] };
    const clock = {
      now: () => state.now,
      sleep: (milliseconds: number, signal?: AbortSignal) =>
        new Promise<void>((resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('ended')));
          if (milliseconds <= 300) setImmediate(resolve);
        }),
    };
    const scripts = {
      run: () => {
        state.calls++;
        return run();
      },
    };
    const log = (_: string, message: string) => void state.warnings.push(message);
    return { state, budget: new RedisPostBudget(scripts, clock, { postsPerSecond: 1_000, log }) };
  }

  const failures = [
    ['fails', () => Promise.reject(new Error('away'))],
    ['does not answer', () => new Promise<never>(() => undefined)],
  ] as const;
  it.each(failures)('grants everything where it %s, and asks again after five seconds', async (_, run) => {
    const { state, budget } = world(run);
    expect(await budget.take(70, 'large')).toEqual({ posts: 70, waitMs: 0 });
    expect(await budget.take(30, 'small')).toEqual({ posts: 30, waitMs: 0 });
    budget.spend(3);
    expect(state.calls).toBe(1);
    expect(state.warnings).toHaveLength(1);
    state.now += 5_000;
    await budget.take(1, 'small');
    expect(state.calls).toBe(2);
  });

  it('lets nobody hear that replies are not counted', async () => {
    const { state, budget } = world(() => Promise.reject(new Error('away')));
    budget.spend(10);
    await new Promise(setImmediate);
    expect(state.warnings).toHaveLength(1);
  });
});

describe('posts that are only counted', () => {
  it('do not wait for it, and are counted ten at a time', async () => {
    const spent: number[] = [];
    const poster = new CountedPoster(
      { post: async () => 'ok' as const, close: async () => 'gone' as const },
      new PostCount({ spend: (posts) => void spent.push(posts) }),
    );
    for (let count = 0; count < 9; count++) expect(await poster.post('c', '{}')).toBe('ok');
    expect(spent).toEqual([]);
    expect(await poster.close('c')).toBe('gone');
    for (let count = 0; count < 25; count++) await poster.post('c', '{}');
    expect(spent).toEqual([10, 10, 10]);
  });
});
