import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `npm run build:packages [-- FOLDER]`: builds what other teams install, `lambdas/service-sdk`, `lib` and `local`, each into its folder
 * `dist`, as compiled JavaScript with types. `npm pack` does it by itself.
 */

const ROOT = join(__dirname, '..');

interface Build {
  /** Arguments of the compiler's runs, beside the folder's `tsconfig.json`. */
  readonly runs: readonly (readonly string[])[];
  /** Puts beside the code what it reads. */
  readonly complete?: (dist: string) => Promise<void>;
}

const BUILDS: Readonly<Record<string, Build>> = {
  'lambdas/service-sdk': {
    runs: [
      [],
      // For bundlers, which shake out of the AWS SDK what a service does not use only where it is imported as ES modules.
      ['--module', 'esnext', '--declaration', 'false', '--outDir', 'dist/esm'],
    ],
  },
  lib: { runs: [[]] },
  local: { runs: [[]], complete: completeRuntime },
};

/** A package cannot be built; the message says why. */
export class PackageBuildError extends Error {
  override readonly name = 'PackageBuildError';
}

/** Builds the packages of these folders. @throws PackageBuildError */
export async function buildPackages(folders: readonly string[] = Object.keys(BUILDS)): Promise<void> {
  await Promise.all(folders.map(build));
}

async function build(folder: string): Promise<void> {
  const found = BUILDS[folder];
  if (!found) throw new PackageBuildError(`expected one of ${Object.keys(BUILDS).join(', ')}, got ${folder}`);
  const at = join(ROOT, folder);
  const dist = join(at, 'dist');
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  copyFileSync(join(ROOT, 'LICENSE'), join(at, 'LICENSE'));
  await Promise.all([...found.runs.map((run) => compile(at, run)), found.complete?.(dist)]);
}

/** The bootstraps of functions, the demo page, and the platform as it is synthesized for `local`. */
async function completeRuntime(dist: string): Promise<void> {
  mkdirSync(join(dist, 'local', 'lambda'), { recursive: true });
  for (const name of ['bootstrap.cjs', 'bootstrap.py']) {
    const bootstrap = join('local', 'lambda', name);
    copyFileSync(join(ROOT, bootstrap), join(dist, bootstrap));
  }
  cpSync(join(ROOT, 'web'), join(dist, 'web'), { recursive: true });
  await run(ROOT, ['--import', 'tsx', join('bin', 'holdfast.ts')], {
    CDK_OUTDIR: join(dist, 'platform'),
    CDK_VALIDATION: 'false',
    HOLDFAST_ENV: 'local',
  });
}

function compile(cwd: string, args: readonly string[]): Promise<void> {
  return run(cwd, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.', ...args]);
}

/** Runs Node with these arguments. @throws PackageBuildError with what was printed */
async function run(cwd: string, args: readonly string[], environment: object = {}): Promise<void> {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new PackageBuildError(`${cwd}: ${printed.join('').trim()}`);
}

async function main(): Promise<void> {
  const folders = process.argv.slice(2);
  await buildPackages(folders.length > 0 ? folders : undefined);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error instanceof PackageBuildError ? error.message : error);
    process.exitCode = 1;
  });
}
