import { DEFAULT_RULES, type NamespaceRules } from '../../../lambdas/contract/registry';
import { SignedPoster } from '../../../lambdas/gateway/core/adapters/aws/signed-poster';
import { type RedisCoordinates, RedisScripts } from '../../../lambdas/gateway/core/adapters/redis-scripts';
import { storesOn, withDepartures } from '../../../lambdas/gateway/core/adapters/state';
import { systemClock } from '../../../lambdas/gateway/core/clock';
import { Courier } from '../../../lambdas/gateway/core/delivery/courier';
import { Drain } from '../../../lambdas/gateway/core/delivery/drain';
import { RedisPostBudget } from '../../../lambdas/gateway/core/limits/redis-post-budget';
import type { Log, Poster, Wake, WakeQueue } from '../../../lambdas/gateway/core/ports';
import type { ScriptRunner } from '../../../lambdas/gateway/core/redis-script';

/** The namespace of the storm's channel. */
export const STORM_RULES: NamespaceRules = {
  ...DEFAULT_RULES,
  subscribe: 'anyone',
  publish: 'direct',
  historySize: 1000,
  historyTtlSeconds: 3600,
  recover: true,
};

export interface BudgetOptions {
  readonly postsPerSecond: number;
  readonly key: string;
}

/** What every function of the storm has in common, whichever process it is in. */
export function stormParts(scripts: ScriptRunner, wakes: WakeQueue, options: BudgetOptions, log: Log) {
  const clock = systemClock;
  const budget = new RedisPostBudget(scripts, clock, { ...options, log });
  const registry = {
    namespace: async () => STORM_RULES,
    serviceOf: async () => undefined,
    serviceOfRole: async () => undefined,
    queueOf: async () => undefined,
    refresh: async () => undefined,
  };
  const stores = withDepartures({ ...storesOn(scripts, clock), budget }, { wakes, clock, log });
  return { ...stores, registry, wakes, clock, log };
}

/** What a courier's process is told at its start. */
export interface CourierStart {
  readonly redis: Omit<RedisCoordinates, 'password'> & { readonly password: string };
  readonly callbackUrl: string;
  readonly budget: BudgetOptions;
}

/** To the process: a batch of either queue, or that a wake is in its queue. */
export type ToCourier =
  | { readonly type: 'batch'; readonly event: string }
  | { readonly type: 'sent'; readonly number: number };

/** From the process: a wake, the begin of a post with publications (epoch ms), or what became of the batch. */
export type FromCourier =
  | { readonly type: 'post'; readonly at: number }
  | { readonly type: 'wake'; readonly number: number; readonly wake: Wake; readonly delaySeconds: number }
  | { readonly type: 'done'; readonly payload: string };

interface QueueEvent {
  readonly Records: readonly {
    readonly messageId: string;
    readonly body: string;
    readonly attributes: Readonly<Record<string, string>>;
  }[];
}

/** The wakes queue, as far away as another process: a wake is sent when that one says so. */
class RemoteWakes implements WakeQueue {
  readonly #sent = new Map<number, () => void>();
  #wakes = 0;

  send(wake: Wake, delaySeconds: number): Promise<void> {
    const number = ++this.#wakes;
    tell({ type: 'wake', number, wake, delaySeconds });
    return new Promise((resolve) => this.#sent.set(number, resolve));
  }

  sent(number: number): void {
    this.#sent.get(number)?.();
    this.#sent.delete(number);
  }
}

/** Tells when a post of publications begins. */
function watched(poster: Poster): Poster {
  return {
    post: (connection, frame) => {
      if (frame.includes('"pub":{')) tell({ type: 'post', at: performance.timeOrigin + performance.now() });
      return poster.post(connection, frame);
    },
    close: (connection) => poster.close(connection),
  };
}

function tell(message: FromCourier): void {
  process.send?.(message);
}

/** A courier in a process that may be killed: as a sandbox, it works on one batch at a time. */
function run({ redis: { password, ...redis }, callbackUrl, budget }: CourierStart): void {
  const log: Log = (level, message, fields) => {
    if (level === 'error') process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
  };
  const wakes = new RemoteWakes();
  const scripts = new RedisScripts({ ...redis, password: async () => password });
  const poster = watched(new SignedPoster({ callbackUrl, log }));
  const parts = { ...stormParts(scripts, wakes, budget, log), poster };
  const courier = new Courier({
    ...parts,
    drain: new Drain(parts),
    timers: {},
    authorizations: { decide: async () => undefined },
    deadLetters: { send: async () => undefined },
  });
  const invoke = async (event: string): Promise<void> => {
    const { Records } = JSON.parse(event) as QueueEvent;
    const records = Records.map(({ messageId, body, attributes }) => ({
      messageId,
      body,
      group: attributes['MessageGroupId'],
      receives: Number(attributes['ApproximateReceiveCount']),
      sentAt: Number(attributes['SentTimestamp']),
    }));
    const failed = await courier.handle(records);
    const batchItemFailures = failed.map((itemIdentifier) => ({ itemIdentifier }));
    tell({ type: 'done', payload: JSON.stringify({ batchItemFailures }) });
  };
  process.on('message', (message) => {
    const told = message as ToCourier;
    if (told.type === 'sent') wakes.sent(told.number);
    else void invoke(told.event);
  });
  process.on('disconnect', () => process.exit(0));
}

const start = process.env['STORM_COURIER'];
if (start !== undefined) run(JSON.parse(start) as CourierStart);
