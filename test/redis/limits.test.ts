import { CONNECTION_TTL_SECONDS } from '../../lambdas/gateway/core/connections/connection';
import { userKeys } from '../../lambdas/gateway/core/keys';
import { RedisRates, RedisUsers } from '../../lambdas/gateway/core/limits/redis-limits';
import { REVOCATION_TTL_SECONDS } from '../../lambdas/gateway/core/limits/users';
import type { Clock } from '../../lambdas/gateway/core/ports';
import { operatorRedis } from '../support/redis';
import { testScripts, unique } from './gateway-world';

const scripts = testScripts();
const operator = operatorRedis();
let now = 1_800_000_000_000;
const clock: Clock = { now: () => now, sleep: async () => undefined };
const users = new RedisUsers(scripts, clock, 3);
const rates = new RedisRates(scripts, clock);

afterAll(async () => {
  await scripts.disconnect();
  operator.disconnect();
});

const enter = (user: string, connection: string, issuedAt = 0) => users.enter(connection, { user, issuedAt });

describe('connections of a user', () => {
  it('are counted up to the limit, and one that was in before is let in again', async () => {
    const user = unique('user');
    expect(await Promise.all(['a', 'b', 'c'].map((id) => enter(user, id)))).toEqual(Array(3).fill('entered'));
    expect(await enter(user, 'd')).toBe('limit');
    expect(await enter(user, 'a')).toBe('entered');
    await users.leave('b', user);
    expect(await enter(user, 'd')).toBe('entered');
  });

  it('do not count any more once their leases are over', async () => {
    const user = unique('user');
    for (const id of ['a', 'b', 'c']) await enter(user, id);
    now += (CONNECTION_TTL_SECONDS - 1) * 1000;
    expect(await enter(user, 'd')).toBe('limit');
    now += 1_000;
    expect(await enter(user, 'd')).toBe('entered');
    expect(await operator.hkeys(userKeys(user).connections)).toEqual(['d']);
  });

  it('are not counted without a user', async () => {
    const ids = Array.from({ length: 10 }, (_, index) => `${index}`);
    expect(new Set(await Promise.all(ids.map((id) => enter('', id))))).toEqual(new Set(['entered']));
    expect(await operator.exists(userKeys('').connections)).toBe(0);
  });

  it.each(['a}b{c', 'ä ö', '*', 'x'.repeat(255)])('have a key of their own for the user %j', async (name) => {
    const user = name + unique('');
    await enter(user, 'a');
    expect(userKeys(user).connections).toMatch(/^hf1:\{u:[\w-]{16}\}$/);
    expect(await operator.ttl(userKeys(user).connections)).toBeGreaterThan(CONNECTION_TTL_SECONDS - 5);
  });
});

describe('a revocation', () => {
  it('names connections with older tokens, and keeps older tokens out', async () => {
    const user = unique('user');
    await enter(user, 'old', 1_000);
    await enter(user, 'new', 2_000);
    expect(await users.revoke(user, 2_000)).toEqual(['old']);
    await users.leave('old', user);
    expect(await enter(user, 'again', 1_999)).toBe('revoked');
    expect(await enter(user, 'again', 2_000)).toBe('entered');
    expect(await enter(user, 'undated')).toBe('revoked');
  });

  it('lets a connection stay that was given a newer token', async () => {
    const user = unique('user');
    await enter(user, 'a', 1_000);
    await enter(user, 'a', 2_000);
    expect(await users.revoke(user, 2_000)).toEqual([]);
  });

  it('is not taken back by an earlier one', async () => {
    const user = unique('user');
    await users.revoke(user, 2_000);
    await users.revoke(user, 1_000);
    expect(await enter(user, 'a', 1_500)).toBe('revoked');
    expect(await operator.ttl(userKeys(user).revokedBefore)).toBeGreaterThan(REVOCATION_TTL_SECONDS - 5);
  });

  it('concerns its user alone', async () => {
    await users.revoke(unique('user'), 2_000);
    expect(await enter(unique('user'), 'a')).toBe('entered');
  });
});

describe('the rate of handshakes', () => {
  const rate = { perSecond: 2, burst: 5 };
  const handshakes = async (network: string, count: number) => {
    let taken = 0;
    for (let index = 0; index < count; index++) if (await rates.handshake(network, rate)) taken++;
    return taken;
  };

  it('takes a burst, then what its time brings', async () => {
    const network = unique('net');
    expect(await handshakes(network, 8)).toBe(5);
    now += 1_000;
    expect(await handshakes(network, 8)).toBe(2);
    now += 60_000;
    expect(await handshakes(network, 8)).toBe(5);
  });

  it('is each network its own', async () => {
    expect(await handshakes(unique('net'), 9)).toBe(5);
    expect(await handshakes(unique('net'), 9)).toBe(5);
  });
});

describe('the rate of a user', () => {
  it('counts commands of all its connections, and refuses what is too much as a whole', async () => {
    const user = unique('user');
    const rate = { perSecond: 10, burst: 100 };
    expect(await rates.commands(user, 60, rate)).toBe(true);
    expect(await rates.commands(user, 60, rate)).toBe(false);
    expect(await rates.commands(user, 40, rate)).toBe(true);
    now += 1_000;
    expect(await rates.commands(user, 10, rate)).toBe(true);
    expect(await rates.commands(user, 1, rate)).toBe(false);
  });
});
