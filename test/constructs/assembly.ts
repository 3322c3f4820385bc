import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonObject, type JsonValue } from '../../lambdas/contract/json';

/** Where `test/support/bundle-functions.ts` puts the assembly of each variant. */
export const ASSEMBLIES = join(__dirname, '..', '..', 'build', 'assemblies');

export interface Resource {
  readonly Type: string;
  readonly Properties: JsonObject;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly DependsOn?: readonly string[];
}

export interface Template {
  readonly Resources: { readonly [logicalId: string]: Resource };
  readonly Outputs?: { readonly [name: string]: JsonObject };
  readonly Parameters?: { readonly [name: string]: JsonObject };
}

export type Variant = 'dev' | 'local' | 'prod' | 'other' | 'ordered' | 'queued';

const STACKS = ['state', 'gateway', 'service-chat', 'service-echo'] as const;
export type StackName = (typeof STACKS)[number];

function readJson(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function fileOf(variant: Variant, stack: StackName): string {
  return join(ASSEMBLIES, variant, `${variant}-holdfast-${stack}.template.json`);
}

/** The template of a stack in a variant. */
export function templateOf(variant: Variant, stack: StackName): Template {
  return readJson(fileOf(variant, stack));
}

/** All templates of a variant; `other` has no chat. */
export function templatesOf(variant: Variant): Template[] {
  const there = STACKS.filter((stack) => existsSync(fileOf(variant, stack)));
  return there.map((stack) => templateOf(variant, stack));
}

/** Names of the stacks that each stack waits for. */
export function dependenciesOf(variant: Variant): { readonly [stack: string]: readonly string[] } {
  const { artifacts } = readJson(join(ASSEMBLIES, variant, 'manifest.json'));
  const dependencies: Record<string, string[]> = {};
  for (const [name, artifact] of Object.entries<{ type: string; dependencies?: string[] }>(artifacts)) {
    if (artifact.type !== 'aws:cloudformation:stack') continue;
    dependencies[name] = (artifact.dependencies ?? []).filter((other) => !other.endsWith('.assets'));
  }
  return dependencies;
}

/** Resources of a type, with their logical ids. */
export function resourcesOf(templates: Template | readonly Template[], type: string): [string, Resource][] {
  const all = 'Resources' in templates ? [templates] : templates;
  return all
    .flatMap(({ Resources }) => Object.entries(Resources))
    .filter(([, resource]) => resource.Type === type);
}

/** Properties of the resources of a type. */
export function propertiesOf(templates: Template | readonly Template[], type: string): JsonObject[] {
  return resourcesOf(templates, type).map(([, resource]) => resource.Properties);
}

/** The one resource of a type whose logical id starts so. */
export function resource(template: Template, type: string, prefix = ''): Resource {
  const found = resourcesOf(template, type).filter(([logicalId]) => logicalId.startsWith(prefix));
  const [first, ...others] = found;
  if (!first || others.length > 0) {
    throw new Error(`${type} ${prefix}: expected one resource, got ${found.length}`);
  }
  return first[1];
}

/** Every object in a JSON value, itself included. */
export function* objectsIn(value: JsonValue): Generator<JsonObject> {
  if (Array.isArray(value)) for (const item of value) yield* objectsIn(item);
  if (!isJsonObject(value)) return;
  yield value;
  for (const item of Object.values(value)) yield* objectsIn(item);
}
