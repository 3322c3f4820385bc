import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { StartOptions } from './options';
import type { Phases } from './phases';
import { runProgram } from './run-program';
import { synthesizeApp, synthesizePlatform } from './synth';

export interface AssembliesRequest {
  readonly root: string;
  readonly environment: string;
  readonly region: string;
  /** Folder for assemblies that are made. */
  readonly directory: string;
  readonly options: Pick<StartOptions, 'apps' | 'assemblies' | 'configFile'>;
  readonly phases: Phases;
  readonly signal: AbortSignal;
}

/**
 * Synthesizes what is not synthesized yet.
 * @returns folders of assemblies in the order of their deployment: the platform's first, then those of the apps
 */
export async function makeAssemblies(request: AssembliesRequest): Promise<readonly string[]> {
  const [platform, apps] = await Promise.all([platformOf(request), appsOf(request)]);
  return [...platform, ...apps];
}

async function platformOf(request: AssembliesRequest): Promise<readonly string[]> {
  const { root, environment, phases, signal } = request;
  const { assemblies, configFile } = request.options;
  if (assemblies.length > 0) return assemblies;
  const outputDirectory = join(request.directory, 'cdk.out');
  await phases.run('bundle and synthesize', () =>
    synthesizePlatform(root, {
      environment,
      outputDirectory,
      signal,
      ...(configFile === undefined ? {} : { configFile }),
    }),
  );
  return [outputDirectory];
}

async function appsOf(request: AssembliesRequest): Promise<readonly string[]> {
  const { environment, region, phases, signal } = request;
  const { apps } = request.options;
  if (apps.some((app) => usesOurSources(app, request.root))) {
    await phases.run('build packages', () => buildPackages(request));
  }
  return Promise.all(
    apps.map(async (app, index) => {
      const outputDirectory = join(request.directory, `${index + 1}-${basename(app)}.out`);
      await phases.run(`synthesize ${basename(app)}`, () =>
        synthesizeApp(app, { environment, region, outputDirectory, signal }),
      );
      return outputDirectory;
    }),
  );
}

/** Whether an app finds the package of constructs in this repository, where it may be older than its sources. */
function usesOurSources(app: string, root: string): boolean {
  for (let folder = realpathSync(app); ; folder = dirname(folder)) {
    const installed = join(folder, 'node_modules', '@holdfast', 'constructs');
    if (existsSync(installed)) return realpathSync(installed) === realpathSync(join(root, 'lib'));
    if (folder === dirname(folder)) return false;
  }
}

function buildPackages({ root, signal }: AssembliesRequest): Promise<void> {
  const script = join('scripts', 'build-packages.ts');
  return runProgram({ command: [process.execPath, '--import', 'tsx', script], directory: root, signal });
}
