import { isJsonObject, type JsonObject } from '../lambdas/contract/json';
import {
  type Assembly,
  checkResourceTypes,
  loadAssembly,
  type ResolvedOutput,
  StackResolver,
  type StackTemplate,
} from './assembly';
import type { LocalCloud } from './cloud';
import { INERT_TYPES, inertAttribute } from './resources/inert';
import type { CreatedResource, ResourceRequest } from './resources/provider';
import { KNOWN_TYPES, providerOf } from './resources/providers';

export interface CreatedStacks {
  readonly stacks: number;
  readonly resources: number;
  /** Outputs by `stack.output`, with local addresses in them. */
  readonly outputs: ReadonlyMap<string, string>;
}

/** A resource could not be made; the cause says why. */
export class ResourceFailedError extends Error {
  override readonly name = 'ResourceFailedError';

  constructor(stack: string, logicalId: string, type: string, cause: unknown) {
    super(`${stack}/${logicalId} (${type}): ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/** Two assemblies have a stack of one name: on AWS, the second would replace the first. */
export class DuplicateStackError extends Error {
  override readonly name = 'DuplicateStackError';

  constructor(stack: string, directories: readonly string[]) {
    super(`stack ${stack}: expected one app that has it, got it in ${directories.join(' and ')}`);
  }
}

/**
 * Makes every resource of assemblies, one after another and stack after stack in the order of their dependencies, as
 * deployments would. What an assembly reads from SSM has to come before it.
 * @throws UnknownResourceTypesError, DuplicateStackError before anything is made
 */
export async function createStacks(
  directories: readonly string[],
  cloud: LocalCloud,
): Promise<CreatedStacks> {
  const assemblies = directories.map(loadAssembly);
  const stacks = assemblies.flatMap((assembly) => assembly.stacks);
  refuseDuplicates(assemblies);
  checkResourceTypes(stacks, KNOWN_TYPES);
  const outputs = new Map<string, string>();
  let resources = 0;
  for (const stack of stacks) {
    const created = await createStack(stack, cloud);
    resources += created.resources;
    for (const [name, { value }] of Object.entries(created.outputs)) {
      outputs.set(`${stack.name}.${name}`, cloud.apis.localize(String(value)));
    }
  }
  return { stacks: stacks.length, resources, outputs };
}

function refuseDuplicates(assemblies: readonly Assembly[]): void {
  const owners = new Map<string, string>();
  for (const { directory, stacks } of assemblies) {
    for (const { name } of stacks) {
      const owner = owners.get(name);
      if (owner !== undefined) throw new DuplicateStackError(name, [owner, directory]);
      owners.set(name, directory);
    }
  }
}

async function createStack(
  stack: StackTemplate,
  cloud: LocalCloud,
): Promise<{ readonly resources: number; readonly outputs: Record<string, ResolvedOutput> }> {
  const made = new Map<string, { readonly request: ResourceRequest; readonly resource: CreatedResource }>();
  const find = (logicalId: string) => {
    const found = made.get(logicalId);
    if (!found) throw new Error(`expected a resource that is made before, got ${logicalId}`);
    return found;
  };
  const resolver = new StackResolver({
    stackName: stack.name,
    template: stack.template,
    pseudo: { region: cloud.region, accountId: cloud.account },
    parameters: stack.parameters,
    lookups: {
      ref: (logicalId) => find(logicalId).resource.ref,
      attribute: (logicalId, attribute) => {
        const { request, resource } = find(logicalId);
        const value = resource.attributes?.[attribute];
        if (value !== undefined) return value;
        if (INERT_TYPES.has(request.type)) return inertAttribute(request, attribute);
        throw new Error(
          `${logicalId} (${request.type}): expected an attribute that is known here, got ${attribute}`,
        );
      },
      ssm: (name) => ssmValue(name, cloud),
      secret: (secretId, { jsonKey }) => secretValue(secretId, jsonKey, cloud),
      exported: (name) => {
        throw new Error(`expected no cross-stack import, got ${name}`);
      },
      stackOutput: (name, output) => {
        throw new Error(`expected no cross-stack reference, got ${name}.${output}`);
      },
    },
  });
  const plan = await resolver.plan();
  for (const logicalId of plan) {
    const type = stack.template.Resources[logicalId]?.Type ?? '';
    try {
      const resolved = INERT_TYPES.has(type) ? {} : await resolver.properties(logicalId);
      const request: ResourceRequest = {
        stack: stack.name,
        logicalId,
        type,
        properties: localize(resolved, cloud),
        assetDirectory: (key) => stack.assetPath(key),
      };
      made.set(logicalId, { request, resource: await providerOf(type)(request, cloud) });
    } catch (error) {
      throw new ResourceFailedError(stack.name, logicalId, type, error);
    }
  }
  return { resources: plan.length, outputs: await resolver.outputs() };
}

/** CDK asks for the version of the bootstrap stack, which nothing here needs. */
const BOOTSTRAP_VERSION = /^\/cdk-bootstrap\/[^/]+\/version$/;

function ssmValue(name: string, cloud: LocalCloud): string {
  const found = cloud.ssm.find(name)?.value;
  if (found !== undefined) return found;
  if (BOOTSTRAP_VERSION.test(name)) return '999';
  throw new Error(`expected an SSM parameter that an earlier stack has made, got ${name}, which none has`);
}

function secretValue(secretId: string, jsonKey: string | undefined, cloud: LocalCloud): string {
  const value = cloud.secrets.value(secretId);
  if (jsonKey === undefined || jsonKey === '') return value;
  const parsed: unknown = JSON.parse(value);
  const member = isJsonObject(parsed) ? parsed[jsonKey] : undefined;
  if (typeof member !== 'string')
    throw new Error(`expected a text member ${jsonKey} in the secret, got none`);
  return member;
}

/** Local addresses in place of API Gateway's, in every text of a resource. */
function localize(properties: Record<string, unknown>, cloud: LocalCloud): JsonObject {
  const text = JSON.stringify(properties);
  return JSON.parse(cloud.apis.localize(text)) as JsonObject;
}
