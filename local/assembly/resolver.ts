import { hasDynamicReference, replaceDynamicReferences } from './dynamic-references';
import { type Place, ResolutionError } from './errors';
import { Evaluator } from './evaluator';
import type { PseudoParameters, ResolverLookups } from './lookups';
import { ParameterValues } from './parameter-values';
import { planResources } from './plan';
import { isRecord } from './references';
import type { Template, TemplateResource } from './template';

export interface StackResolverOptions {
  readonly stackName: string;
  readonly template: Template;
  readonly pseudo: PseudoParameters;
  readonly lookups: ResolverLookups;
  /** Values of template parameters that replace their defaults. */
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface ResolvedOutput {
  readonly value: unknown;
  readonly exportName: string | undefined;
  readonly description: string | undefined;
}

/**
 * Gives the expressions of one stack their values, when asked and not before: a resource is resolved once those that it refers
 * to exist. Parameters and conditions are looked up at their first use and kept.
 */
export class StackResolver {
  readonly stackName: string;
  readonly #template: Template;
  readonly #lookups: ResolverLookups;
  readonly #evaluator: Evaluator;

  constructor({ stackName, template, pseudo, lookups, parameters = {} }: StackResolverOptions) {
    this.stackName = stackName;
    this.#template = template;
    this.#lookups = lookups;
    const values = new ParameterValues(stackName, template, parameters, lookups);
    this.#evaluator = new Evaluator({ stackName, template, pseudo, lookups, values });
  }

  /** Logical ids to create, in order, without those whose condition is false. @throws ResourceCycleError, UnknownReferenceError */
  async plan(): Promise<string[]> {
    const held = new Map<string, boolean>();
    for (const { Condition } of Object.values(this.#template.Resources)) {
      if (Condition !== undefined) held.set(Condition, await this.condition(Condition));
    }
    return planResources(this.stackName, this.#template, (name) => held.get(name) === true);
  }

  /** Whether a named condition of the template holds. */
  condition(name: string): Promise<boolean> {
    return this.#evaluator.condition(name);
  }

  /** Whether the resource exists: true without a condition. */
  async isIncluded(logicalId: string): Promise<boolean> {
    const { Condition } = this.#resource(logicalId);
    return Condition === undefined || this.condition(Condition);
  }

  /** The resource's properties, all intrinsics and dynamic references replaced, members that are AWS::NoValue left out. */
  async properties(logicalId: string): Promise<Record<string, unknown>> {
    const resolved = await this.resolve(this.#resource(logicalId).Properties, logicalId);
    return isRecord(resolved) ? resolved : {};
  }

  /**
   * Any expression of the template.
   * @param owner logical id named in errors
   * @returns undefined for AWS::NoValue
   * @throws ResolutionError
   */
  async resolve(value: unknown, owner = 'template'): Promise<unknown> {
    const place: Place = { stackName: this.stackName, owner, path: '' };
    return this.#dynamic(await this.#evaluator.evaluate(value, place), place);
  }

  /** Outputs whose condition holds. References to secrets stay as text, as CloudFormation leaves them. */
  async outputs(): Promise<Record<string, ResolvedOutput>> {
    const outputs: Record<string, ResolvedOutput> = {};
    for (const [name, output] of Object.entries(this.#template.Outputs)) {
      if (output.Condition !== undefined && !(await this.condition(output.Condition))) continue;
      const place: Place = { stackName: this.stackName, owner: `Outputs.${name}`, path: '' };
      const exportName =
        output.Export === undefined ? undefined : await this.#evaluator.evaluate(output.Export.Name, place);
      outputs[name] = {
        value: await this.#evaluator.evaluate(output.Value, place),
        exportName: typeof exportName === 'string' ? exportName : undefined,
        description: output.Description,
      };
    }
    return outputs;
  }

  #resource(logicalId: string): TemplateResource {
    const resource = Object.hasOwn(this.#template.Resources, logicalId)
      ? this.#template.Resources[logicalId]
      : undefined;
    if (resource === undefined) {
      throw new ResolutionError(
        { stackName: this.stackName, owner: logicalId, path: '' },
        logicalId,
        'the template has no such resource',
      );
    }
    return resource;
  }

  async #dynamic(value: unknown, place: Place): Promise<unknown> {
    if (typeof value === 'string')
      return hasDynamicReference(value) ? this.#dynamicText(value, place) : value;
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (const [index, item] of value.entries())
        items.push(await this.#dynamic(item, below(place, `${index}`)));
      return items;
    }
    if (!isRecord(value)) return value;
    const entries: [string, unknown][] = [];
    for (const [key, child] of Object.entries(value)) {
      entries.push([key, await this.#dynamic(child, below(place, key))]);
    }
    return Object.fromEntries(entries);
  }

  async #dynamicText(text: string, place: Place): Promise<string> {
    try {
      return await replaceDynamicReferences(text, async (reference) =>
        reference.kind === 'ssm'
          ? this.#lookups.ssm(reference.name, reference.version)
          : this.#lookups.secret(reference.secretId, {
              jsonKey: reference.jsonKey,
              stage: reference.stage,
              versionId: reference.versionId,
            }),
      );
    } catch (cause) {
      throw new ResolutionError(place, text, cause instanceof Error ? cause.message : String(cause), {
        cause,
      });
    }
  }
}

function below(place: Place, key: string): Place {
  return { ...place, path: place.path === '' ? key : `${place.path}.${key}` };
}
