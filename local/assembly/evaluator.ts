import { type Place, ResolutionError } from './errors';
import { functionsOf, type IntrinsicContext } from './intrinsics';
import type { PseudoParameters, ResolverLookups } from './lookups';
import type { ParameterValues } from './parameter-values';
import { isRecord } from './references';
import type { Template } from './template';

interface EvaluatorOptions {
  readonly stackName: string;
  readonly template: Template;
  readonly pseudo: PseudoParameters;
  readonly lookups: ResolverLookups;
  readonly values: ParameterValues;
}

/** Evaluates intrinsic functions; dynamic references stay as text. AWS::NoValue is `undefined` and drops its member. */
export class Evaluator implements IntrinsicContext {
  readonly template: Template;
  readonly pseudo: PseudoParameters;
  readonly lookups: ResolverLookups;
  readonly #stackName: string;
  readonly #values: ParameterValues;
  readonly #conditions = new Map<string, boolean>();

  constructor({ stackName, template, pseudo, lookups, values }: EvaluatorOptions) {
    this.#stackName = stackName;
    this.template = template;
    this.pseudo = pseudo;
    this.lookups = lookups;
    this.#values = values;
  }

  async evaluate(value: unknown, place: Place): Promise<unknown> {
    if (Array.isArray(value)) return this.#items(value, place);
    if (!isRecord(value)) return value;
    const call = intrinsicCall(value);
    if (call === undefined) return this.#members(value, place);
    const [name, argument] = call;
    const run = functionsOf(name);
    if (run === undefined)
      throw new ResolutionError(place, value, `the function ${name} is not known locally`);
    try {
      return await run(this, argument, { ...place, path: step(place.path, name) });
    } catch (cause) {
      if (cause instanceof ResolutionError) throw cause;
      throw new ResolutionError(place, value, cause instanceof Error ? cause.message : String(cause), {
        cause,
      });
    }
  }

  async ref(name: string): Promise<unknown> {
    if (name.startsWith('AWS::')) return this.#pseudo(name);
    if (this.#values.has(name)) return this.#values.value(name);
    await this.requireResource(name);
    return required(await this.lookups.ref(name), 'Ref');
  }

  async attribute(logicalId: string, attribute: string): Promise<unknown> {
    await this.requireResource(logicalId);
    return required(await this.lookups.attribute(logicalId, attribute), attribute);
  }

  async condition(name: string, seen: readonly string[] = []): Promise<boolean> {
    const known = this.#conditions.get(name);
    if (known !== undefined) return known;
    const place: Place = { stackName: this.#stackName, owner: `Conditions.${name}`, path: '' };
    if (!Object.hasOwn(this.template.Conditions, name)) {
      throw new ResolutionError(place, name, 'the template has no such condition');
    }
    if (seen.includes(name)) {
      throw new ResolutionError(
        place,
        name,
        `conditions refer to each other: ${[...seen, name].join(' -> ')}`,
      );
    }
    const holds = await this.#test(this.template.Conditions[name], place, [...seen, name]);
    this.#conditions.set(name, holds);
    return holds;
  }

  async requireResource(logicalId: string): Promise<void> {
    const resource = Object.hasOwn(this.template.Resources, logicalId)
      ? this.template.Resources[logicalId]
      : undefined;
    if (resource === undefined) throw new Error(`the template has no resource or parameter ${logicalId}`);
    if (resource.Condition !== undefined && !(await this.condition(resource.Condition))) {
      throw new Error(
        `the resource ${logicalId} does not exist: its condition ${resource.Condition} is false`,
      );
    }
  }

  async #test(expression: unknown, place: Place, seen: readonly string[]): Promise<boolean> {
    const [name, argument] = (isRecord(expression) ? intrinsicCall(expression, true) : undefined) ?? [];
    const terms = Array.isArray(argument) ? argument : [];
    switch (name) {
      case 'Condition':
        if (typeof argument !== 'string') break;
        return this.condition(argument, seen);
      case 'Fn::Equals': {
        if (terms.length !== 2) break;
        const [left, right] = [await this.evaluate(terms[0], place), await this.evaluate(terms[1], place)];
        return comparable(left) === comparable(right);
      }
      case 'Fn::Not':
        if (terms.length !== 1) break;
        return !(await this.#test(terms[0], place, seen));
      case 'Fn::And':
      case 'Fn::Or': {
        if (terms.length < 1) break;
        const results: boolean[] = [];
        for (const term of terms) results.push(await this.#test(term, place, seen));
        return name === 'Fn::And' ? results.every(Boolean) : results.some(Boolean);
      }
      default:
    }
    throw new ResolutionError(
      place,
      expression,
      'expected Condition, Fn::Equals with 2 values, Fn::Not with 1 condition, Fn::And or Fn::Or',
    );
  }

  async #items(value: readonly unknown[], place: Place): Promise<unknown[]> {
    const items: unknown[] = [];
    for (const [index, item] of value.entries()) {
      const resolved = await this.evaluate(item, { ...place, path: step(place.path, `${index}`) });
      if (resolved !== undefined) items.push(resolved);
    }
    return items;
  }

  async #members(value: Record<string, unknown>, place: Place): Promise<Record<string, unknown>> {
    const entries: [string, unknown][] = [];
    for (const [key, child] of Object.entries(value)) {
      const resolved = await this.evaluate(child, { ...place, path: step(place.path, key) });
      if (resolved !== undefined) entries.push([key, resolved]);
    }
    return Object.fromEntries(entries);
  }

  #pseudo(name: string): unknown {
    const { region, accountId, partition = 'aws', urlSuffix = 'amazonaws.com' } = this.pseudo;
    switch (name) {
      case 'AWS::Region':
        return region;
      case 'AWS::AccountId':
        return accountId;
      case 'AWS::Partition':
        return partition;
      case 'AWS::URLSuffix':
        return urlSuffix;
      case 'AWS::StackName':
        return this.#stackName;
      case 'AWS::StackId':
        return (
          this.pseudo.stackId ??
          `arn:${partition}:cloudformation:${region}:${accountId}:stack/${this.#stackName}/local`
        );
      case 'AWS::NotificationARNs':
        return [];
      case 'AWS::NoValue':
        return undefined;
      default:
        throw new Error(`there is no pseudo parameter ${name}`);
    }
  }
}

/**
 * `{ "Fn::X": argument }` or `{ "Ref": name }`. A lone `Condition` is a call only where a condition is evaluated: in a policy
 * statement it is an ordinary member.
 */
function intrinsicCall(
  value: Record<string, unknown>,
  inCondition = false,
): readonly [string, unknown] | undefined {
  const keys = Object.keys(value);
  const name = keys[0];
  if (name === undefined || keys.length !== 1) return undefined;
  const isCall = name === 'Ref' || name.startsWith('Fn::') || (inCondition && name === 'Condition');
  return isCall ? [name, value[name]] : undefined;
}

function required(value: unknown, what: string): unknown {
  if (value === undefined) throw new Error(`it has no value for ${what}`);
  return value;
}

// CloudFormation compares text: the number 1 equals the string "1".
function comparable(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function step(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
