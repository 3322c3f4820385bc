import { Allowance } from '../../../lambdas/gateway/core/delivery/allowance';
import { SlowPosts } from '../../../lambdas/gateway/core/delivery/slow-posts';
import { GRANT_MS, type Granted } from '../../../lambdas/gateway/core/limits/post-budget';
import type { PostOutcome } from '../../../lambdas/gateway/core/ports';

/** A clock that goes on only while somebody sleeps. */
function sleepyClock() {
  const clock = {
    time: 1_000_000,
    now: () => clock.time,
    sleep: async (milliseconds: number) => {
      clock.time += milliseconds;
    },
  };
  return clock;
}

/** A budget that grants these in turn, then all that is wanted. */
function scripted(grants: Granted[]) {
  const asked: number[] = [];
  const budget = {
    take: async (wanted: number) => {
      asked.push(wanted);
      return grants.shift() ?? { posts: wanted, waitMs: 0 };
    },
    spend: () => undefined,
  };
  return { asked, budget };
}

const NONE = { posts: 0, waitMs: 30 };

describe('the allowance of a round', () => {
  it('asks once for the posts of a small round', async () => {
    const { asked, budget } = scripted([]);
    const allowance = new Allowance({ budget, clock: sleepyClock() }, 3, 'small', () => true);
    await allowance.ask();
    expect(await Promise.all([1, 2, 3].map(() => allowance.next()))).toEqual([true, true, true]);
    expect(await allowance.next()).toBe(false);
    expect(asked).toEqual([3]);
  });

  it('takes a large round in parts', async () => {
    const { asked, budget } = scripted([]);
    const allowance = new Allowance({ budget, clock: sleepyClock() }, 250, 'large', () => true);
    while (await allowance.next());
    expect(asked).toEqual([100, 100, 50]);
  });

  it('gives each post to one of those who wait for it', async () => {
    const { budget } = scripted([
      { posts: 2, waitMs: 0 },
      { posts: 0, waitMs: 10_000 },
    ]);
    const allowance = new Allowance({ budget, clock: sleepyClock() }, 20, 'large', () => true);
    const taken = await Promise.all(Array.from({ length: 20 }, () => allowance.next()));
    expect(taken.filter(Boolean)).toHaveLength(2);
  });

  it('rests where nothing is granted, and asks for fewer', async () => {
    const clock = sleepyClock();
    const { asked, budget } = scripted([NONE, NONE]);
    const allowance = new Allowance({ budget, clock }, 500, 'large', () => true);
    const before = clock.time;
    expect(await allowance.next()).toBe(true);
    expect(asked).toEqual([100, 50, 25]);
    expect(clock.time - before).toBe(30 + 40);
  });

  it('gives up after half a second, for all of its round', async () => {
    const clock = sleepyClock();
    const { asked, budget } = scripted(Array(50).fill(NONE));
    const allowance = new Allowance({ budget, clock }, 500, 'large', () => true);
    const before = clock.time;
    expect(await allowance.ready()).toBe(false);
    expect(clock.time - before).toBeLessThanOrEqual(500);
    const count = asked.length;
    expect(await allowance.next()).toBe(false);
    expect(asked).toHaveLength(count);
  });

  it('waits for nothing that would come too late', async () => {
    const clock = sleepyClock();
    const { budget } = scripted([{ posts: 0, waitMs: 501 }]);
    const before = clock.time;
    expect(await new Allowance({ budget, clock }, 5, 'large', () => true).ready()).toBe(false);
    expect(clock.time).toBe(before);
  });

  it('forfeits what was not used in time, and asks for less then', async () => {
    const clock = sleepyClock();
    const { asked, budget } = scripted([]);
    const allowance = new Allowance({ budget, clock }, 500, 'large', () => true);
    expect(await allowance.next()).toBe(true);
    clock.time += GRANT_MS;
    expect(await allowance.next()).toBe(true);
    expect(asked).toEqual([100, 50]);
  });

  it('begins no post after the time of its round', async () => {
    const { asked, budget } = scripted([]);
    expect(await new Allowance({ budget, clock: sleepyClock() }, 5, 'small', () => false).next()).toBe(false);
    expect(asked).toEqual([]);
  });
});

describe('slow posts', () => {
  /** A clock whose sleeps end when the test says so. */
  function steppedClock() {
    const sleepers: { at: number; wake: () => void }[] = [];
    let time = 0;
    return {
      sleepers,
      now: () => time,
      sleep: (milliseconds: number, signal?: AbortSignal) =>
        new Promise<void>((resolve, reject) => {
          sleepers.push({ at: time + milliseconds, wake: resolve });
          signal?.addEventListener('abort', () => reject(new Error('ended')));
        }),
      async passTo(at: number) {
        time = at;
        for (const sleeper of sleepers.filter((one) => one.at <= at)) {
          sleepers.splice(sleepers.indexOf(sleeper), 1);
          sleeper.wake();
        }
        await new Promise(setImmediate);
      },
    };
  }

  const never = () => new Promise<PostOutcome>(() => undefined);

  it('are told from the others, each by its own begin', async () => {
    const clock = steppedClock();
    const posts = new SlowPosts(clock, 500);
    const results: (string | undefined)[] = [];
    const noted = (name: string, posting: Promise<PostOutcome>) =>
      void posts.unlessSlow(posting).then((outcome) => results.push(`${name} ${outcome}`));
    noted('first', never());
    await clock.passTo(100);
    noted('second', never());
    noted('quick', Promise.resolve('ok'));
    await clock.passTo(499);
    expect(results).toEqual(['quick ok']);
    await clock.passTo(500);
    expect(results).toEqual(['quick ok', 'first undefined']);
    await clock.passTo(600);
    expect(results).toEqual(['quick ok', 'first undefined', 'second undefined']);
  });

  it('share one timer, which ends with the round', async () => {
    const clock = steppedClock();
    const posts = new SlowPosts(clock, 500);
    const outcomes = Promise.all(
      Array.from({ length: 50 }, () => posts.unlessSlow(Promise.resolve('ok' as const))),
    );
    expect(await outcomes).toEqual(Array(50).fill('ok'));
    expect(clock.sleepers).toHaveLength(1);
    posts.end();
    await new Promise(setImmediate);
    expect(await posts.unlessSlow(Promise.resolve('gone'))).toBe('gone');
  });
});
