import { type ChildProcess, spawn } from 'node:child_process';
import { yieldCpu } from './cpu-share';
import { exitReason } from './invocation-outcome';
import type { OrphanReaper } from './orphan-reaper';
import { readLines } from './output-lines';
import type { SandboxCommand } from './sandbox-environment';

export interface ProcessOptions {
  readonly command: SandboxCommand;
  /** Working directory: the function's code. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Share of the CPU, as `nice` counts. */
  readonly nice: number;
  readonly reaper: OrphanReaper;
  readonly output: (line: string) => void;
}

/** An invocation that comes within this finds its process awake: a freeze and a thaw cost more than they would save. */
const FREEZE_AFTER_MS = 10;

/** The process of a sandbox, and what it has started. */
export class SandboxProcess {
  readonly #options: ProcessOptions;
  #child: ChildProcess | undefined;
  #freeze: NodeJS.Timeout | undefined;
  #frozen = false;

  constructor(options: ProcessOptions) {
    this.#options = options;
  }

  /** Undefined before it exists. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** @param ended hears once how it went, as Lambda words it */
  start(runtimeApi: string, ended: (reason: string) => void): void {
    const { command, directory, environment, nice, reaper, output } = this.#options;
    const child = spawn(command.file, command.arguments, {
      cwd: directory,
      env: { ...environment, AWS_LAMBDA_RUNTIME_API: runtimeApi },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own: a timeout ends what the function started too, a Ctrl-C does not.
      detached: true,
    });
    this.#child = child;
    const { pid } = child;
    if (pid !== undefined) {
      yieldCpu(pid, nice);
      reaper.add(pid);
    }
    readLines(child.stdout, output);
    readLines(child.stderr, output);
    const end = (reason: string): void => {
      clearTimeout(this.#freeze);
      if (pid !== undefined) {
        // What the function left running in its group goes with it.
        signalGroup(pid, 'SIGKILL');
        reaper.remove(pid);
      }
      ended(reason);
    };
    child.once('error', (error) => end(`with error: ${error.message}`));
    child.once('exit', (code, signal) => end(exitReason(code, signal)));
  }

  /** Stops its clock soon, as Lambda does between invocations: work that nobody awaited does not run on. */
  freeze(): void {
    clearTimeout(this.#freeze);
    this.#freeze = setTimeout(() => {
      this.#frozen = true;
      this.signal('SIGSTOP');
    }, FREEZE_AFTER_MS);
    this.#freeze.unref();
  }

  thaw(): void {
    clearTimeout(this.#freeze);
    if (!this.#frozen) return;
    this.#frozen = false;
    this.signal('SIGCONT');
  }

  signal(signal: NodeJS.Signals): void {
    if (this.pid !== undefined) signalGroup(this.pid, signal);
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}
