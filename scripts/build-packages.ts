import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Builds what other teams install: `lambdas/service-sdk` and `lib`, each into its folder `dist`, as compiled JavaScript with types.
 * `npm pack` does it by itself.
 */

const ROOT = join(__dirname, '..');

/** The TypeScript compiler found something; what it said is in the message. */
export class PackageBuildError extends Error {
  override readonly name = 'PackageBuildError';
}

interface Build {
  readonly folder: string;
  /** Arguments of each run of the compiler, beside the folder's `tsconfig.json`. */
  readonly runs: readonly (readonly string[])[];
}

const BUILDS: readonly Build[] = [
  {
    folder: join('lambdas', 'service-sdk'),
    runs: [
      [],
      // For bundlers, which shake out of the AWS SDK what a service does not use only where it is imported as ES modules.
      ['--module', 'esnext', '--declaration', 'false', '--outDir', join('dist', 'esm')],
    ],
  },
  { folder: 'lib', runs: [[]] },
];

/** @throws PackageBuildError */
export function buildPackages(root = ROOT): void {
  for (const { folder, runs } of BUILDS) {
    const at = join(root, folder);
    rmSync(join(at, 'dist'), { recursive: true, force: true });
    for (const run of runs) compile(root, at, run);
    copyFileSync(join(root, 'LICENSE'), join(at, 'LICENSE'));
  }
}

function compile(root: string, cwd: string, args: readonly string[]): void {
  try {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    execFileSync(process.execPath, [tsc, '-p', '.', ...args], { cwd, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout = '', stderr = '' } = Object(error) as { stdout?: string; stderr?: string };
    throw new PackageBuildError(`${cwd}: ${stdout}${stderr}`.trim(), { cause: error });
  }
}

if (require.main === module) buildPackages();
