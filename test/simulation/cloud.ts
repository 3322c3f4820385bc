import type { Delivery } from '../../lambdas/contract/delivery';
import type { UnsignedLifecycleEvent } from '../../lambdas/contract/lifecycle';
import { DEFAULT_RULES, type NamespaceRules } from '../../lambdas/contract/registry';
import { storesOn, withDepartures } from '../../lambdas/gateway/core/adapters/state';
import { Ingress } from '../../lambdas/gateway/core/commands/ingress';
import { Checkup } from '../../lambdas/gateway/core/connections/checkup';
import { Courier } from '../../lambdas/gateway/core/delivery/courier';
import { Drain } from '../../lambdas/gateway/core/delivery/drain';
import { PARTITION_MEMBERS } from '../../lambdas/gateway/core/delivery/partitions';
import { RedisChannels } from '../../lambdas/gateway/core/delivery/redis-channels';
import { lifecycleTimers } from '../../lambdas/gateway/core/lifecycle/timers';
import { POSTS_PER_SECOND } from '../../lambdas/gateway/core/limits/post-budget';
import { RedisPostBudget } from '../../lambdas/gateway/core/limits/redis-post-budget';
import { Caretaker } from '../../lambdas/gateway/core/liveness/caretaker';
import { dueShardOf } from '../../lambdas/gateway/core/liveness/due-set';
import type { Clock, Wake } from '../../lambdas/gateway/core/ports';
import { secretTokens } from '../support/secret-tokens';
import { UNLIMITED } from '../support/unlimited';
import type { Identity, Socket, Wire } from './client-world';
import { posterOf } from './posts';
import { Queues } from './queues';
import type { Task } from './schedule';
import { type RedisParts, runnerOf } from './task-redis';
import { TOKEN_SECRET } from './tokens';

const RULES: NamespaceRules = {
  ...DEFAULT_RULES,
  subscribe: 'anyone',
  publish: 'direct',
  historySize: 1000,
  historyTtlSeconds: 3600,
  recover: true,
  presence: false,
  flushEverySeconds: 0,
};

/** Who is in a channel is listed, told to its members and to the bus. */
const LISTED: NamespaceRules = { ...RULES, presence: true, joinLeave: true, lifecycle: true };

/** As configured unless somebody says otherwise, in seconds. */
const LIVENESS = {
  pingSeconds: 540,
  keepAliveSeconds: 420,
  plannedReconnectSeconds: 6600,
  pendingSeconds: 10,
};

const FUNCTION_MS = 15_000;

/** Attempts of the client that posts replies: they bear a repeat, publications do not. */
const REPLY_ATTEMPTS = 3;

/** Everything between clients and Redis: the gateway that holds sockets, queues, and functions that may die. */
export class Cloud implements Wire {
  readonly queues: Queues;
  /** What the bus was told. */
  readonly events: UnsignedLifecycleEvent[] = [];
  readonly #rules: NamespaceRules;
  readonly #listed: boolean;
  /** All that were ever opened. */
  readonly #known = new Set<string>();
  readonly #budget: { readonly postsPerSecond: number; readonly key: string };
  readonly #parts: RedisParts;
  readonly #membersPerPartition: number;
  readonly #sockets = new Map<string, Socket>();
  #invocations = 0;

  /** @param scope part of the names of a run's keys */
  constructor(
    parts: RedisParts,
    scope: string,
    { listed = false, membersPerPartition = PARTITION_MEMBERS } = {},
  ) {
    const { schedule, faults } = parts;
    this.#membersPerPartition = membersPerPartition;
    const postsPerSecond = schedule.chance(0.5) ? POSTS_PER_SECOND : schedule.between(4, 40);
    this.#budget = { postsPerSecond, key: `hf1:{budget:${scope}}` };
    this.#rules = listed ? LISTED : RULES;
    this.#listed = listed;
    this.#parts = parts;
    this.queues = new Queues(schedule, faults, (task, records) => this.#courier(task).handle(records));
  }

  after(milliseconds: number, name: string, run: () => void): void {
    this.#parts.schedule.after(milliseconds, name, run);
  }

  connect(connection: string, identity: Identity | undefined, socket: Socket, opened: () => void): void {
    void this.#invoke('connect', async (task) => {
      const { connections, due } = this.#stores(task);
      const known = identity && { ...identity, expiresAt: 0 };
      if (!(await connections.open(connection, known, true))) return socket.closed();
      if (this.#listed) {
        this.#known.add(connection);
        await due.note(connection, this.#parts.schedule.now);
      }
      this.#sockets.set(connection, socket);
      opened();
    }).then((done) => {
      if (done !== 'done') socket.closed();
    });
  }

