import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readState } from '../../local/command/state-file';
import type { Target } from './target';

/** Well above what `npm start` needs, for machines that are busy. */
const START_LIMIT_MS = 60_000;

/** The contract of `npm start`: everything has ended five seconds after SIGTERM. */
const STOP_LIMIT_MS = 5_000;

const ROOT = join(__dirname, '..', '..');

export interface LaunchedStack {
  readonly pid: number;
  readonly target: Target;
}

/** Starts a stack as `npm start` does, in a folder below `.holdfast`, and waits until it is ready. */
export async function launchStack(options: {
  /** Name of the folder. */
  readonly name: string;
  readonly basePort: number;
  /** Folder of the project. @default - this one */
  readonly root?: string;
  /** Overlay of the configuration. */
  readonly config?: object;
  /** Folders of CDK apps that run beside the platform. @default - none */
  readonly apps?: readonly string[];
  /** Whether hops are logged, to `hops.jsonl` in the folder. */
  readonly hops?: boolean;
  /** How many times as fast schedules and the idle and life limits of WebSocket connections go. @default 1 */
  readonly timeScale?: number;
}): Promise<LaunchedStack> {
  const { root = ROOT } = options;
  const directory = join(root, '.holdfast', options.name);
  mkdirSync(directory, { recursive: true });
  const args = ['--dir', directory, '--port', String(options.basePort)];
  for (const app of options.apps ?? []) args.push('--app', app);
  if (options.timeScale !== undefined) args.push('--time-scale', String(options.timeScale));
  if (options.hops) args.push('--hops', join(directory, 'hops.jsonl'));
  if (options.config) {
    const file = join(directory, 'config.json');
    writeFileSync(file, JSON.stringify(options.config));
    args.push('--config', file);
  }
  const logFile = join(directory, 'stack.log');
  const log = createWriteStream(logFile);
  const child = spawn(process.execPath, ['--import', 'tsx', 'local/main.ts', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  let exitCode: number | null | undefined;
  child.once('exit', (code) => {
    exitCode = code;
  });
  const started = Date.now();
  let state = readState(directory);
  while (!state) {
    if (exitCode !== undefined) throw new Error(`the stack ended with code ${exitCode}; see ${logFile}`);
    if (Date.now() - started > START_LIMIT_MS) {
      child.kill('SIGTERM');
      throw new Error(`the stack was not ready after ${START_LIMIT_MS} ms; see ${logFile}`);
    }
    await sleep(50);
    state = readState(directory);
  }
  const { pid, websocketUrl, callbackUrl, serverApiUrl, region, awsEndpointUrl } = state;
  return {
    pid,
    target: {
      environment: 'local',
      websocketUrl,
      callbackUrl,
      serverApiUrl,
      region,
      awsEndpointUrl,
      logFile,
      directory,
    },
  };
}

/** Ends a stack; leaves its log only where something went wrong. */
export async function endStack(pid: number, directory: string | undefined): Promise<void> {
  process.kill(pid, 'SIGTERM');
  const started = Date.now();
  while (isAlive(pid)) {
    if (Date.now() - started > STOP_LIMIT_MS) {
      process.kill(pid, 'SIGKILL');
      throw new Error(`the stack did not end within ${STOP_LIMIT_MS} ms of SIGTERM`);
    }
    await sleep(20);
  }
  if (directory) rmSync(directory, { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
