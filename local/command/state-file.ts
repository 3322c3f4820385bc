import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
    process.kill(state.pid, 0);
    return state;
  } catch {
    return undefined;
  }
}

/** Removes the state of this process; another one's, started meanwhile, stays. */
export function removeState(directory: string): void {
  if (readState(directory)?.pid === process.pid) rmSync(join(directory, STATE_FILE), { force: true });
}
