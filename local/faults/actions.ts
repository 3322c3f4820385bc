import * as v from 'valibot';
import type { LambdaHost } from '../lambda/host';
import type { RunningRedis } from '../redis/cluster';
import type { Faults } from './faults';
import { checked } from './kinds';
import { RedisFaults } from './redis-faults';

/** What the actions strike. */
export interface ActionTargets {
  readonly lambda: Pick<LambdaHost, 'sandboxes' | 'registry' | 'deploy'>;
  readonly redis: () => RunningRedis | undefined;
  cutConnections(chosen: () => boolean): number;
}

const SHARE = v.optional(
  v.pipe(
    v.number('expected a number from 0 to 1'),
    v.minValue(0, 'expected a number from 0 to 1'),
    v.maxValue(1, 'expected a number from 0 to 1'),
  ),
  1,
);
const KILL = v.strictObject({
  function: v.optional(v.string('expected a part of a name'), ''),
  share: SHARE,
  /** Only sandboxes that work on an invocation. */
  busy: v.optional(v.boolean('expected true or false'), false),
});
const REDEPLOY = v.strictObject({ function: v.optional(v.string('expected a part of a name'), '') });
const CUT = v.strictObject({ share: SHARE });
const REDIS_ACTIONS = ['stop', 'start', 'restart', 'flush', 'snapshot', 'rewind'] as const;
const SLOTS = 'expected slots like 0-8191';
const REDIS = v.strictObject({
  action: v.picklist(REDIS_ACTIONS, `expected ${REDIS_ACTIONS.join(', ')}`),
  /** Of `rewind`: the slots of the shard that lost its last writes. */
  slots: v.optional(v.pipe(v.string(SLOTS), v.regex(/^\d{1,5}-\d{1,5}$/, SLOTS)), '0-16383'),
});

export const ACTION_NAMES = ['kill', 'redeploy', 'cut', 'redis'] as const;
export type ActionName = (typeof ACTION_NAMES)[number];

/** Faults that happen once. */
export class FaultActions {
  readonly #targets: ActionTargets;
  readonly #faults: Faults;
  readonly #redis: RedisFaults;

  constructor(targets: ActionTargets, faults: Faults) {
    this.#targets = targets;
    this.#faults = faults;
    this.#redis = new RedisFaults(targets.redis);
  }

  /**
   * `kill {function?, share?, busy?}`: SIGKILL to sandboxes; `redeploy {function?}`: a new version of each, with its present code; `cut {share?}`: sockets; `redis {action, slots?}`.
   * @returns what was done, for a person
   * @throws FaultError
   */
  async run(name: ActionName, input: unknown): Promise<string> {
    if (name === 'kill') return this.#kill(checked(name, KILL, input));
    if (name === 'redeploy') return this.#redeploy(checked(name, REDEPLOY, input).function);
    if (name === 'cut') return this.#cut(checked(name, CUT, input).share);
    const { action, slots } = checked(name, REDIS, input);
    const [first = 0, last = 0] = slots.split('-').map(Number);
    return this.#redis.run(action, { first, last });
  }

  #kill({ function: part, share, busy }: v.InferOutput<typeof KILL>): string {
    const struck = this.#targets.lambda
      .sandboxes()
      .filter((sandbox) => sandbox.functionName.includes(part) && (sandbox.busy || !busy))
      .filter(() => this.#faults.hits(share));
    for (const { pid } of struck) kill(pid);
    return `${struck.length} sandboxes killed`;
  }

  async #redeploy(part: string): Promise<string> {
    const { registry } = this.#targets.lambda;
    const names = registry.list().flatMap(({ name }) => (name.includes(part) ? [name] : []));
    await Promise.all(names.map((name) => this.#targets.lambda.deploy(name)));
    return `${names.length} functions redeployed`;
  }

  #cut(share: number): string {
    return `${this.#targets.cutConnections(() => this.#faults.hits(share))} connections cut`;
  }
}

function kill(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}
