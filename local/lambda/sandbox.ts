import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { yieldCpu } from './cpu-share';
import {
  exitOutcome,
  exitReason,
  type InvocationOutcome,
  initTimeoutOutcome,
  timeoutOutcome,
} from './invocation-outcome';
import type { OrphanReaper } from './orphan-reaper';
import { readLines } from './output-lines';
import type { RuntimeApi, RuntimeEndpoint, RuntimeInvocation, RuntimePeer } from './runtime-api';
import type { SandboxCommand } from './sandbox-environment';

export interface SandboxOptions {
  readonly command: SandboxCommand;
  /** Working directory: the function's code. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly initTimeoutMs: number;
  /** Wait before the process starts. @default 0 */
  readonly startDelayMs?: number;
  /** Share of the CPU, as `nice` counts. */
  readonly nice: number;
  readonly api: RuntimeApi;
  readonly reaper: OrphanReaper;
  readonly output: (line: string) => void;
}

/** What a sandbox tells its pool. */
export interface SandboxOwner {
  /** It can take an invocation: after its start, and after each invocation. */
  available(sandbox: Sandbox): void;
  /** It is gone. `initFailure` makes the outcome for an invocation that waited for its start, if it never got ready. */
  ended(sandbox: Sandbox, initFailure: ((requestId: string) => InvocationOutcome) | undefined): void;
}

type Settle = (outcome: InvocationOutcome) => void;

interface CurrentInvocation {
  readonly invocation: RuntimeInvocation;
  readonly settle: Settle;
  timer: NodeJS.Timeout | undefined;
  /** What is to happen to it on request. */
  readonly trouble: NodeJS.Timeout[];
}

/** Lambda gives a runtime without extensions no notice at all; a second lets a custom runtime end its own things. */
const KILL_AFTER_MS = 1000;

/** A child process that runs one function, one invocation at a time. */
export class Sandbox implements RuntimePeer {
  readonly #options: SandboxOptions;
  readonly #owner: SandboxOwner;
  #state: 'starting' | 'idle' | 'busy' | 'stopping' | 'ended' = 'starting';
  #endpoint: RuntimeEndpoint | undefined;
  #child: ChildProcess | undefined;
  #poll: Parameters<RuntimePeer['onNext']>[0] | undefined;
  #current: CurrentInvocation | undefined;
  #initTimer: NodeJS.Timeout | undefined;
  #initFailure: ((requestId: string) => InvocationOutcome) | undefined;
  #wasReady = false;
  readonly #whenEnded: Promise<void>;
  #resolveEnded: () => void = () => undefined;

  constructor(options: SandboxOptions, owner: SandboxOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#whenEnded = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  /** Process id; undefined before the process exists. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get busy(): boolean {
    return this.#current !== undefined;
  }

