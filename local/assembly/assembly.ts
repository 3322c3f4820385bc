import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  AssetManifestArtifact,
  CloudAssembly,
  type CloudFormationStackArtifact,
} from '@aws-cdk/cloud-assembly-api';
import { AssemblyError, AssetNotFoundError, NestedStackError } from './errors';
import { constructPath, parseTemplate, type Template } from './template';

/** One stack of an assembly, ready to be run. */
export interface StackTemplate {
  /** Name of the deployed stack. */
  readonly name: string;
  readonly template: Template;
  /** Names of the stacks that come before this one. */
  readonly dependencies: readonly string[];
  /** Values that the app sets for template parameters. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Asset S3 key (`<hash>.zip`) to the absolute path of its directory or file in the assembly. */
  readonly assets: ReadonlyMap<string, string>;
  /** @throws AssetNotFoundError, also where the key is known and the path does not exist (not bundled). */
  assetPath(key: string): string;
}

export interface Assembly {
  readonly directory: string;
  /** In dependency order: a stack comes after all that it depends on. */
  readonly stacks: readonly StackTemplate[];
  /** Keys of context look-ups that synthesis could not do; the templates hold dummy values in their place. */
  readonly missingContext: readonly string[];
}

/**
 * Reads a synthesized CDK app (`cdk.out`), stages included.
 * @throws AssemblyError for a directory that is no assembly or one of another schema version
 * @throws TemplateShapeError, NestedStackError
 */
export function loadAssembly(directory: string): Assembly {
  const root = resolve(directory);
  const assembly = open(root);
  const stacks = inDependencyOrder(assembly.stacksRecursively).map((artifact) => readStack(root, artifact));
  if (stacks.length === 0) throw new AssemblyError(root, 'it holds no stack');
  refuseNestedStacks(stacks);
  return { directory: root, stacks, missingContext: (assembly.manifest.missing ?? []).map(({ key }) => key) };
}

function open(root: string): CloudAssembly {
  if (!existsSync(root))
    throw new AssemblyError(root, 'the directory does not exist (was the app synthesized?)');
  if (!statSync(root).isDirectory()) throw new AssemblyError(root, 'expected a directory, got a file');
  if (!existsSync(join(root, 'manifest.json'))) {
    throw new AssemblyError(root, 'it has no manifest.json (was the app synthesized into it?)');
  }
  try {
    return new CloudAssembly(root);
  } catch (cause) {
    throw new AssemblyError(root, messageOf(cause), { cause });
  }
}

// The library orders stacks inside one (nested) assembly; stacks of several stages come one assembly after the other,
// so the order over all of them is made here.
function inDependencyOrder(artifacts: readonly CloudFormationStackArtifact[]): CloudFormationStackArtifact[] {
  const ordered = new Set<CloudFormationStackArtifact>();
  const visit = (artifact: CloudFormationStackArtifact): void => {
    if (ordered.has(artifact)) return;
    for (const before of stacksBefore(artifact, artifacts)) visit(before);
    ordered.add(artifact);
  };
  for (const artifact of artifacts) visit(artifact);
  return [...ordered];
}

function stacksBefore(
  artifact: CloudFormationStackArtifact,
  all: readonly CloudFormationStackArtifact[],
): CloudFormationStackArtifact[] {
  const ids = new Set(artifact.dependencies.map(({ id }) => id));
  return all.filter(({ id }) => id !== artifact.id && ids.has(id));
}

function readStack(root: string, artifact: CloudFormationStackArtifact): StackTemplate {
  const name = artifact.stackName;
  let raw: unknown;
  try {
    raw = artifact.template;
  } catch (cause) {
    throw new AssemblyError(root, `the template of stack ${name} cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
  const assets = readAssets(root, artifact);
  return {
    name,
    template: parseTemplate(name, raw),
    dependencies: artifact.dependencies.flatMap((dependency) =>
      'stackName' in dependency && typeof dependency.stackName === 'string' ? [dependency.stackName] : [],
    ),
    parameters: artifact.parameters,
    assets,
    assetPath(key) {
      const path = assets.get(key);
      if (path === undefined) throw new AssetNotFoundError(name, key, [...assets.keys()]);
      if (!existsSync(path))
        throw new AssemblyError(root, `the asset ${key} of stack ${name} is missing at ${path}`);
      return path;
    },
  };
}

function readAssets(root: string, artifact: CloudFormationStackArtifact): ReadonlyMap<string, string> {
  const assets = new Map<string, string>();
  for (const dependency of artifact.dependencies) {
    if (!AssetManifestArtifact.isAssetManifestArtifact(dependency)) continue;
    for (const [id, { source, destinations }] of Object.entries(assetFiles(root, dependency))) {
      if (source.path === undefined) {
        throw new AssemblyError(root, `the asset ${id} is made by a command, expected a directory or file`);
      }
      const path = resolve(dirname(dependency.file), source.path);
      for (const { objectKey } of Object.values(destinations)) assets.set(objectKey, path);
    }
  }
  return assets;
}

function assetFiles(root: string, manifest: AssetManifestArtifact) {
  try {
    return manifest.contents.files ?? {};
  } catch (cause) {
    throw new AssemblyError(root, `the asset manifest ${manifest.file} cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function refuseNestedStacks(stacks: readonly StackTemplate[]): void {
  const nested = stacks.flatMap(({ name, template }) =>
    Object.entries(template.Resources)
      .filter(([, resource]) => resource.Type === 'AWS::CloudFormation::Stack')
      .map(([logicalId, resource]) => `${name}/${constructPath(resource) ?? logicalId}`),
  );
  if (nested.length > 0) throw new NestedStackError(nested);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
