import {
  AdaptiveLimit,
  FEWEST_AT_ONCE,
  MOST_AT_ONCE,
} from '../../../../lambdas/gateway/core/adapters/aws/adaptive-limit';

let limit: AdaptiveLimit;
beforeEach(() => {
  limit = new AdaptiveLimit();
});

/** So many requests at once, of which so many are refused. */
async function round(requests: number, congested: number): Promise<void> {
  const admitted = await Promise.all(Array.from({ length: requests }, () => limit.enter(1_000)));
  expect(admitted).toEqual(Array(requests).fill(true));
  for (let index = 0; index < requests; index++) limit.leave(index < congested);
}

describe('the limit', () => {
  it('begins at its most and stays there while all is well', async () => {
    expect(limit.limit).toBe(MOST_AT_ONCE);
    await round(MOST_AT_ONCE, 0);
    expect(limit.limit).toBe(MOST_AT_ONCE);
  });

  it('halves once for a round of throttles, and rises by steps afterwards', async () => {
    await round(MOST_AT_ONCE, MOST_AT_ONCE);
    expect(limit.limit).toBe(MOST_AT_ONCE / 2);
    await round(MOST_AT_ONCE / 2, 0);
    expect(limit.limit).toBe(MOST_AT_ONCE / 2 + 4);
  });

  it('does not fall below its least', async () => {
    for (let index = 0; index < 10; index++) await round(limit.limit, limit.limit);
    expect(limit.limit).toBe(FEWEST_AT_ONCE);
  });

  it('bears a few clients that read too slowly', async () => {
    await round(MOST_AT_ONCE, 6);
    expect(limit.limit).toBe(MOST_AT_ONCE);
    await round(MOST_AT_ONCE, 7);
    expect(limit.limit).toBe(MOST_AT_ONCE / 2);
  });
});

describe('whoever comes', () => {
  it('waits for a place, in order', async () => {
    await Promise.all(Array.from({ length: MOST_AT_ONCE }, () => limit.enter(0)));
    const order: number[] = [];
    const waiting = [1, 2].map((n) => limit.enter(1_000).then((admitted) => order.push(admitted ? n : -n)));
    limit.leave(false);
    limit.leave(false);
    await Promise.all(waiting);
    expect(order).toEqual([1, 2]);
  });

  it('is sent away when its time is up, and takes no place from the next', async () => {
    await Promise.all(Array.from({ length: MOST_AT_ONCE }, () => limit.enter(0)));
    const late = limit.enter(10);
    const patient = limit.enter(1_000);
    expect(await late).toBe(false);
    limit.leave(false);
    expect(await patient).toBe(true);
  });

  it('is not admitted while more run than a lower limit allows', async () => {
    await Promise.all(Array.from({ length: MOST_AT_ONCE }, () => limit.enter(0)));
    for (let index = 0; index < MOST_AT_ONCE; index++) {
      limit.leave(true);
      if (index < MOST_AT_ONCE - 1) await limit.enter(0);
    }
    expect(limit.limit).toBe(MOST_AT_ONCE / 2);
    expect(await limit.enter(10)).toBe(false);
  });
});
