import { isJsonObject, type JsonObject, type JsonValue } from '../../lambdas/contract/json';
import { type ConditionTest, conditionTest } from './conditions';
import { PolicyError } from './errors';
import { resourcePattern, type TextTest, textPattern } from './pattern';
import { type PrincipalTest, principalTest } from './principals';
import type { RequestContext } from './request';

/** What a policy hangs on: a role (`identity`), a resource, or a role as the thing that is assumed (`trust`). */
export type PolicyKind = 'identity' | 'resource' | 'trust';

/** A compiled statement. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  /** Of resource and trust policies. */
  readonly principal: PrincipalTest | undefined;
  /** Whether it speaks of this action on this resource under these conditions. */
  applies(action: string, resource: string, context: RequestContext): boolean;
}

const ELEMENTS = {
  identity: ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'],
  resource: ['Sid', 'Effect', 'Principal', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'],
  trust: ['Sid', 'Effect', 'Principal', 'Action', 'NotAction', 'Condition'],
} as const satisfies Record<PolicyKind, readonly string[]>;

const VERSIONS = ['2008-10-17', '2012-10-17'];
/** Action of the policy language: `service:Name`, wildcards allowed in the name, or `*`. */
const ACTION = /^(\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$/;

/**
 * Compiles a policy document.
 * @throws PolicyError for anything that is not understood: it must not pass as an allow or vanish as a deny
 */
export function compilePolicy(document: JsonValue, kind: PolicyKind): readonly Statement[] {
  if (!isJsonObject(document)) throw new PolicyError('policy', 'an object', document);
  const unknown = Object.keys(document).find((name) => !['Version', 'Id', 'Statement'].includes(name));
  if (unknown !== undefined) throw new PolicyError('policy', 'Version, Id and Statement', unknown);
  const version = document['Version'] ?? '2008-10-17';
  if (!VERSIONS.includes(String(version))) throw new PolicyError('Version', VERSIONS.join(' or '), version);
  return listOf(document['Statement']).map((statement, index) =>
    compileStatement(statement, kind, `Statement[${index}]`, version === '2012-10-17'),
  );
}

function compileStatement(value: JsonValue, kind: PolicyKind, path: string, variables: boolean): Statement {
  if (!isJsonObject(value)) throw new PolicyError(path, 'an object', value);
  const allowed: readonly string[] = ELEMENTS[kind];
  const unknown = Object.keys(value).find((name) => !allowed.includes(name));
  if (unknown !== undefined) throw new PolicyError(path, `the elements ${allowed.join(', ')}`, unknown);
  const effect = value['Effect'];
  if (effect !== 'Allow' && effect !== 'Deny')
    throw new PolicyError(`${path}.Effect`, 'Allow or Deny', effect);
  const action = actionTest(value, path);
  const resource = kind === 'trust' ? undefined : resourceTest(value, path, variables);
  const condition: ConditionTest | undefined = conditionTest(
    value['Condition'],
    `${path}.Condition`,
    variables,
  );
  return {
    effect,
    principal: kind === 'identity' ? undefined : principalTest(value['Principal'], `${path}.Principal`),
    applies: (wanted, on, context) =>
      action(wanted, context) && resource?.(on, context) !== false && condition?.(context) !== false,
  };
}

function actionTest(statement: JsonObject, path: string): TextTest {
  const { name, values, negated } = oneOf(statement, path, 'Action', 'NotAction');
  const tests = values.map((value) => {
    if (!ACTION.test(value)) throw new PolicyError(`${path}.${name}`, 'service:Action or *', value);
    return textPattern(value, `${path}.${name}`, { variables: false, ignoreCase: true });
  });
  return (action, context) => tests.some((test) => test(action, context)) !== negated;
}

function resourceTest(statement: JsonObject, path: string, variables: boolean): TextTest {
  const { name, values, negated } = oneOf(statement, path, 'Resource', 'NotResource');
  const tests = values.map((value) => resourcePattern(value, `${path}.${name}`, { variables }));
  // An action that knows no resource asks for `*`, which only `*` covers.
  return (resource, context) => tests.some((test) => test(resource, context)) !== negated;
}

function oneOf(statement: JsonObject, path: string, name: string, negation: string) {
  const negated = statement[negation] !== undefined;
  if (negated === (statement[name] !== undefined)) {
    throw new PolicyError(path, `one of ${name} and ${negation}`, negated ? 'both' : 'none');
  }
  const used = negated ? negation : name;
  const values = listOf(statement[used]).map((value) => {
    if (typeof value === 'string') return value;
    throw new PolicyError(`${path}.${used}`, 'text', value);
  });
  if (values.length === 0) throw new PolicyError(`${path}.${used}`, 'at least one value', values);
  return { name: used, values, negated };
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as JsonValue];
}
