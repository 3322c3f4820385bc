import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** What runs the functions of a runtime. */
export interface Interpreter {
  /** Of the template: `nodejs24.x`, `python3.13`. */
  readonly runtime: string;
  readonly file: string;
  /** `node v24.1.0`, `Python 3.13.2`. */
  readonly version: string;
  /** Whether it is the version that the runtime names. */
  readonly exact: boolean;
}

/** A runtime's language is not on this machine. */
export class InterpreterMissingError extends Error {
  override readonly name = 'InterpreterMissingError';

  constructor(runtime: string, names: readonly string[], found: string) {
    super(`runtime ${runtime}: expected ${names.join(' or ')} on the PATH, found ${found}`);
  }
}

export interface InterpreterOptions {
  /** Folders, as in the variable of that name. @default that of this process */
  readonly path?: string;
  /** Where version managers keep theirs. @default the user's home */
  readonly home?: string;
  /** Folder from which `node_modules/node` (npm) is looked for, upwards. @default this one */
  readonly projectDir?: string;
}

/** Below a home; each holds folders named by version. */
const NODE_VERSION_FOLDERS = [
  ['.nvm/versions/node', 'bin/node'],
  ['.local/share/fnm/node-versions', 'installation/bin/node'],
  ['.volta/tools/image/node', 'bin/node'],
  ['.asdf/installs/nodejs', 'bin/node'],
] as const;
const ASK_LIMIT_MS = 5_000;
const ASK_PYTHON = 'import sys; print(sys.executable); print("Python %d.%d.%d" % sys.version_info[:3])';
const OLDEST_PYTHON_MINOR = 9;

/** Finds what runs functions: the version that their runtime names where it is here, else what comes next to it. */
export class Interpreters {
  readonly #path: readonly string[];
  readonly #home: string;
  readonly #projectDir: string;
  readonly #found = new Map<string, Interpreter>();

  constructor({ path: folders = process.env['PATH'] ?? '', home, projectDir }: InterpreterOptions = {}) {
    this.#path = folders.split(path.delimiter).filter((folder) => folder !== '');
    this.#home = home ?? os.homedir();
    this.#projectDir = projectDir ?? __dirname;
  }

  /** @param runtime `nodejs*` or `python*` @throws InterpreterMissingError */
  of(runtime: string): Interpreter {
    const known = this.#found.get(runtime);
    if (known !== undefined) return known;
    const found = runtime.startsWith('python') ? this.#python(runtime) : this.#node(runtime);
    this.#found.set(runtime, found);
    return found;
  }

  /** What was asked for so far. */
  used(): readonly Interpreter[] {
    return [...this.#found.values()];
  }

  /** This process's own where the named version is not found: most code runs on either. */
  #node(runtime: string): Interpreter {
    const own = { runtime, file: process.execPath, version: `node ${process.version}`, exact: true };
    const major = /^nodejs(\d+)/.exec(runtime)?.[1];
    const prefix = `v${major}.`;
    if (major === undefined || process.version.startsWith(prefix)) return own;
    for (const file of distinct(this.#nodeCandidates(major))) {
      const version = ask(file, ['--version']);
      if (version?.startsWith(prefix)) return { runtime, file, version: `node ${version}`, exact: true };
    }
    return { ...own, exact: false };
  }

  #nodeCandidates(major: string): string[] {
    const installed: string[] = [];
    for (let folder = this.#projectDir; ; folder = path.dirname(folder)) {
      installed.push(path.join(folder, 'node_modules/node/bin/node'));
      if (folder === path.dirname(folder)) break;
    }
    const managed = NODE_VERSION_FOLDERS.flatMap(([folder, file]) => {
      const root = path.join(this.#home, folder);
      return versionsIn(root, major).map((version) => path.join(root, version, file));
    });
    return [...installed, ...this.#onPath([`node${major}`, 'node', 'nodejs']), ...managed];
  }

  #python(runtime: string): Interpreter {
    const named = /^python3\.(\d+)$/.exec(runtime)?.[1];
    const names = [`python3.${named ?? '*'}`, 'python3', 'python'];
    let next: Interpreter | undefined;
    let found = 'none';
    for (const candidate of distinct(this.#onPath(names))) {
      const [file = '', version = ''] = ask(candidate, ['-c', ASK_PYTHON])?.split('\n') ?? [];
      const minor = /^Python 3\.(\d+)\./.exec(version)?.[1];
      if (version !== '') found = version;
      if (minor === undefined || Number(minor) < OLDEST_PYTHON_MINOR) continue;
      if (minor === named) return { runtime, file, version, exact: true };
      next ??= { runtime, file, version, exact: false };
    }
    if (next === undefined) throw new InterpreterMissingError(runtime, names, found);
    return next;
  }

  #onPath(names: readonly string[]): string[] {
    return names.flatMap((name) => this.#path.map((folder) => path.join(folder, name)));
  }
}

/** Files that exist and are not this process's own, each once. */
function distinct(files: readonly string[]): string[] {
  const real = files.filter((file) => existsSync(file)).map((file) => realpathSync(file));
  return [...new Set(real)].filter((file) => file !== process.execPath);
}

/** Newest first. */
function versionsIn(folder: string, major: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => new RegExp(`^v?${major}\\.`).test(name))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
}

function ask(file: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(file, args, {
      encoding: 'utf8',
      timeout: ASK_LIMIT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}
