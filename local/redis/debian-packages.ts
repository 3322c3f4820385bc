import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Packages that hold the server program, the closest to ElastiCache's engine first. */
const SERVER_PACKAGES = ['valkey-tools', 'redis-tools'] as const;

/** What an extracted server needs to run; paths relative to the folder it was extracted to. */
export interface ExtractedServer {
  readonly path: string;
  readonly libraryPath: readonly string[];
  readonly packages: readonly string[];
}

/** Absolute paths of the machine's own programs. */
export interface DebianPrograms {
  readonly aptGet: string;
  readonly dpkgDeb: string;
}

/** apt or dpkg could not provide a server; the message carries their own. */
export class DebianFetchError extends Error {
  override readonly name = 'DebianFetchError';
}

/**
 * Downloads a server and the shared libraries that this machine lacks, from the package sources the machine is
 * configured for, and extracts them below `folder`. Needs no root and changes nothing outside `folder`: apt gets a
 * state folder of its own, so empty or outdated package lists of the machine do not matter.
 */
export async function fetchDebianServer(folder: string, programs: DebianPrograms): Promise<ExtractedServer> {
  const apt = await privateApt(programs.aptGet, join(folder, 'apt'));
  // Ends well even where no source could be reached, with warnings; one broken source of several does not matter.
  const update = await apt(['update', '--quiet']);
  const packages = await packagesToFetch(apt, join(folder, 'apt', 'nothing-installed')).catch(
    (error: Error) => {
      throw new DebianFetchError([error.message, ...warnings(update)].join('; '), { cause: error });
    },
  );
  const archives = join(folder, 'archives');
  await mkdir(archives, { recursive: true });
  await apt(['download', '--quiet', ...packages], archives);
  const root = join(folder, 'root');
  await mkdir(root, { recursive: true });
  for (const archive of await readdir(archives)) {
    await command(programs.dpkgDeb, ['--extract', join(archives, archive), root]);
  }
  return { ...(await locate(folder, root)), packages };
}

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

type Apt = (args: readonly string[], cwd?: string) => Promise<Output>;

/** The first few suffice: a machine without network has one for each source. */
function warnings(output: Output): readonly string[] {
  return (output.stderr.match(/^W: .*$/gm) ?? []).slice(0, 2);
}

async function privateApt(aptGet: string, folder: string): Promise<Apt> {
  await mkdir(join(folder, 'state', 'lists', 'partial'), { recursive: true });
  await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  await writeFile(join(folder, 'nothing-installed'), '');
  const configuration = join(folder, 'apt.conf');
  await writeFile(configuration, aptConfiguration(folder));
  // Given with -c the file is read after the machine's own, whose sources, proxies and keys stay in force.
  return (args, cwd = folder) => command(aptGet, ['-c', configuration, ...args], cwd);
}

/** Own folders and no locks; no hooks of the machine (they expect root); no lists but the packages'. */
function aptConfiguration(folder: string): string {
  const cleared = [
    'APT::Update::Pre-Invoke',
    'APT::Update::Post-Invoke',
    'APT::Update::Post-Invoke-Success',
    'Acquire::IndexTargets::deb::Contents-deb',
    'Acquire::IndexTargets::deb::CNF',
    'Acquire::IndexTargets::deb::DEP-11',
    'Acquire::IndexTargets::deb::DEP-11-icons-small',
    'Acquire::IndexTargets::deb::DEP-11-icons',
    'Acquire::IndexTargets::deb::DEP-11-icons-hidpi',
  ];
  const settings = {
    'Dir::State': join(folder, 'state'),
    'Dir::State::Lists': join(folder, 'state', 'lists'),
    'Dir::Cache': join(folder, 'cache'),
    'Debug::NoLocking': '1',
    // Root's apt hands downloads to the user _apt, who need not be able to read a project folder.
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '20',
    'Acquire::https::Timeout': '20',
  };
  return [
    ...cleared.map((name) => `#clear ${name};`),
    ...Object.entries(settings).map(([name, value]) => `${name} "${value}";`),
    '',
  ].join('\n');
}

/**
 * What an installation would add to this machine: exactly the missing libraries, by whatever names this release gives
 * them. Where the machine's own package state is broken, what it would add to an empty one, less the C library, which
 * only works together with the machine's loader.
 */
async function packagesToFetch(apt: Apt, emptyStatus: string): Promise<string[]> {
  const problems = new Set<string>();
  const attempts = [[], ['-o', `Dir::State::status=${emptyStatus}`]];
  for (const status of attempts) {
    for (const server of SERVER_PACKAGES) {
      try {
        const plan = await apt([...status, '--simulate', 'install', '--no-install-recommends', server]);
        const added = [...plan.stdout.matchAll(/^Inst (\S+) /gm)].map(([, name]) => name ?? '');
        // Simulated as an installed package, nothing is added: the program itself is wanted all the same.
        return [...new Set([server, ...added.filter((name) => /^(lib(?!c6\b|c-)|lua-)/.test(name))])];
      } catch (error) {
        problems.add(error instanceof Error ? error.message : String(error));
      }
    }
  }
  throw new DebianFetchError([...problems].join('; '));
}

async function locate(folder: string, root: string): Promise<Omit<ExtractedServer, 'packages'>> {
  const programs = join(root, 'usr', 'bin');
  const names: string[] = await readdir(programs).catch(() => []);
  for (const flavour of ['valkey', 'redis']) {
    for (const program of [`${flavour}-server`, `${flavour}-check-rdb`]) {
      if (!names.includes(program) || (await lstat(join(programs, program))).isSymbolicLink()) continue;
      const server = join(folder, `${flavour}-server`);
      // One program serves several names and acts by the one it is called by.
      await symlink(join('root', 'usr', 'bin', program), server);
      return { path: relative(folder, server), libraryPath: await libraryFolders(folder, root) };
    }
  }
  throw new DebianFetchError(`expected a server program in the packages, got ${names.join(', ') || 'none'}`);
}

async function libraryFolders(folder: string, root: string): Promise<string[]> {
  const found = new Set<string>();
  for (const top of ['usr/lib', 'lib']) {
    const entries = await readdir(join(root, top), { recursive: true }).catch(() => []);
    for (const entry of entries) {
      if (/\.so(\.|$)/.test(entry)) found.add(relative(folder, dirname(join(root, top, entry))));
    }
  }
  return [...found];
}

async function command(program: string, args: readonly string[], cwd?: string): Promise<Output> {
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  try {
    return await run(program, args, { cwd, env, timeout: 120_000, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: string };
    const errors = stderr?.match(/^E: .*$/gm)?.join(' ') ?? stderr?.trim().split('\n').at(-1) ?? '';
    throw new DebianFetchError(`${program}: ${errors || message}`, { cause: error });
  }
}