  frame(connection: string, text: string): void {
    const { schedule } = this.#parts;
    this.after(schedule.between(1, 40), 'frame', () => {
      if (!this.#sockets.has(connection)) return;
      void this.#invoke('ingress', (task) => this.#ingress(task).handle(connection, text));
    });
  }

  /** The socket ends, whoever ends it; the event of it may be lost or late. */
  close(connection: string): void {
    const { schedule, faults } = this.#parts;
    const socket = this.#sockets.get(connection);
    if (socket === undefined) return;
    this.#sockets.delete(connection);
    socket.closed();
    if (faults.strikes('cuts', 0.3)) return;
    this.after(schedule.between(1, schedule.chance(0.2) ? 9_000 : 50), 'disconnect', () => {
      void this.#invoke('disconnect', async (task) => {
        await this.#stores(task).departures.depart(connection);
      });
    });
  }

  /** A run of the janitor: whoever is due is looked after. */
  janitor(): void {
    void this.#invoke('janitor', async (task) => {
      const parts = this.#partsOf(task, 1);
      const caretaker = new Caretaker({
        ...parts,
        checkup: new Checkup(parts),
        rules: LIVENESS,
        noteLimit: () => undefined,
      });
      const { due, clock } = parts;
      for (const shard of new Set([...this.#known].map(dueShardOf))) {
        const claims = await due.claim(shard, clock.now(), 1_000);
        for (const claim of claims.filter(({ connection }) => this.#known.has(connection))) {
          await due.settle([{ claim, at: await caretaker.look(claim.connection) }]);
        }
      }
    });
  }

  /** An invocation of a function that serves connections. */
  async #invoke(name: string, work: (task: Task) => Promise<void>): Promise<'done' | 'failed'> {
    const { schedule, faults } = this.#parts;
    const stepsToLive = faults.strikes('ingress-deaths', 0.1) ? schedule.between(0, 14) : undefined;
    const task: Task = { name: `${name}#${++this.#invocations}`, dead: false, stepsToLive };
    this.after(FUNCTION_MS, 'timeout', () => {
      task.dead = true;
    });
    try {
      await work(task);
      return 'done';
    } catch (error) {
      schedule.note(`${task.name} failed: ${String(error)}`);
      return 'failed';
    } finally {
      task.dead = true;
    }
  }

  #clock(task: Task): Clock {
    const { schedule } = this.#parts;
    return {
      now: () => schedule.now,
      sleep: (milliseconds, signal) =>
        schedule.step(task, 'sleep', milliseconds, async () => undefined, signal),
    };
  }

  #log = (level: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    this.#parts.schedule.note(`  ${level}: ${message} ${JSON.stringify(fields)}`);
  };

  #stores(task: Task) {
    const clock = this.#clock(task);
    const runner = runnerOf(this.#parts, task);
    const channels = new RedisChannels(runner, clock, this.#membersPerPartition);
    const budget = new RedisPostBudget(runner, clock, { ...this.#budget, log: this.#log });
    return withDepartures(
      { ...storesOn(runner, clock), channels, budget },
      { wakes: this.#wakes(task), clock, log: this.#log },
    );
  }

  #wakes(task: Task) {
    return {
      send: (wake: Wake, seconds: number) =>
        this.#parts.schedule.step(task, 'wake', 2, async () => this.queues.wake(wake, seconds)),
    };
  }

  /** What all functions are made of. `attempts`: of a post. */
  #partsOf(task: Task, attempts: number) {
    const { schedule, faults } = this.#parts;
    const sockets = {
      get: (connection: string) => this.#sockets.get(connection),
      close: (connection: string) => this.close(connection),
    };
    return {
      ...this.#stores(task),
      poster: posterOf({ schedule, faults, sockets }, task, attempts),
      wakes: this.#wakes(task),
      registry: {
        namespace: async () => this.#rules,
        serviceOf: async () => undefined,
        serviceOfRole: async () => undefined,
        queueOf: async () => undefined,
        refresh: async () => undefined,
      },
      clock: this.#clock(task),
      log: this.#log,
    };
  }

  #courier(task: Task): Courier {
    const { schedule, faults } = this.#parts;
    if (faults.strikes('courier-deaths', 0.12)) task.stepsToLive = schedule.between(0, 25);
    const parts = this.#partsOf(task, 1);
    return new Courier({
      ...parts,
      drain: new Drain(parts),
      authorizations: { decide: async () => undefined },
      timers: lifecycleTimers({ ...parts, lifecycleBus: this.#lifecycleBus(task) }),
      deadLetters: { send: async () => undefined },
    });
  }

  #lifecycleBus(task: Task) {
    return {
      put: (events: readonly UnsignedLifecycleEvent[]) =>
        this.#parts.schedule.step(task, 'put', 2, async () => {
          this.events.push(...events);
        }),
    };
  }

  #ingress(task: Task): Ingress {
    const { schedule } = this.#parts;
    const parts = this.#partsOf(task, REPLY_ATTEMPTS);
    return new Ingress({
      ...parts,
      checkup: new Checkup(parts),
      bus: { put: async () => undefined },
      deliveries: {
        send: (delivery: Delivery) =>
          schedule.step(task, 'send', 2, async () => this.queues.deliver(delivery)),
      },
      tokens: secretTokens(
        async () => {
          schedule.computes(task);
          return TOKEN_SECRET;
        },
        { clock: parts.clock },
      ),
      userChannel: false,
      ...UNLIMITED,
      rpcTimeoutMs: 10_000,
    });
  }
}