  /** Starts the process. A failure ends the sandbox; nothing is thrown. */
  async start(): Promise<void> {
    try {
      const endpoint = await this.#options.api.open(this);
      this.#endpoint = endpoint;
      const { startDelayMs = 0 } = this.#options;
      if (startDelayMs > 0) await sleep(startDelayMs);
      if (this.#state === 'starting') this.#spawn(endpoint);
      else this.#end('before it was started');
    } catch (error) {
      this.#end(`with error: ${String(error)}`);
    }
  }

  /** Runs one invocation. To be called only after `available`, before the next `available`. */
  invoke(invocation: RuntimeInvocation, settle: Settle): void {
    if (this.#state === 'ended') {
      settle(exitOutcome(invocation.requestId, 'while idle', 'exit'));
      return;
    }
    this.#current = { invocation, settle, timer: undefined, trouble: [] };
    this.#state = 'busy';
    this.#deliver();
  }

  /** Ends the process: SIGTERM, then SIGKILL. Resolves when it is gone. */
  stop(): Promise<void> {
    if (this.#state !== 'ended' && this.#state !== 'stopping') {
      this.#state = 'stopping';
      this.#signal('SIGTERM');
      const timer = setTimeout(() => this.#signal('SIGKILL'), KILL_AFTER_MS);
      this.#whenEnded.then(() => clearTimeout(timer));
    }
    return this.#whenEnded;
  }

  #spawn(endpoint: RuntimeEndpoint): void {
    const { command, directory, environment, initTimeoutMs, nice, reaper, output } = this.#options;
    const child = spawn(command.file, command.arguments, {
      cwd: directory,
      env: { ...environment, AWS_LAMBDA_RUNTIME_API: endpoint.address },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own: a timeout ends what the function started too, a Ctrl-C does not.
      detached: true,
    });
    this.#child = child;
    if (child.pid !== undefined) {
      yieldCpu(child.pid, nice);
      reaper.add(child.pid);
    }
    readLines(child.stdout, output);
    readLines(child.stderr, output);
    child.once('error', (error) => this.#end(`with error: ${error.message}`));
    child.once('exit', (code, signal) => this.#end(exitReason(code, signal)));
    this.#initTimer = setTimeout(() => {
      this.#initFailure = (requestId) => initTimeoutOutcome(requestId, initTimeoutMs);
      this.#signal('SIGKILL');
    }, initTimeoutMs);
  }

  onNext(reply: Parameters<RuntimePeer['onNext']>[0]): void {
    this.#poll = reply;
    if (this.#state === 'starting') {
      this.#wasReady = true;
      clearTimeout(this.#initTimer);
      this.#state = 'idle';
      this.#owner.available(this);
    } else {
      this.#deliver();
    }
  }

  onResult(requestId: string, payload: string, failed: boolean): boolean {
    if (this.#current?.invocation.requestId !== requestId) return false;
    this.#settle({ payload, failure: failed ? 'error' : undefined });
    if (this.#state === 'busy') {
      this.#state = 'idle';
      this.#owner.available(this);
    }
    return true;
  }

  onInitError(payload: string): void {
    this.#initFailure ??= () => ({ payload, failure: 'init' });
  }

  /** The invocation meets the process's poll; whichever comes second calls. */
  #deliver(): void {
    const { invocation, timer } = this.#current ?? {};
    if (this.#poll === undefined || invocation === undefined || timer !== undefined) return;
    const { timeoutMs } = this.#options;
    const poll = this.#poll;
    this.#poll = undefined;
    const deadline = Date.now() + timeoutMs;
    if (!this.#meetTrouble(() => poll(invocation, deadline)) || this.#current === undefined) return;
    this.#current.timer = setTimeout(() => {
      this.#state = 'stopping';
      this.#signal('SIGKILL');
      this.#settle(timeoutOutcome(invocation.requestId, timeoutMs));
    }, timeoutMs);
  }

  /** Hands the invocation over, later and with a kill behind it where it is to meet trouble. */
  #meetTrouble(handOver: () => boolean): boolean {
    const { invocation, trouble = [] } = this.#current ?? {};
    const { delayMs = 0, crashAfterMs } = invocation?.trouble ?? {};
    if (crashAfterMs !== undefined) {
      trouble.push(setTimeout(() => this.#signal('SIGKILL'), delayMs + crashAfterMs));
    }
    if (delayMs === 0) return handOver();
    trouble.push(setTimeout(handOver, delayMs));
    return true;
  }

  #settle(outcome: InvocationOutcome): void {
    const current = this.#current;
    this.#current = undefined;
    clearTimeout(current?.timer);
    for (const timer of current?.trouble ?? []) clearTimeout(timer);
    current?.settle(outcome);
  }

  #end(reason: string): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    clearTimeout(this.#initTimer);
    this.#endpoint?.close();
    if (this.pid !== undefined) {
      // What the function left running in its group goes with it.
      this.#signal('SIGKILL');
      this.#options.reaper.remove(this.pid);
    }
    const { requestId } = this.#current?.invocation ?? {};
    if (requestId !== undefined) this.#settle(exitOutcome(requestId, reason, 'exit'));
    const initFailure = this.#initFailure ?? ((waiting: string) => exitOutcome(waiting, reason, 'init'));
    this.#owner.ended(this, this.#wasReady ? undefined : initFailure);
    this.#resolveEnded();
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.pid === undefined) return;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // The group is gone already.
    }
  }
}
