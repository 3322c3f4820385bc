import { CONNECTION_TTL_SECONDS } from '../connections/connection';
import { dueKey } from '../keys';
import { inParallel } from '../parallel';
import { type ScriptRunner, textList } from '../redis-script';
import { CLAIM_MS, type Claim, type DueSet, dueShardOf, type Settlement } from './due-set';
import { claimDue, forgetDue, noteDue, settleDue } from './scripts/due';

const SHARDS_AT_ONCE = 16;

/** The due set in Redis: one sorted set per shard. */
export class RedisDueSet implements DueSet {
  readonly #scripts: ScriptRunner;

  constructor(scripts: ScriptRunner) {
    this.#scripts = scripts;
  }

  async note(connection: string, at: number): Promise<void> {
    const key = dueKey(dueShardOf(connection));
    await this.#scripts.run(noteDue, [key], [connection, at, CONNECTION_TTL_SECONDS]);
  }

  async claim(shard: number, now: number, count: number): Promise<readonly Claim[]> {
    const until = now + CLAIM_MS;
    const due = await this.#scripts.run(claimDue, [dueKey(shard)], [now, count, until]);
    return textList(claimDue, due).map((connection) => ({ connection, shard, until }));
  }

  async settle(settlements: readonly Settlement[]): Promise<void> {
    const byShard = new Map<number, (string | number)[]>();
    for (const { claim, at } of settlements) {
      const settled = byShard.get(claim.shard) ?? [];
      byShard.set(claim.shard, settled);
      settled.push(claim.connection, claim.until, at);
    }
    await inParallel([...byShard], SHARDS_AT_ONCE, async ([shard, settled]) => {
      await this.#scripts.run(settleDue, [dueKey(shard)], [CONNECTION_TTL_SECONDS, ...settled]);
    });
  }

  async forget(connection: string): Promise<void> {
    await this.#scripts.run(forgetDue, [dueKey(dueShardOf(connection))], [connection]);
  }
}
