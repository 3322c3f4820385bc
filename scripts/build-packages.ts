import { copyFileSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ProgramFailedError, runProgram } from '../local/command/run-program';

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

/** There is no such package. */
export class UnknownPackageError extends Error {
  override readonly name = 'UnknownPackageError';
}

/** Builds the packages of these folders. @throws UnknownPackageError, ProgramFailedError */
export async function buildPackages(folders: readonly string[] = Object.keys(BUILDS)): Promise<void> {
  await Promise.all(folders.map(build));
}

async function build(folder: string): Promise<void> {
  const found = BUILDS[folder];
  if (!found)
    throw new UnknownPackageError(`expected one of ${Object.keys(BUILDS).join(', ')}, got ${folder}`);
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

/** Runs Node with these arguments. @throws ProgramFailedError with what was printed */
function run(
  directory: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<void> {
  const { signal } = new AbortController();
  return runProgram({ command: [process.execPath, ...args], directory, environment, signal });
}

async function main(): Promise<void> {
  const folders = process.argv.slice(2);
  await buildPackages(folders.length > 0 ? folders : undefined);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    const known = error instanceof UnknownPackageError || error instanceof ProgramFailedError;
    console.error(known ? error.message : error);
    process.exitCode = 1;
  });
}
