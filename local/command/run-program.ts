import { spawn } from 'node:child_process';

/** A program failed; the message holds what it printed. */
export class ProgramFailedError extends Error {
  override readonly name = 'ProgramFailedError';
}

export interface ProgramRun {
  /** A program with its arguments, or a line for the shell. */
  readonly command: readonly [string, ...string[]] | string;
  readonly directory: string;
  /** Variables beside those of this process. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** Ends the program and what it has started. */
  readonly signal: AbortSignal;
}

/** Runs a program to its end. @throws ProgramFailedError */
export async function runProgram({ command, directory, environment, signal }: ProgramRun): Promise<void> {
  const [program, args] = typeof command === 'string' ? [command, []] : [command[0], command.slice(1)];
  const child = spawn(program, args, {
    cwd: directory,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: typeof command === 'string',
    // A group of its own, so that an abort reaches what it has started as well.
    detached: true,
  });
  const abort = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  signal.addEventListener('abort', abort);
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => signal.removeEventListener('abort', abort));
  if (code !== 0) throw new ProgramFailedError(printed.join('').trim() || `it ended with code ${code}`);
}
