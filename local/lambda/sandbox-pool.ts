import type { FunctionVersion } from './function-version';
import type { InvocationOutcome } from './invocation-outcome';
import type { Sandbox, SandboxOwner } from './sandbox';
import {
  type PoolCall,
  type SandboxGroup,
  SandboxGroups,
  takeIdle,
  turnOf,
  type Waiter,
} from './sandbox-groups';
import { ThrottledError } from './throttled-error';

export interface PoolOptions {
  /** Most sandboxes of all functions together. */
  readonly maxSandboxes: number;
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
  readonly #groups = new SandboxGroups();
  readonly #reaping: NodeJS.Timeout;
  #live = 0;
  #evicting: Sandbox | undefined;
  #lookAgain: NodeJS.Timeout | undefined;
  #waiting = 0;
  #turn = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#reaping = setInterval(() => this.#reapIdle(), Math.max(10, Math.min(30_000, options.idleMs / 2)));
    this.#reaping.unref();
  }

  /** @throws ThrottledError */
  run(version: FunctionVersion, call: PoolCall): Promise<InvocationOutcome> {
    if (this.#closed) return Promise.resolve(CLOSED);
    const group = this.#groups.of(version);
    const { reservedConcurrency, name } = version.definition;
    if (reservedConcurrency === 0) {
      const reason = 'ReservedFunctionConcurrentInvocationLimitExceeded';
      throw new ThrottledError(reason, `the reserved concurrency of ${name} is 0`);
    }
    const idle = takeIdle(group);
    if (idle !== undefined) return new Promise((resolve) => begin(idle.sandbox, call, resolve));
    return new Promise((resolve) => this.#enqueue(group, { call, resolve }));
  }

  /** Resolves when the version has an idle or just used sandbox, or when its start failed. */
  async warm(version: FunctionVersion): Promise<void> {
    const group = this.#groups.of(version);
    if (this.#closed || group.idle.length > 0) return;
    await new Promise<InvocationOutcome>((resolve) => this.#enqueue(group, { call: undefined, resolve }));
  }

  /** Ends the version's idle sandboxes now and the busy ones after their invocation; waiting invocations still run. */
  retire(version: FunctionVersion): void {
    const group = this.#groups.find(version);
    if (group === undefined) return;
    group.retired = true;
    for (const { sandbox } of group.idle.splice(0)) void sandbox.stop();
  }

  sandboxes(): { version: FunctionVersion; pid: number; busy: boolean }[] {
    return this.#groups
      .all()
      .flatMap(({ version, live }) =>
        [...live.keys()].flatMap(({ pid, busy }) => (pid === undefined ? [] : [{ version, pid, busy }])),
      );
  }

  /** Ends every sandbox. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#reaping);
    clearTimeout(this.#lookAgain);
    const groups = this.#groups.all();
    for (const { resolve } of groups.flatMap(({ waiting }) => waiting.splice(0))) resolve(CLOSED);
    await Promise.all(groups.flatMap(({ live }) => [...live.keys()].map((sandbox) => sandbox.stop())));
  }

  #enqueue(group: SandboxGroup, waiter: Pick<Waiter, 'call' | 'resolve'>): void {
    this.#turn += 1;
    group.waiting.push({ ...waiter, turn: this.#turn, since: performance.now() });
    this.#waiting += 1;
    this.#startWanted();
  }

  /** Starts what waiting invocations lack, as far as the limits allow; whose function has least, and has waited longest, comes first. */
  #startWanted(): void {
    if (this.#waiting === 0 || this.#closed) return;
    const passed = new Set<SandboxGroup>();
    for (let group = this.#neediest(passed); group !== undefined; group = this.#neediest(passed)) {
      if (this.#mayStart(group) && this.#makeRoom(group)) this.#start(group);
      else passed.add(group);
    }
  }

  /** A function that has some sandboxes gets more while they leave CPU over, as those that wait for others do. */
  #mayStart(group: SandboxGroup): boolean {
    if (group.starting >= this.#options.maxStarting) return false;
    if (this.#groups.liveOf(group) < MODEST || this.#options.spareCpu()) return true;
    // Others may keep the machine busy for ever: then one at a time.
    const since = group.waiting[0]?.since ?? Number.POSITIVE_INFINITY;
    if (group.starting === 0 && performance.now() - since > PATIENCE_MS) return true;
    this.#lookAgain ??= setTimeout(() => {
      this.#lookAgain = undefined;
      this.#startWanted();
    }, LOOK_AGAIN_MS);
    return false;
  }

  #neediest(passed: ReadonlySet<SandboxGroup>): SandboxGroup | undefined {
    return this.#groups
      .all()
      .filter((group) => group.waiting.length > group.starting && !passed.has(group))
      .map((group) => ({ group, live: this.#groups.liveOf(group) }))
      .sort((a, b) => a.live - b.live || turnOf(a.group) - turnOf(b.group))[0]?.group;
  }

  /** Whether one more sandbox may start, if need be by ending the one that has been idle for longest. */
  #makeRoom(group: SandboxGroup): boolean {
    const { name, reservedConcurrency } = group.version.definition;
    const live = this.#groups.liveOf(group);
    const reservedUsed = reservedConcurrency !== undefined && live >= reservedConcurrency;
    const kept = live < MODEST ? 0 : Math.floor(this.#options.maxSandboxes / KEPT_SHARE);
    if (!reservedUsed && this.#live < this.#options.maxSandboxes - kept) return true;
    // One at a time: its end calls for another look.
    if (this.#evicting !== undefined) return false;
    const ofFunction = this.#groups.ofFunction(name);
    const candidates = this.#groups
      .all()
      .filter((other) => ofFunction.includes(other) || (!reservedUsed && this.#groups.liveOf(other) > live));
    const [oldest] = candidates
      .filter(({ idle }) => idle.length > 0)
      .sort((a, b) => (a.idle[0]?.since ?? 0) - (b.idle[0]?.since ?? 0));
    this.#evicting = oldest?.idle.shift()?.sandbox;
    void this.#evicting?.stop();
    return false;
  }

  #start(group: SandboxGroup): void {
    let starting = true;
    const started = (): void => {
      if (!starting) return;
      starting = false;
      group.starting -= 1;
    };
    const place = this.#groups.freePlace(group);
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

  #offer(group: SandboxGroup, sandbox: Sandbox, mayTake: boolean): void {
    if (mayTake && group.waiting.length > 0) {
      const waiter = this.#nextWaiter(group);
      if (waiter?.call !== undefined) {
        begin(sandbox, waiter.call, waiter.resolve);
        this.#startWanted();
        return;
      }
    }
    if (group.retired || !mayTake) void sandbox.stop();
    else group.idle.push({ sandbox, since: Date.now() });
    this.#startWanted();
  }

  /** Whether another function has waited longer and has far fewer sandboxes, or none, as others keep all of them busy. */
  #mustGiveWay(group: SandboxGroup): boolean {
    if (this.#live < this.#options.maxSandboxes) return false;
    const live = this.#groups.liveOf(group);
    return this.#groups.all().some((other) => {
      if (turnOf(other) >= turnOf(group)) return false;
      const others = this.#groups.liveOf(other);
      return others === 0 || others + 1 < live;
    });
  }

  #ended(
    group: SandboxGroup,
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
  #nextWaiter(group: SandboxGroup): Waiter | undefined {
    for (;;) {
      const waiter = group.waiting.shift();
      if (waiter === undefined) return undefined;
      this.#waiting -= 1;
      const { call, resolve } = waiter;
      if (call === undefined) resolve(WARM);
      else if (call.startBefore !== undefined && Date.now() > call.startBefore) resolve(EXPIRED);
      else return waiter;
    }
  }

  #reapIdle(): void {
    const before = Date.now() - this.#options.idleMs;
    for (const { idle } of this.#groups.all()) {
      while (idle[0] !== undefined && idle[0].since <= before) void idle.shift()?.sandbox.stop();
    }
  }
}

function begin(sandbox: Sandbox, call: PoolCall, settle: (outcome: InvocationOutcome) => void): void {
  call.begun?.();
  sandbox.invoke(call, settle);
}
