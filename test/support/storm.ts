import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { StormOutcome } from './bus-storm';

/** A storm of calls of one service, in a process of its own, ready to strike. */
export class Storm {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>) {
    this.#child = child;
    this.#lines = lines;
  }

  static async prepare(count: number): Promise<Storm> {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(__dirname, 'storm-process.ts'), String(count)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const storm = new Storm(child, createInterface({ input: child.stdout })[Symbol.asyncIterator]());
    const first = await storm.#lines.next();
    if (first.value !== 'ready') throw new Error(`storm: expected to be ready, got ${first.value}`);
    return storm;
  }

  /** Resolves once every call has ended. */
  async strike(): Promise<StormOutcome> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.write('now\n');
    const { value } = await this.#lines.next();
    await ended;
    return JSON.parse(value) as StormOutcome;
  }
}
