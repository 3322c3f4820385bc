import { spawn } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `npm run build:packages [-- FOLDER]`: builds what other teams install, `lambdas/service-sdk` and `lib`, each into its folder `dist`,
 * as compiled JavaScript with types. `npm pack` does it by itself.
 */

const ROOT = join(__dirname, '..');

/** Arguments of the compiler's runs for each package, beside the folder's `tsconfig.json`. */
const RUNS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'lambdas/service-sdk': [
    [],
    // For bundlers, which shake out of the AWS SDK what a service does not use only where it is imported as ES modules.
    ['--module', 'esnext', '--declaration', 'false', '--outDir', 'dist/esm'],
  ],
  lib: [[]],
};

/** A package cannot be built; the message says why. */
export class PackageBuildError extends Error {
  override readonly name = 'PackageBuildError';
}

/** Builds the packages of these folders. @throws PackageBuildError */
export async function buildPackages(folders: readonly string[] = Object.keys(RUNS)): Promise<void> {
  await Promise.all(folders.map(build));
}

async function build(folder: string): Promise<void> {
  const runs = RUNS[folder];
  if (!runs) throw new PackageBuildError(`expected one of ${Object.keys(RUNS).join(', ')}, got ${folder}`);
  const at = join(ROOT, folder);
  rmSync(join(at, 'dist'), { recursive: true, force: true });
  copyFileSync(join(ROOT, 'LICENSE'), join(at, 'LICENSE'));
  await Promise.all(runs.map((run) => compile(at, run)));
}

async function compile(cwd: string, args: readonly string[]): Promise<void> {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const child = spawn(process.execPath, [tsc, '-p', '.', ...args], {
    cwd,
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
