import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalState } from '../command/state-file';

/** The contract of the runtime: everything has ended five seconds after SIGTERM. */
const STOP_LIMIT_MS = 5_000;

/** So much of what it printed says why it did not start. */
const TAIL_CHARACTERS = 2_000;

/** The runtime did not start; the message has the end of what it printed. */
export class HoldfastStartError extends Error {
  override readonly name = 'HoldfastStartError';
}

/** The runtime had to be killed, or had ended before it was stopped. */
export class HoldfastStopError extends Error {
  override readonly name = 'HoldfastStopError';
}

/** The runtime as a child of this process. It ends when this process does, however that ends. */
export class RuntimeProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  readonly #logFile: string;

  /**
   * @param folder of the project whose platform runs
   * @param logFile takes what the runtime prints
   */
  constructor(folder: string, args: readonly string[], logFile: string) {
    this.#logFile = logFile;
    const log = openSync(logFile, 'w');
    const { program, cwd } = programOf(folder);
    this.#child = spawn(process.execPath, [...program, ...args], {
      cwd,
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('exit', resolve);
    });
    // Told by whoever awaits it; a runtime that was never stopped ends with this process.
    this.#ended.catch(() => undefined);
    this.#child.unref();
    this.#child.channel?.unref();
  }

  /** Resolves with what it says of itself when it is ready. @throws HoldfastStartError */
  async ready(limitMs: number): Promise<LocalState> {
    let timer: NodeJS.Timeout | undefined;
    this.#child.ref();
    this.#child.channel?.ref();
    try {
      return await Promise.race([
        new Promise<LocalState>((resolve) =>
          this.#child.once('message', (state) => resolve(state as LocalState)),
        ),
        this.#ended.then((code) => this.#fail(`it ended with code ${code}`)),
        new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(this.#failure(`it was not ready after ${limitMs} ms`)), limitMs);
        }),
      ]);
    } catch (error) {
      this.#child.kill('SIGTERM');
      throw error;
    } finally {
      clearTimeout(timer);
      this.#child.unref();
      this.#child.channel?.unref();
    }
  }

  /** Ends it. @throws HoldfastStopError where it had ended by itself or had to be killed */
  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) {
      throw new HoldfastStopError(
        `expected a local runtime that runs, got one that had ended (${signalCode ?? `code ${exitCode}`}); see ${this.#logFile}`,
      );
    }
    this.#child.ref();
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_LIMIT_MS);
    this.#child.kill('SIGTERM');
    const code = await this.#ended;
    clearTimeout(killer);
    if (code !== 0) {
      throw new HoldfastStopError(
        `expected the local runtime to end within ${STOP_LIMIT_MS} ms with code 0, got ${code}; see ${this.#logFile}`,
      );
    }
  }

  #fail(problem: string): never {
    throw this.#failure(problem);
  }

  #failure(problem: string): HoldfastStartError {
    const printed = readFileSync(this.#logFile, 'utf8').trim().slice(-TAIL_CHARACTERS);
    return new HoldfastStartError(`the local runtime did not start: ${problem}\n${printed}`);
  }
}

/** The runtime of a project, by its sources, or the compiled one of this package, which keeps nothing in its own folder. */
function programOf(folder: string): { readonly program: readonly string[]; readonly cwd: string } {
  const sources = join(folder, 'local', 'main.ts');
  return existsSync(sources)
    ? { program: ['--import', 'tsx', sources], cwd: folder }
    : { program: [join(folder, 'local', 'main.js')], cwd: process.cwd() };
}
