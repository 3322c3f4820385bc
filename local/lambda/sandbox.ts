import { setTimeout as sleep } from 'node:timers/promises';
import {
  exitOutcome,
  type InvocationOutcome,
  outOfMemoryOutcome,
  timeoutOutcome,
} from './invocation-outcome';
import { type InvocationReport, statusOf } from './invocation-report';
import { MemoryLimit } from './memory-limit';
import type { RuntimeApi, RuntimeEndpoint, RuntimeInvocation, RuntimePeer } from './runtime-api';
import { type ProcessOptions, SandboxProcess } from './sandbox-process';

export interface SandboxOptions extends ProcessOptions {
  readonly timeoutMs: number;
  readonly initTimeoutMs: number;
  readonly memoryMb: number;
  /** Wait before the process starts. @default 0 */
  readonly startDelayMs?: number;
  readonly api: RuntimeApi;
  /** Hears of every invocation at its end. @default nobody */
  readonly report?: ((report: InvocationReport) => void) | undefined;
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
  /** When the process got it, `performance.now()`. */
  begunAt: number;
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
  #process: SandboxProcess;
  readonly #memory: MemoryLimit;
  #poll: Parameters<RuntimePeer['onNext']>[0] | undefined;
  #current: CurrentInvocation | undefined;
  #initTimer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  /** Told with the first invocation. */
  #initMs: number | undefined;
  #startsAgain = false;
  /** What a second try to start took from the first invocation's time. */
  #lateMs = 0;
  #initFailure: ((requestId: string) => InvocationOutcome) | undefined;
  #wasReady = false;
  readonly #whenEnded: Promise<void>;
  #resolveEnded: () => void = () => undefined;

  constructor(options: SandboxOptions, owner: SandboxOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#process = new SandboxProcess(options);
    this.#memory = new MemoryLimit(options.memoryMb, () => this.#outOfMemory());
    this.#whenEnded = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  /** Process id; undefined before the process exists. */
  get pid(): number | undefined {
    return this.#process.pid;
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
      if (this.#state === 'starting') this.#begin(endpoint, this.#options.initTimeoutMs);
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
    this.#current = { invocation, settle, timer: undefined, begunAt: 0, trouble: [] };
    this.#state = 'busy';
    this.#process.thaw();
    this.#deliver();
  }

  /** Ends the process: SIGTERM, then SIGKILL. Resolves when it is gone. */
  stop(): Promise<void> {
    if (this.#state !== 'ended' && this.#state !== 'stopping') {
      this.#state = 'stopping';
      this.#signal('SIGTERM');
      this.#process.thaw();
      const timer = setTimeout(() => this.#signal('SIGKILL'), KILL_AFTER_MS);
      this.#whenEnded.then(() => clearTimeout(timer));
    }
    return this.#whenEnded;
  }

  /**
   * A start that takes too long is tried a second time with the function's timeout, on the account of the first invocation
   * (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib).
   */
  #begin(endpoint: RuntimeEndpoint, limitMs: number): void {
    const { timeoutMs } = this.#options;
    const current = new SandboxProcess(this.#options);
    this.#process = current;
    this.#startedAt = performance.now();
    current.start(endpoint.address, (reason) => {
      if (this.#process === current) this.#end(reason);
    });
    this.#initTimer = setTimeout(() => {
      if (this.#startsAgain) this.#initFailure = (requestId) => timeoutOutcome(requestId, timeoutMs);
      else {
        this.#startsAgain = true;
        this.#begin(endpoint, timeoutMs);
      }
      current.signal('SIGKILL');
    }, limitMs);
  }

  onNext(reply: Parameters<RuntimePeer['onNext']>[0]): void {
    this.#poll = reply;
    if (this.#state === 'starting') {
      this.#wasReady = true;
      clearTimeout(this.#initTimer);
      const tookMs = performance.now() - this.#startedAt;
      if (this.#startsAgain) this.#lateMs = tookMs;
      else this.#initMs = tookMs;
      this.#state = 'idle';
      this.#owner.available(this);
    } else {
      this.#deliver();
    }
    this.#rest();
  }

  onResult(requestId: string, payload: string, failed: boolean): boolean {
    if (this.#current?.invocation.requestId !== requestId) return false;
    if (!this.#memory.end()) {
      this.#outOfMemory();
      return true;
    }
    this.#settle({ payload, failure: failed ? 'error' : undefined });
    if (this.#state === 'busy') {
      this.#state = 'idle';
      this.#owner.available(this);
    }
    this.#rest();
    return true;
  }

  /** With no work in sight. The next poll may come before the result that it follows, or after. */
  #rest(): void {
    if (this.#state === 'idle' && this.#poll !== undefined) this.#process.freeze();
  }

  onInitError(payload: string): void {
    this.#initFailure ??= () => ({ payload, failure: 'init' });
  }

  /** The invocation meets the process's poll; whichever comes second calls. */
  #deliver(): void {
    const { invocation, timer } = this.#current ?? {};
    if (this.#poll === undefined || invocation === undefined || timer !== undefined) return;
    const { timeoutMs } = this.#options;
    const leftMs = Math.max(1, timeoutMs - this.#lateMs);
    const poll = this.#poll;
    this.#poll = undefined;
    const deadline = Date.now() + leftMs;
    if (!this.#meetTrouble(() => poll(invocation, deadline)) || this.#current === undefined) return;
    this.#current.begunAt = performance.now();
    this.#memory.begin(this.pid ?? 0);
    this.#current.timer = setTimeout(() => {
      this.#state = 'stopping';
      this.#signal('SIGKILL');
      this.#settle(timeoutOutcome(invocation.requestId, timeoutMs));
    }, leftMs);
  }

  #outOfMemory(): void {
    this.#state = 'stopping';
    this.#signal('SIGKILL');
    const { requestId } = this.#current?.invocation ?? {};
    if (requestId !== undefined) this.#settle(outOfMemoryOutcome(requestId));
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
    this.#memory.end();
    if (current !== undefined) this.#report(current, outcome);
    current?.settle(outcome);
  }

  #report({ invocation, begunAt }: CurrentInvocation, outcome: InvocationOutcome): void {
    this.#options.report?.({
      requestId: invocation.requestId,
      durationMs: begunAt === 0 ? 0 : performance.now() - begunAt + this.#lateMs,
      initMs: this.#initMs,
      memorySizeMb: this.#options.memoryMb,
      maxMemoryMb: this.#memory.peakMb,
      status: statusOf(outcome),
    });
    this.#initMs = undefined;
    this.#lateMs = 0;
  }

  #end(reason: string): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    clearTimeout(this.#initTimer);
    this.#endpoint?.close();
    const { requestId } = this.#current?.invocation ?? {};
    if (requestId !== undefined) this.#settle(exitOutcome(requestId, reason, 'exit'));
    const initFailure = this.#initFailure ?? ((waiting: string) => exitOutcome(waiting, reason, 'init'));
    this.#owner.ended(this, this.#wasReady ? undefined : initFailure);
    this.#resolveEnded();
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#process.signal(signal);
  }
}
