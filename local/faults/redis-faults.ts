import { Redis } from 'iovalkey';
import type { RunningRedis } from '../redis/cluster';
import { FaultError } from './kinds';

/** Keys that are read or written in one go. */
const AT_ONCE = 200;

interface Saved {
  readonly key: Buffer;
  readonly value: Buffer;
  /** Epoch ms; 0: none. */
  readonly expiresAt: number;
  readonly slot: number;
}

/** From the first to the last; a failover sets back those of one shard. */
export interface Slots {
  readonly first: number;
  readonly last: number;
}

/** What a cache can do to its users: be away, come back empty, be set back to what it was a while ago. */
export class RedisFaults {
  readonly #redis: () => RunningRedis | undefined;
  #snapshot: readonly Saved[] | undefined;

  constructor(redis: () => RunningRedis | undefined) {
    this.#redis = redis;
  }

  /** @throws FaultError */
  async run(
    action: 'stop' | 'start' | 'restart' | 'flush' | 'snapshot' | 'rewind',
    slots: Slots,
  ): Promise<string> {
    const redis = this.#redis();
    if (redis === undefined) throw new FaultError('redis: expected a stack with a cache, got one without');
    switch (action) {
      case 'stop':
        await redis.stop();
        return 'Redis is stopped';
      case 'start':
      case 'restart':
        await redis.start();
        return 'Redis runs, empty';
      case 'flush':
        await this.#with(redis, (operator) => operator.flushall());
        return 'Redis is empty';
      case 'snapshot':
        this.#snapshot = await this.#with(redis, save);
        return `${this.#snapshot.length} keys remembered`;
      case 'rewind': {
        const snapshot = this.#snapshot;
        if (snapshot === undefined) throw new FaultError('redis: expected a snapshot before, got none');
        const count = await this.#with(redis, (operator) => restore(operator, snapshot, slots));
        return `slots ${slots.first} to ${slots.last} are what they were: ${count} keys`;
      }
    }
  }

  async #with<Result>(redis: RunningRedis, work: (operator: Redis) => Promise<Result>): Promise<Result> {
    const operator = new Redis(redis.operatorUrl, { maxRetriesPerRequest: 1 });
    operator.on('error', () => undefined);
    try {
      return await work(operator);
    } catch (error) {
      throw new FaultError(`redis: expected it to answer, got ${String(error)}`);
    } finally {
      operator.disconnect();
    }
  }
}

/** Not of one moment: keys are read one after the other, as a replica gets them. */
async function save(operator: Redis): Promise<readonly Saved[]> {
  const saved: Saved[] = [];
  let cursor = '0';
  do {
    const [next, keys] = await operator.scanBuffer(cursor, 'COUNT', AT_ONCE);
    cursor = next.toString();
    const values = await Promise.all(
      keys.map(async (key) => {
        const [value, ttl, slot] = await Promise.all([
          operator.dumpBuffer(key),
          operator.pttl(key),
          operator.cluster('KEYSLOT', key.toString()),
        ]);
        return { key, value, slot, expiresAt: ttl > 0 ? Date.now() + ttl : 0 };
      }),
    );
    for (const { value, ...more } of values) if (value !== null) saved.push({ value, ...more });
  } while (cursor !== '0');
  return saved;
}

/** Keys that came later go; answers how many are back. */
async function restore(operator: Redis, snapshot: readonly Saved[], { first, last }: Slots): Promise<number> {
  const isIn = ({ slot }: Saved) => slot >= first && slot <= last;
  const now = (await save(operator)).filter(isIn);
  await inTurns(now, ({ key }) => operator.del(key));
  const before = snapshot.filter(isIn).filter(({ expiresAt }) => expiresAt === 0 || expiresAt > Date.now());
  await inTurns(before, ({ key, value, expiresAt }) =>
    operator.restore(key, expiresAt, value, 'REPLACE', 'ABSTTL'),
  );
  return before.length;
}

async function inTurns(keys: readonly Saved[], work: (saved: Saved) => Promise<unknown>): Promise<void> {
  for (let index = 0; index < keys.length; index += AT_ONCE) {
    await Promise.all(keys.slice(index, index + AT_ONCE).map(work));
  }
}
