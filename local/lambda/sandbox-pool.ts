import type { FunctionVersion } from './function-version';
import type { InvocationOutcome } from './invocation-outcome';
import type { RuntimeInvocation } from './runtime-api';
import type { Sandbox, SandboxOwner } from './sandbox';
import { ThrottledError } from './throttled-error';

export interface PoolOptions {
  /** Most sandboxes of all functions together: the account's concurrency. */
  readonly maxSandboxes: number;
  /** Most invocations that wait for a sandbox, `patient` ones aside. */
  readonly maxWaiting: number;
  /** Most sandboxes of a version that start at the same time. */
  readonly maxStarting: number;
  /** Whether another process could do anything at the moment. */
  readonly spareCpu: () => boolean;
  readonly idleMs: number;
  /** @param place of the sandbox among those of its function, 0 for the first */
  readonly create: (version: FunctionVersion, owner: SandboxOwner, place: number) => Sandbox;
  /** A start failed and no invocation waited that could report it. */
  readonly startFailed: (version: FunctionVersion, outcome: InvocationOutcome) => void;
}

export interface PoolCall extends RuntimeInvocation {
  /** From a queue of its own, which bounds it: waits as long as it takes. */
  readonly patient: boolean;
  /** Epoch milliseconds after which it is not begun. */
  readonly startBefore: number | undefined;
}

interface Waiter {
  /** Undefined: somebody who only wants a sandbox to be warm. */
  readonly call: PoolCall | undefined;
  readonly resolve: (outcome: InvocationOutcome) => void;
  /** Order of arrival. */
  readonly turn: number;
  /** When it came, `performance.now()`. */
  readonly since: number;
}

interface Group {
  readonly version: FunctionVersion;
  /** Each with its place among all sandboxes of the function. */
  readonly live: Map<Sandbox, number>;
  /** Most recently used last: those at the front get old and are reaped. */
  readonly idle: { readonly sandbox: Sandbox; readonly since: number }[];
  readonly waiting: Waiter[];
  starting: number;
  retired: boolean;
}

const WARM: InvocationOutcome = { payload: '', failure: undefined };
const EXPIRED: InvocationOutcome = { payload: '', failure: 'expired' };
const CLOSED: InvocationOutcome = {
  payload: JSON.stringify({ errorType: 'Runtime.ExitError', errorMessage: 'The Lambda host was closed' }),
  failure: 'init',
};

/** The last of all sandboxes, one in so many, are kept for functions that have only a few. */
const KEPT_SHARE = 5;
const MODEST = 4;
/** What an invocation waits before it gets a sandbox that the CPU has no room for; a cold start takes about as long. */
const PATIENCE_MS = 500;
/** After a start that has waited for the CPU. */
const LOOK_AGAIN_MS = 60;

/**
 * All sandboxes, scaled as Lambda does it: an invocation that finds none idle gets a new one. Two differences are
 * kindness to a laptop: starts are few at a time, and an invocation takes whichever comes first, a new sandbox or one
 * that becomes idle (50 cold starts at once would cost two cores seconds). And where AWS throttles at once when the
 * account's concurrency is used up, an invocation waits here, as 50 processes are far fewer than 1,000 sandboxes.
 */
