import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { rounds } from './counts';

const ROOT = join(__dirname, '..', '..');
export const EXAMPLE = join(ROOT, 'examples', 'other-team');

const isLong = rounds(0, 1) === 1;

/** Redis is that of this project; nothing else of it is known there. */
const ENVIRONMENT = { ...process.env, HOLDFAST_CACHE: join(ROOT, '.holdfast') };

/** Well above what a test of the example takes. */
const RUN_LIMIT_MS = 90_000;

/** Our packages, by the folders of their workspaces. */
export const PACKAGES = {
  '@holdfast/constructs': 'lib',
  '@holdfast/local': 'local',
  '@holdfast/service-sdk': join('lambdas', 'service-sdk'),
} as const;

type PackageName = keyof typeof PACKAGES;

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/**
 * `examples/other-team` as its team has it: in a folder of its own, with our packages as `npm pack` makes them. In the long run, npm
 * installs them and everything else that is declared. In the short one, which needs no registry, they are unpacked, and what they and
 * the example declare is linked to what is installed here; in either, nothing that none of them declares can be found.
 */
export class OtherTeam {
  readonly root = mkdtempSync(join(tmpdir(), 'holdfast-team-'));

  /** Takes a few seconds, in the long run up to some minutes. */
  static async install(): Promise<OtherTeam> {
    const team = new OtherTeam();
    cpSync(EXAMPLE, team.root, {
      recursive: true,
      filter: (from) => !['node_modules', 'build', 'cdk.out'].includes(basename(from)),
    });
    const tarballs = mkdtempSync(join(tmpdir(), 'holdfast-pack-'));
    const workspaces = Object.keys(PACKAGES).flatMap((name) => ['-w', name]);
    await promisify(execFile)('npm', ['pack', ...workspaces, '--pack-destination', tarballs], { cwd: ROOT });
    if (isLong) await team.#npmInstall(tarballs);
    else team.#unpack(tarballs);
    rmSync(tarballs, { recursive: true, force: true });
    return team;
  }

  packageFolder(name: PackageName): string {
    return join(this.root, 'node_modules', name);
  }

  /** Files of a package, from its folder. */
  filesOf(name: PackageName): string[] {
    const folder = this.packageFolder(name);
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .filter((file) => !file.startsWith('node_modules'));
  }

  /** Runs a program in the folder; rejects with what it printed where it fails. */
  async run(program: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(program, args, {
      cwd: this.root,
      encoding: 'utf8',
      env: ENVIRONMENT,
      timeout: RUN_LIMIT_MS,
    }).catch(({ stdout: printed, stderr }: { readonly stdout?: string; readonly stderr?: string }) => {
      throw new Error(`${program} ${args.join(' ')} failed: ${printed ?? ''}${stderr ?? ''}`);
    });
    return stdout;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  async #npmInstall(tarballs: string): Promise<void> {
    const files = readdirSync(tarballs).map((file) => join(tarballs, file));
    const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', ...files];
    await promisify(execFile)('npm', args, { cwd: this.root });
  }

  #unpack(tarballs: string): void {
    for (const name of Object.keys(PACKAGES) as PackageName[]) {
      const { version, dependencies, peerDependencies } = manifestIn(join(ROOT, PACKAGES[name]));
      const tarball = join(tarballs, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
      mkdirSync(this.packageFolder(name), { recursive: true });
      execFileSync('tar', ['-xzf', tarball, '-C', this.packageFolder(name), '--strip-components', '1']);
      this.#link({ ...dependencies, ...peerDependencies });
    }
    const { dependencies, devDependencies } = manifestIn(this.root);
    this.#link({ ...dependencies, ...devDependencies });
  }

  #link(dependencies: Readonly<Record<string, string>>): void {
    for (const name of Object.keys(dependencies)) {
      if (name in PACKAGES) continue;
      const link = join(this.root, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      rmSync(link, { force: true });
      symlinkSync(join(ROOT, 'node_modules', name), link);
    }
  }
}
