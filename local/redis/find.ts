import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import {
  access,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type ExtractedServer, fetchDebianServer } from './debian-packages';
import { probeServer, type RedisBinary } from './server-binary';

const run = promisify(execFile);

const FETCH_PREFIX = '.fetch-';

export interface FindOptions {
  /** Receives one line for a person about what was used or fetched. */
  readonly say: (line: string) => void;
  /** `REDIS_SERVER`, `HOLDFAST_CACHE` and `PATH` are read. @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where `.holdfast` lies. @default the working directory */
  readonly projectDir?: string;
}

/** No way led to a server; the message lists the ways and what each said. */
export class RedisNotFoundError extends Error {
  override readonly name = 'RedisNotFoundError';
}

/**
 * Finds a real Redis or Valkey server, or fetches one: `$REDIS_SERVER`, the `PATH`, the cache of an earlier fetch, the
 * machine's Debian or Ubuntu packages (without root), Homebrew. A `$REDIS_SERVER` that cannot serve is an error rather
 * than a reason to look further.
 */
export async function findRedis(options: FindOptions): Promise<RedisBinary> {
  const { say, environment = process.env, projectDir = process.cwd() } = options;
  const chosen = environment['REDIS_SERVER'];
  if (chosen) {
    const path =
      isAbsolute(chosen) || chosen.includes('/')
        ? resolve(projectDir, chosen)
        : await onPath(chosen, environment);
    const binary = await probeServer(path ?? chosen).catch((error: Error) => {
      throw new RedisNotFoundError(`REDIS_SERVER: ${error.message}`, { cause: error });
    });
    return announced(binary, say, 'given by REDIS_SERVER');
  }
  const cache = join(
    resolve(projectDir, environment['HOLDFAST_CACHE'] || '.holdfast'),
    'redis',
    `${platform()}-${arch()}`,
  );
  const tried: string[] = [];
  const ways: ReadonlyArray<readonly [string, () => Promise<RedisBinary | undefined>]> = [
    ['PATH', () => fromPath(environment, tried, say)],
    ['cache', () => fromCache(cache, say)],
    ['Debian packages', () => fromDebianPackages(cache, environment, say)],
    ['Homebrew', () => fromHomebrew(environment, say)],
  ];
  for (const [name, way] of ways) {
    try {
      const found = await way();
      if (found) return found;
    } catch (error) {
      tried.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new RedisNotFoundError(
    [
      'found no Redis or Valkey server (7.0 or newer, with TLS). Any one of these helps:',
      '  - put valkey-server or redis-server on the PATH (macOS: brew install valkey; Debian: apt install valkey-server)',
      '  - set REDIS_SERVER to the path of the program',
      '  - on Debian or Ubuntu, let apt-get reach its package sources: it is then fetched without root',
      ...tried.map((line) => `  tried ${line}`),
    ].join('\n'),
  );
}

async function fromPath(
  environment: Readonly<Record<string, string | undefined>>,
  tried: string[],
  say: (line: string) => void,
): Promise<RedisBinary | undefined> {
  for (const name of ['valkey-server', 'redis-server']) {
    const path = await onPath(name, environment);
    if (!path) continue;
    try {
      return announced(await probeServer(path), say, 'found on the PATH');
    } catch (error) {
      tried.push(`PATH: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return undefined;
}

async function fromCache(cache: string, say?: (line: string) => void): Promise<RedisBinary | undefined> {
  const text = await readFile(join(cache, 'server.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const extracted = JSON.parse(text) as ExtractedServer;
  const libraries = extracted.libraryPath.map((folder) => join(cache, folder));
  const binary = await probeServer(join(cache, extracted.path), libraries);
  return say ? announced(binary, say, 'fetched earlier') : binary;
}

async function fromDebianPackages(
  cache: string,
  environment: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): Promise<RedisBinary | undefined> {
  const aptGet = await onPath('apt-get', environment);
  const dpkgDeb = await onPath('dpkg-deb', environment);
  if (!aptGet || !dpkgDeb) return undefined;
  const startedAt = performance.now();
  const parent = dirname(cache);
  await mkdir(parent, { recursive: true });
  await removeAbandoned(parent);
  const folder = await mkdtemp(join(parent, FETCH_PREFIX));
  try {
    const extracted = await fetchDebianServer(folder, { aptGet, dpkgDeb });
    // A cache may be shared between users; a temporary folder is its maker's alone.
    await chmod(folder, 0o755);
    for (const left of ['apt', 'archives']) await rm(join(folder, left), { recursive: true });
    await writeFile(join(folder, 'server.json'), `${JSON.stringify(extracted, undefined, 2)}\n`);
    await probeServer(
      join(folder, extracted.path),
      extracted.libraryPath.map((part) => join(folder, part)),
    );
    const binary = await keep(folder, cache);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    say(
      `redis: fetched ${binary.flavour} ${binary.version} from the machine's package sources, without root, ` +
        `into ${cache} in ${seconds} s (${extracted.packages.join(', ')})`,
    );
    return binary;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Fetches of processes that were killed; a fetch takes seconds, so what is an hour old is nobody's. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(FETCH_PREFIX)) continue;
    const { mtimeMs } = await stat(join(parent, name)).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > 3_600_000) await rm(join(parent, name), { recursive: true, force: true });
  }
}

/** Moves a complete fetch into place; where another process was first, its result is used. */
async function keep(folder: string, cache: string): Promise<RedisBinary> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(folder, cache);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOTEMPTY' && code !== 'EEXIST') || attempt === 3) throw error;
    }
    const binary = await fromCache(cache).catch(() => undefined);
    if (binary) return binary;
    // What lies there does not run (another release's libraries, a half-deleted folder): out of the way with it.
    const aside = `${folder}-old-${attempt}`;
    await rename(cache, aside).catch(() => undefined);
    await rm(aside, { recursive: true, force: true });
  }
}

async function fromHomebrew(
  environment: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): Promise<RedisBinary | undefined> {
  const brew = await onPath('brew', environment);
  if (!brew) return undefined;
  const startedAt = performance.now();
  say('redis: no server found; running brew install valkey');
  await run(brew, ['install', '--quiet', 'valkey'], { timeout: 600_000, maxBuffer: 16 * 1024 * 1024 });
  const { stdout } = await run(brew, ['--prefix', 'valkey']);
  const binary = await probeServer(join(stdout.trim(), 'bin', 'valkey-server'));
  return announced(
    binary,
    say,
    `installed by Homebrew in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
  );
}

function announced(binary: RedisBinary, say: (line: string) => void, how: string): RedisBinary {
  say(`redis: ${binary.flavour} ${binary.version}, ${how} (${binary.path})`);
  return binary;
}

async function onPath(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const path = join(folder, name);
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  return undefined;
}