export class SandboxPool {
  readonly #options: PoolOptions;
  readonly #groups = new Map<FunctionVersion, Group>();
  readonly #reaping: NodeJS.Timeout;
  #live = 0;
  #evicting: Sandbox | undefined;
  #lookAgain: NodeJS.Timeout | undefined;
  #waiting = 0;
  #turn = 0;
  #impatient = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#reaping = setInterval(() => this.#reapIdle(), Math.max(10, Math.min(30_000, options.idleMs / 2)));
    this.#reaping.unref();
  }

  /** @throws ThrottledError */
  run(version: FunctionVersion, call: PoolCall): Promise<InvocationOutcome> {
    if (this.#closed) return Promise.resolve(CLOSED);
    const group = this.#groupOf(version);
    const { reservedConcurrency, name } = version.definition;
    if (reservedConcurrency === 0) {
      const reason = 'ReservedFunctionConcurrentInvocationLimitExceeded';
      throw new ThrottledError(reason, `the reserved concurrency of ${name} is 0`);
    }
    const idle = group.idle.pop();
    if (idle !== undefined) return new Promise((resolve) => idle.sandbox.invoke(call, resolve));
    if (!call.patient && this.#impatient >= this.#options.maxWaiting) {
      const detail = `${this.#impatient} invocations wait for a sandbox already`;
      throw new ThrottledError('ConcurrentInvocationLimitExceeded', detail);
    }
    if (!call.patient) this.#impatient += 1;
    return new Promise((resolve) => this.#enqueue(group, { call, resolve }));
  }

  /** Resolves when the version has an idle or just used sandbox, or when its start failed. */
  async warm(version: FunctionVersion): Promise<void> {
    const group = this.#groupOf(version);
    if (this.#closed || group.idle.length > 0) return;
    await new Promise<InvocationOutcome>((resolve) => this.#enqueue(group, { call: undefined, resolve }));
  }

  /** Ends the version's idle sandboxes now and the busy ones after their invocation; waiting invocations still run. */
  retire(version: FunctionVersion): void {
    const group = this.#groups.get(version);
    if (group === undefined) return;
    group.retired = true;
    for (const { sandbox } of group.idle.splice(0)) void sandbox.stop();
  }

  sandboxes(): { version: FunctionVersion; pid: number; busy: boolean }[] {
    return [...this.#groups.values()].flatMap(({ version, live }) =>
      [...live.keys()].flatMap(({ pid, busy }) => (pid === undefined ? [] : [{ version, pid, busy }])),
    );
  }

  /** Ends every sandbox. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#reaping);
    clearTimeout(this.#lookAgain);
    const groups = [...this.#groups.values()];
    for (const { resolve } of groups.flatMap(({ waiting }) => waiting.splice(0))) resolve(CLOSED);
    await Promise.all(groups.flatMap(({ live }) => [...live.keys()].map((sandbox) => sandbox.stop())));
  }

  #groupOf(version: FunctionVersion): Group {
    const known = this.#groups.get(version);
    if (known !== undefined) return known;
    const group: Group = { version, live: new Map(), idle: [], waiting: [], starting: 0, retired: false };
    this.#groups.set(version, group);
    return group;
  }

  #enqueue(group: Group, waiter: Pick<Waiter, 'call' | 'resolve'>): void {
    this.#turn += 1;
    group.waiting.push({ ...waiter, turn: this.#turn, since: performance.now() });
    this.#waiting += 1;
    this.#startWanted();
  }

  /** Starts what waiting invocations lack, as far as the limits allow; whose function has least, and has waited longest, comes first. */
  #startWanted(): void {
    if (this.#waiting === 0 || this.#closed) return;
    const passed = new Set<Group>();
    for (let group = this.#neediest(passed); group !== undefined; group = this.#neediest(passed)) {
      if (this.#mayStart(group) && this.#makeRoom(group)) this.#start(group);
      else passed.add(group);
    }
  }

  /** A function that has some sandboxes gets more while they leave CPU over, as those that wait for others do. */
  #mayStart(group: Group): boolean {
    if (group.starting >= this.#options.maxStarting) return false;
    if (this.#liveOf(group) < MODEST || this.#options.spareCpu()) return true;
    // Others may keep the machine busy for ever: then one at a time.
    const since = group.waiting[0]?.since ?? Number.POSITIVE_INFINITY;
    if (group.starting === 0 && performance.now() - since > PATIENCE_MS) return true;
    this.#lookAgain ??= setTimeout(() => {
      this.#lookAgain = undefined;
      this.#startWanted();
    }, LOOK_AGAIN_MS);
    return false;
  }

  #neediest(passed: ReadonlySet<Group>): Group | undefined {
    return [...this.#groups.values()]
      .filter((group) => group.waiting.length > group.starting && !passed.has(group))
      .map((group) => ({ group, live: this.#liveOf(group) }))
      .sort((a, b) => a.live - b.live || turnOf(a.group) - turnOf(b.group))[0]?.group;
  }

  /** Sandboxes of a group's function, all versions together. */
  #liveOf({ version }: Group): number {
    return this.#ofFunction(version.definition.name).reduce((sum, { live }) => sum + live.size, 0);
  }

  #ofFunction(name: string): Group[] {
    return [...this.#groups.values()].filter(({ version }) => version.definition.name === name);
  }

  /** Whether one more sandbox may start, if need be by ending the one that has been idle for longest. */
  #makeRoom(group: Group): boolean {
    const { name, reservedConcurrency } = group.version.definition;
    const live = this.#liveOf(group);
    const reservedUsed = reservedConcurrency !== undefined && live >= reservedConcurrency;
    const kept = live < MODEST ? 0 : Math.floor(this.#options.maxSandboxes / KEPT_SHARE);
    if (!reservedUsed && this.#live < this.#options.maxSandboxes - kept) return true;
    // One at a time: its end calls for another look.
    if (this.#evicting !== undefined) return false;
    const ofFunction = this.#ofFunction(name);
    const candidates = [...this.#groups.values()].filter(
      (other) => ofFunction.includes(other) || (!reservedUsed && this.#liveOf(other) > live),
    );
    const [oldest] = candidates
      .filter(({ idle }) => idle.length > 0)
      .sort((a, b) => (a.idle[0]?.since ?? 0) - (b.idle[0]?.since ?? 0));
    this.#evicting = oldest?.idle.shift()?.sandbox;
    void this.#evicting?.stop();
    return false;
  }

  #start(group: Group): void {
    let starting = true;
    const started = (): void => {
      if (!starting) return;
      starting = false;
      group.starting -= 1;
    };
    const place = this.#freePlace(group);
    const owner: SandboxOwner = {
      available: (available) => {
        // A new one serves at least once, or two functions at the limit would only replace each other.
        const mayTake = starting || !this.#mustGiveWay(group);
        started();
        this.#offer(group, available, mayTake && !this.#closed);
      },
      ended: (ended, initFailure) => {
        started();
        this.#ended(group, ended, initFailure);
      },
    };
    const sandbox = this.#options.create(group.version, owner, place);
    group.live.set(sandbox, place);
    group.starting += 1;
    this.#live += 1;
    void sandbox.start();
  }

  /** The first place that no sandbox of the function has. */
  #freePlace({ version }: Group): number {
    const taken = new Set(
      this.#ofFunction(version.definition.name).flatMap(({ live }) => [...live.values()]),
    );
    let place = 0;
    while (taken.has(place)) place += 1;
    return place;
  }

  #offer(group: Group, sandbox: Sandbox, mayTake: boolean): void {
    if (mayTake && group.waiting.length > 0) {
      const waiter = this.#nextWaiter(group);
      if (waiter?.call !== undefined) {
        sandbox.invoke(waiter.call, waiter.resolve);
        this.#startWanted();
        return;
      }
    }
    if (group.retired || !mayTake) void sandbox.stop();
    else group.idle.push({ sandbox, since: Date.now() });
    this.#startWanted();
  }

  /** Whether another function has waited longer and has far fewer sandboxes, or none, as others keep all of them busy. */
  #mustGiveWay(group: Group): boolean {
    if (this.#live < this.#options.maxSandboxes) return false;
    const live = this.#liveOf(group);
    return [...this.#groups.values()].some((other) => {
      if (turnOf(other) >= turnOf(group)) return false;
      const others = this.#liveOf(other);
      return others === 0 || others + 1 < live;
    });
  }

  #ended(
    group: Group,
    sandbox: Sandbox,
    initFailure: ((requestId: string) => InvocationOutcome) | undefined,
  ): void {
    if (!group.live.delete(sandbox)) return;
    this.#live -= 1;
    if (this.#evicting === sandbox) this.#evicting = undefined;
    const index = group.idle.findIndex((idle) => idle.sandbox === sandbox);
    if (index >= 0) group.idle.splice(index, 1);
    if (initFailure !== undefined) {
      const waiter = this.#nextWaiter(group);
      const outcome = initFailure(waiter?.call?.requestId ?? 'none');
      if (waiter !== undefined) waiter.resolve(outcome);
      else if (!this.#closed) this.#options.startFailed(group.version, outcome);
    }
    if (group.retired && group.live.size === 0 && group.waiting.length === 0) {
      this.#groups.delete(group.version);
    }
    this.#startWanted();
  }

  /** The invocation whose turn it is; settles what has expired, and those who only wanted a warm sandbox. */
  #nextWaiter(group: Group): Waiter | undefined {
    for (;;) {
      const waiter = group.waiting.shift();
      if (waiter === undefined) return undefined;
      this.#waiting -= 1;
      const { call, resolve } = waiter;
      if (call !== undefined && !call.patient) this.#impatient -= 1;
      if (call === undefined) resolve(WARM);
      else if (call.startBefore !== undefined && Date.now() > call.startBefore) resolve(EXPIRED);
      else return waiter;
    }
  }

  #reapIdle(): void {
    const before = Date.now() - this.#options.idleMs;
    for (const { idle } of this.#groups.values()) {
      while (idle[0] !== undefined && idle[0].since <= before) void idle.shift()?.sandbox.stop();
    }
  }
}

/** Of the one that waits longest. */
function turnOf({ waiting }: Group): number {
  return waiting[0]?.turn ?? Number.POSITIVE_INFINITY;
}
