import {
  type Claim,
  DUE_SHARDS,
  dueShardOf,
  type Settlement,
} from '../../../lambdas/gateway/core/liveness/due-set';
import { Janitor, LOOKS_PER_SECOND, RUN_MS } from '../../../lambdas/gateway/core/liveness/janitor';

/** Connections that are all due; the clock goes on with each look and each rest. */
function world({ connections, lookMs = 0 }: { readonly connections: number; readonly lookMs?: number }) {
  let now = 0;
  const waiting = Array.from({ length: connections }, (_, index) => `c${index}`);
  const claimed: string[] = [];
  const settlements: Settlement[] = [];
  const shards = new Set<number>();
  const lines: string[] = [];
  const janitor = new Janitor({
    due: {
      note: async () => undefined,
      claim: async (shard, at, count): Promise<readonly Claim[]> => {
        shards.add(shard);
        const due = waiting.filter((name) => dueShardOf(name) === shard && !claimed.includes(name));
        const taken = due.slice(0, count);
        claimed.push(...taken);
        return taken.map((connection) => ({ connection, shard, until: at + 60_000 }));
      },
      settle: async (settled) => {
        settlements.push(...settled);
      },
      forget: async () => undefined,
    },
    caretaker: {
      look: async () => {
        now += lookMs;
        return now + 420_000.4;
      },
    },
    clock: {
      now: () => now,
      sleep: async (milliseconds) => {
        now += milliseconds;
      },
    },
    log: (_, message) => {
      lines.push(message);
    },
  });
  return { janitor, claimed, settlements, shards, lines, now: () => now };
}

describe('a run of the janitor', () => {
  it('looks at every connection that is due once, and settles each', async () => {
    const { janitor, settlements, shards } = world({ connections: 5_000 });
    expect(await janitor.run({ of: 1, index: 0 })).toBe(5_000);
    expect(new Set(settlements.map(({ claim }) => claim.connection)).size).toBe(5_000);
    expect(settlements.every(({ at }) => Number.isInteger(at))).toBe(true);
    expect(shards.size).toBe(DUE_SHARDS);
  });

  it('keeps to its rate', async () => {
    const { janitor, now } = world({ connections: 5_000 });
    await janitor.run({ of: 1, index: 0 });
    expect(now()).toBeGreaterThanOrEqual((5_000 / LOOKS_PER_SECOND) * 1000 - 1);
  });

  it('ends in time where looks are slow, and leaves what it claimed to the next', async () => {
    const { janitor, settlements, claimed, lines, now } = world({ connections: 5_000, lookMs: 100 });
    await janitor.run({ of: 1, index: 0 });
    expect(now()).toBeGreaterThanOrEqual(RUN_MS);
    expect(now()).toBeLessThan(RUN_MS + 10_000);
    expect(settlements.length).toBeLessThan(claimed.length);
    expect(lines).toEqual(['no time left for connections that are due']);
  });

  it('shares the connections with others', async () => {
    const looks = await Promise.all(
      [0, 1, 2].map((index) => world({ connections: 900 }).janitor.run({ of: 3, index })),
    );
    expect(looks.reduce((sum, count) => sum + count)).toBe(900);
    expect(Math.min(...looks)).toBeGreaterThan(200);
  });

  it('costs one look at each shard where nothing is due', async () => {
    const { janitor, shards, settlements } = world({ connections: 0 });
    expect(await janitor.run({ of: 1, index: 0 })).toBe(0);
    expect([shards.size, settlements.length]).toEqual([DUE_SHARDS, 0]);
  });
});
