import { CONNECTION_TTL_SECONDS } from '../../lambdas/gateway/core/connections/connection';
import { dueKey } from '../../lambdas/gateway/core/keys';
import { CLAIM_MS, dueShardOf } from '../../lambdas/gateway/core/liveness/due-set';
import { RedisDueSet } from '../../lambdas/gateway/core/liveness/redis-due-set';
import { operatorRedis } from '../support/redis';
import { testScripts, unique } from './gateway-world';

const scripts = testScripts();
const operator = operatorRedis();
const due = new RedisDueSet(scripts);

afterAll(async () => {
  await scripts.disconnect();
  operator.disconnect();
});

/** A connection, and what a claim of its shard says about it; other tests' connections are not of interest. */
function connection() {
  const id = unique('c');
  const shard = dueShardOf(id);
  const key = dueKey(shard);
  return {
    id,
    key,
    at: async () => Number(await operator.zscore(key, id)),
    claim: async (now: number) => {
      const claims = await due.claim(shard, now, 10_000);
      return claims.find((claim) => claim.connection === id);
    },
  };
}

describe('the due set', () => {
  it('keeps the earliest time that was noted, for as long as a connection may live', async () => {
    const { id, key, at } = connection();
    for (const time of [5_000, 9_000, 3_000, 4_000]) await due.note(id, time);
    expect(await at()).toBe(3_000);
    expect(await operator.ttl(key)).toBeGreaterThan(CONNECTION_TTL_SECONDS - 5);
  });

  it('gives who is due to one claim, until that ends', async () => {
    const { id, claim } = connection();
    await due.note(id, 5_000);
    expect(await claim(4_999)).toBeUndefined();
    const claims = await Promise.all([claim(5_000), claim(5_000), claim(5_000)]);
    expect(claims.filter((one) => one !== undefined)).toEqual([
      { connection: id, shard: dueShardOf(id), until: 5_000 + CLAIM_MS },
    ]);
    expect(await claim(5_000 + CLAIM_MS)).toBeDefined();
  });

  it('takes a new time from who has the claim', async () => {
    const { id, at, claim } = connection();
    await due.note(id, 5_000);
    const first = await claim(5_000);
    if (!first) throw new Error('expected a claim, got none');
    await due.settle([{ claim: first, at: 90_000 }]);
    expect(await at()).toBe(90_000);
    // Its claim is over: another look may have come meanwhile.
    await due.settle([{ claim: first, at: 70_000 }]);
    expect(await at()).toBe(90_000);
  });

  it('keeps an earlier time that came while a connection was looked at', async () => {
    const { id, at, claim } = connection();
    await due.note(id, 5_000);
    const taken = await claim(5_000);
    if (!taken) throw new Error('expected a claim, got none');
    await due.note(id, 6_000);
    await due.settle([{ claim: taken, at: 90_000 }]);
    expect(await at()).toBe(6_000);
  });

  it('forgets, and a settlement that comes late brings nothing back', async () => {
    const { id, key, claim } = connection();
    await due.note(id, 5_000);
    const taken = await claim(5_000);
    await due.forget(id);
    if (taken) await due.settle([{ claim: taken, at: 90_000 }]);
    expect(await operator.zscore(key, id)).toBeNull();
  });

  it('claims no more than it is asked for', async () => {
    const { id } = connection();
    const shard = dueShardOf(id);
    const others = Array.from({ length: 5_000 }, () => unique('c')).filter(
      (name) => dueShardOf(name) === shard,
    );
    expect(others.length).toBeGreaterThan(0);
    for (const name of [id, ...others]) await due.note(name, 1_000);
    expect(await due.claim(shard, 2_000, 2)).toHaveLength(2);
  });
});
