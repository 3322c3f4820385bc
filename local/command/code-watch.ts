import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface CodeWatchOptions {
  /** Of the project whose functions run. */
  readonly root: string;
  readonly environment: string;
  /** Where new code is put. */
  readonly directory: string;
  /** Whether the stacks have the function: not every configuration has all. */
  readonly exists: (functionName: string) => boolean;
  /** Deploys code to a function; resolves with its version once new invocations go there. */
  readonly deploy: (functionName: string, codeDirectory: string) => Promise<string>;
  /** Tells the developer. */
  readonly say: (line: string) => void;
}

/** What the program that watches the functions' files says (`scripts/watch-functions.ts`). */
type Word =
  | { readonly ready: true }
  | { readonly outdated: true }
  | { readonly function: string; readonly directory: string }
  | { readonly function: string; readonly problem: string };

const OUTDATED = 'reload     an infra.ts was saved: what templates say takes a new start';

/** The program that watches ended before it did so. */
export class WatchFailedError extends Error {
  override readonly name = 'WatchFailedError';

  constructor(code: number | null) {
    super(`watch of functions: expected it to begin, got its end with code ${code}`);
  }
}

/**
 * Brings saved files to the functions that run: what they went into is bundled anew, by a program of the project, and deployed. Where there
 * is no new code, the former stays.
 */
export class CodeWatch {
  readonly #options: CodeWatchOptions;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(options: CodeWatchOptions) {
    const { root, environment, directory } = options;
    const program = ['--import', 'tsx', join('scripts', 'watch-functions.ts')];
    this.#options = options;
    this.#child = spawn(
      process.execPath,
      [...program, '--environment', environment, '--directory', directory],
      // Its input ends with this process, however that ends.
      { cwd: root, stdio: ['pipe', 'pipe', 'inherit'], detached: true },
    );
    this.#ended = once(this.#child, 'close');
  }

  /** Resolves once files are watched. @throws WatchFailedError */
  static async start(options: CodeWatchOptions): Promise<CodeWatch> {
    const watch = new CodeWatch(options);
    await new Promise<void>((resolve, reject) => {
      watch.#child.once('error', reject);
      watch.#child.once('exit', (code) => reject(new WatchFailedError(code)));
      watch.#read(resolve);
    });
    return watch;
  }

  async close(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }

  #read(ready: () => void): void {
    const { stdout } = this.#child;
    if (stdout === null) return;
    createInterface(stdout).on('line', (line) => {
      const word: Word = JSON.parse(line);
      if ('ready' in word) ready();
      else if ('outdated' in word) this.#options.say(OUTDATED);
      else void this.#take(word);
    });
  }

  async #take(word: Extract<Word, { readonly function: string }>): Promise<void> {
    const { exists, deploy, say } = this.#options;
    const { function: name } = word;
    if (!exists(name)) return;
    if ('problem' in word) {
      say(`reload     ${name}: the former code stays: ${word.problem}`);
      return;
    }
    try {
      const startedAt = performance.now();
      const version = await deploy(name, word.directory);
      say(`reload     ${name}: version ${version}, ready in ${Math.round(performance.now() - startedAt)} ms`);
    } catch (error) {
      say(`reload     ${name}: not deployed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
