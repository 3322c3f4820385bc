import type { Redis } from 'iovalkey';
import { newEpoch } from '../../lambdas/gateway/core/delivery/epoch';
import {
  channelKeys,
  connectionKey,
  inboxKey,
  partitionKey,
  userKeys,
  witnessKey,
} from '../../lambdas/gateway/core/keys';
import type { FaultPlan } from './faults';
import type { Schedule } from './schedule';

type Snapshot = ReadonlyMap<string, Buffer>;

/** Appends that a failover loses. */
const REWOUND_ENTRIES = 5;

/** How Redis loses what it knows: keys that vanish alone, and slots that a failover sets back. */
export class Losses {
  readonly #redis: Redis;
  readonly #schedule: Schedule;
  readonly #faults: FaultPlan;
  readonly #scope: string;
  readonly #users: readonly string[];
  readonly #partitions: number;
  /** States of each channel's slot, one an append. */
  readonly #slots = new Map<string, Snapshot[]>();

  /** `partitions`: most that a channel has. */
  constructor(
    redis: Redis,
    schedule: Schedule,
    faults: FaultPlan,
    scope: string,
    users: readonly string[],
    partitions: number,
  ) {
    this.#redis = redis;
    this.#schedule = schedule;
    this.#faults = faults;
    this.#scope = scope;
    this.#users = users;
    this.#partitions = partitions;
  }

  /** Removes all keys of the run. */
  async clear(): Promise<void> {
    const named = await this.#redis.keys(`hf1:{*${this.#scope}*`);
    const ofUsers = this.#users.flatMap((user) => Object.values(userKeys(user)));
    for (const key of [...named, ...ofUsers]) await this.#redis.del(key);
  }

  /** Before a publication: remembers the channel's slot where this run sets it back. */
  async remember(channel: string): Promise<void> {
    if (!this.#faults.kinds.has('channel-rewinds')) return;
    const states = this.#slots.get(channel) ?? [];
    this.#slots.set(channel, states);
    states.push(await this.#dump(`hf1:{ch:${channel}}*`));
  }

  /** Right after an append: what a drain is about to read may be trimmed away. */
  async appended(channel: string): Promise<void> {
    if (!this.#faults.strikes('trims', 0.08)) return;
    this.#schedule.note(`LOSS: log of ${channel} trimmed after an append`);
    await this.#redis.xtrim(channelKeys(channel).log, 'MAXLEN', this.#schedule.between(0, 1));
  }

  /** Something may be lost now. */
  async strike(channel: string, connection: string): Promise<void> {
    const { log, meta } = channelKeys(channel);
    const partition = partitionKey(channel, this.#partition());
    const keys = [connectionKey(connection), inboxKey(connection), meta, log, partition];
    // Nobody could know that a log was set back whose witness is lost as well.
    if (!this.#faults.kinds.has('channel-rewinds')) keys.push(witnessKey(channel));
    if (this.#faults.strikes('deletions', 0.3)) {
      const idempotency = await this.#redis.keys(`hf1:{ch:${channel}}:i:*`);
      const key = this.#schedule.pick([...keys, ...idempotency.sort().slice(0, 2)]);
      this.#schedule.note(`LOSS: ${key} deleted`);
      await this.#redis.del(key);
    }
    if (this.#faults.strikes('trims', 0.3)) {
      this.#schedule.note(`LOSS: log of ${channel} trimmed`);
      await this.#redis.xtrim(log, 'MAXLEN', this.#schedule.between(0, 2));
    }
    if (this.#faults.strikes('epoch-change', 0.2) && (await this.#redis.exists(meta)) === 1) {
      this.#schedule.note(`LOSS: epoch of ${channel} changed`);
      await this.#redis.hset(meta, 'epoch', newEpoch(this.#schedule.now));
      await this.#redis.del(log);
    }
    if (this.#faults.strikes('channel-rewinds', 0.3)) {
      const states = this.#slots.get(channel) ?? [];
      const state = states[Math.max(0, states.length - REWOUND_ENTRIES)];
      if (state) await this.#restore(`hf1:{ch:${channel}}*`, state);
      this.#slots.set(channel, []);
    }
    if (this.#faults.strikes('partition-rewinds', 0.3)) await this.#rewindLater(partition);
    if (this.#faults.strikes('connection-rewinds', 0.3))
      await this.#rewindLater(`${connectionKey(connection)}*`);
    if (this.#faults.strikes('flush-all', 0.1)) {
      this.#schedule.note('LOSS: everything');
      await this.clear();
      this.#slots.clear();
    }
  }

  /** Draws nothing where there is but one, so that such runs stay what their seeds made them. */
  #partition(): number {
    return this.#partitions === 1 ? 0 : this.#schedule.between(0, this.#partitions - 1);
  }

  async #rewindLater(pattern: string): Promise<void> {
    const state = await this.#dump(pattern);
    this.#schedule.after(this.#schedule.between(20, 2_000), 'rewind', () => this.#restore(pattern, state));
  }

  /** Keys match by a pattern, whose brackets would be a class. */
  async #dump(pattern: string): Promise<Snapshot> {
    const state = new Map<string, Buffer>();
    for (const key of (await this.#redis.keys(pattern)).sort()) {
      const value = await this.#redis.dumpBuffer(key);
      if (value !== null) state.set(key, value);
    }
    return state;
  }

  async #restore(pattern: string, state: Snapshot): Promise<void> {
    this.#schedule.note(`LOSS: ${pattern} set back`);
    await this.#delete(pattern);
    for (const [key, value] of state) await this.#redis.restore(key, 3_600_000, value, 'REPLACE');
  }

  /** One by one, since keys of several slots may match. */
  async #delete(pattern: string): Promise<void> {
    for (const key of await this.#redis.keys(pattern)) await this.#redis.del(key);
  }
}
