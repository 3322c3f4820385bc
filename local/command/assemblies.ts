import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parameterNames } from '../../lambdas/contract/parameters';
import { loadAssembly } from '../assembly';
import { type StartOptions, UsageError } from './options';
import type { Phases } from './phases';
import { runProgram } from './run-program';
import { synthesizeApp, synthesizePlatform } from './synth';

/** Where the package has the platform, synthesized, in the place of its sources. */
const PACKED = 'platform';

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

export interface Assemblies {
  /** In the order of their deployment: the platform's first, then those of the apps. */
  readonly directories: readonly string[];
  /** Whether the platform was synthesized from its sources just now, which may change while it runs. */
  readonly fromSources: boolean;
}

/** Synthesizes what is not synthesized yet. @throws SynthError, UsageError */
export async function makeAssemblies(request: AssembliesRequest): Promise<Assemblies> {
  const { assemblies, configFile } = request.options;
  const given = givenPlatform(request);
  if (given !== undefined && configFile !== undefined) {
    throw new UsageError(
      `--config: expected a platform that is synthesized for this run, got one that has its own in ${given}`,
    );
  }
  const isExtra = given === undefined || !assemblies.includes(given);
  const [platform, apps] = await Promise.all([given ?? synthesized(request), appsOf(request)]);
  return {
    directories: [...(isExtra ? [platform] : []), ...assemblies, ...apps],
    fromSources: given === undefined,
  };
}

/** The platform that is synthesized already, if there is one: among the assemblies, or in this package. */
function givenPlatform({ root, environment, options }: AssembliesRequest): string | undefined {
  const packed = join(root, PACKED);
  return (
    options.assemblies.find((directory) => isPlatform(directory, environment)) ??
    (existsSync(packed) ? packed : undefined)
  );
}

async function synthesized(request: AssembliesRequest): Promise<string> {
  const { root, environment, phases, signal } = request;
  const { configFile } = request.options;
  const outputDirectory = join(request.directory, 'cdk.out');
  await phases.run('bundle and synthesize', () =>
    synthesizePlatform(root, {
      environment,
      outputDirectory,
      signal,
      ...(configFile === undefined ? {} : { configFile }),
    }),
  );
  return outputDirectory;
}

/** Whether an assembly makes the platform: the parameter that says where clients connect. */
function isPlatform(directory: string, environment: string): boolean {
  const { websocketUrl } = parameterNames(environment);
  return loadAssembly(directory).stacks.some(({ template }) =>
    Object.values(template.Resources).some(
      ({ Type, Properties }) => Type === 'AWS::SSM::Parameter' && Properties?.['Name'] === websocketUrl,
    ),
  );
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
  const sources = join(root, 'lib');
  if (!existsSync(sources)) return false;
  for (let folder = realpathSync(app); ; folder = dirname(folder)) {
    const installed = join(folder, 'node_modules', '@holdfast', 'constructs');
    if (existsSync(installed)) return realpathSync(installed) === realpathSync(sources);
    if (folder === dirname(folder)) return false;
  }
}

/** Those that an app is made of. */
function buildPackages({ root, signal }: AssembliesRequest): Promise<void> {
  const program = ['--import', 'tsx', join('scripts', 'build-packages.ts')];
  const folders = ['lib', join('lambdas', 'service-sdk')];
  return runProgram({ command: [process.execPath, ...program, ...folders], directory: root, signal });
}
