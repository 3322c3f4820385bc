import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a running stack says about itself in `.holdfast/local.json`, for tools and tests. */
export interface LocalState {
  readonly pid: number;
  readonly websocketUrl: string;
  readonly callbackUrl: string;
  /** Ends in `/api`. */
  readonly serverApiUrl: string;
  readonly apiKey: string;
  readonly webUrl: string;
  readonly awsEndpointUrl: string;
  /** Redis with all rights, without TLS: for a developer's tools, not for functions. */
  readonly redisUrl: string;
  /** Where `npm run fault` asks for trouble, and the token that it brings. */
  readonly controlUrl: string;
  readonly controlToken: string;
  readonly region: string;
  readonly account: string;
}

export const STATE_FILE = 'local.json';

/** Writes the state whole: a reader sees no half of it. Readable by its owner only, for it holds a key. */
export function writeState(directory: string, state: LocalState): void {
  const file = join(directory, STATE_FILE);
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

/** The stack that runs out of a folder; undefined where none does (a file left by a killed one counts as none). */
export function readState(directory: string): LocalState | undefined {
  try {
    const state = JSON.parse(readFileSync(join(directory, STATE_FILE), 'utf8')) as LocalState;
    return isAlive(state.pid) ? state : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Removes the state of this process; another one's, started meanwhile, stays. A stack that ran before and still runs is
 * named again.
 */
export function removeState(directory: string, former?: LocalState): void {
  if (readState(directory)?.pid !== process.pid) return;
  if (former !== undefined && isAlive(former.pid)) writeState(directory, former);
  else rmSync(join(directory, STATE_FILE), { force: true });
}

/** Folder for the files of one process below the state directory. */
export function runDirectory(directory: string, pid = process.pid): string {
  return join(directory, `run-${pid}`);
}

/** Removes what killed processes left of theirs. */
export function removeStaleRuns(directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(directory)) {
    const pid = Number(/^run-(\d+)$/.exec(name)?.[1]);
    if (pid && !isAlive(pid)) rmSync(join(directory, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
