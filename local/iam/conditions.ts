import { isJsonObject, type JsonValue } from '../../lambdas/contract/json';
import { OPERATORS, type Operator } from './condition-operators';
import { CONTEXT_KEYS } from './context-keys';
import { PolicyError } from './errors';
import type { TextTest } from './pattern';
import type { RequestContext } from './request';

/** Whether a statement's conditions hold for a request. */
export type ConditionTest = (context: RequestContext) => boolean;

type Quantifier = 'ForAllValues' | 'ForAnyValue' | undefined;

interface OperatorName {
  readonly operator: Operator;
  readonly quantifier: Quantifier;
  readonly ifExists: boolean;
}

const NAME = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

/**
 * Compiles a `Condition` element: every operator and every key has to hold, one value of a key is enough.
 * @param variables whether `${key}` in values stands for a context key
 * @throws PolicyError for an operator, a key or a value that cannot be judged here
 */
export function conditionTest(
  value: JsonValue | undefined,
  path: string,
  variables: boolean,
): ConditionTest | undefined {
  if (value === undefined) return undefined;
  const tests = entriesOf(value, path).flatMap(([operator, keys]) =>
    entriesOf(keys, `${path}.${operator}`).map(([key, wanted]) =>
      keyTest(operator, key, wanted, `${path}.${operator}`, variables),
    ),
  );
  return (context) => tests.every((test) => test(context));
}

function entriesOf(value: JsonValue, path: string): readonly [string, JsonValue][] {
  if (!isJsonObject(value)) throw new PolicyError(path, 'an object', value);
  return Object.entries(value);
}

function keyTest(
  operatorText: string,
  key: string,
  wanted: JsonValue,
  path: string,
  variables: boolean,
): ConditionTest {
  const name = key.toLowerCase();
  const known = CONTEXT_KEYS.get(name);
  if (known === undefined) {
    throw new PolicyError(
      path,
      `a condition key that requests here carry (${[...CONTEXT_KEYS.keys()].join(', ')})`,
      key,
    );
  }
  const values = valuesOf(wanted, `${path}.${key}`);
  if (operatorText === 'Null') return nullTest(name, values, `${path}.${key}`);
  const { operator, quantifier, ifExists } = operatorOf(operatorText, path);
  if (known.many && quantifier === undefined) {
    throw new PolicyError(path, `ForAllValues or ForAnyValue before ${operatorText}`, key);
  }
  const tests = values.map((each) => operator.compile(each, `${path}.${key}`, variables));
  return (context) => holds(context.get(name), context, tests, operator, quantifier, ifExists);
}

/** A key that is absent fits negated operators and `ForAllValues`, as on AWS. */
function holds(
  given: readonly string[] | undefined,
  context: RequestContext,
  tests: readonly TextTest[],
  { negated = false }: Operator,
  quantifier: Quantifier,
  ifExists: boolean,
): boolean {
  if (given === undefined || given.length === 0) {
    if (ifExists || quantifier === 'ForAllValues') return true;
    return negated && quantifier === undefined;
  }
  const fits = (each: string) => tests.some((test) => test(each, context)) !== negated;
  return quantifier === 'ForAnyValue' ? given.some(fits) : given.every(fits);
}

function operatorOf(text: string, path: string): OperatorName {
  const [, quantifier, name = '', ifExists] = NAME.exec(text) ?? [];
  const operator = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
  if (operator === undefined) {
    throw new PolicyError(path, `an operator of ${Object.keys(OPERATORS).join(', ')}, Null`, text);
  }
  return { operator, quantifier: quantifier as Quantifier, ifExists: ifExists !== undefined };
}

function nullTest(key: string, values: readonly string[], path: string): ConditionTest {
  const wanted = values.map((value) => {
    if (value === 'true' || value === 'false') return value === 'true';
    throw new PolicyError(path, 'true or false', value);
  });
  return (context) => wanted.includes((context.get(key) ?? []).length === 0);
}

/** Values as text: JSON booleans and numbers are as good. */
function valuesOf(value: JsonValue, path: string): readonly string[] {
  const list: readonly JsonValue[] = Array.isArray(value) ? value : [value as JsonValue];
  if (list.length === 0) throw new PolicyError(path, 'at least one value', value);
  return list.map((each) => {
    if (['string', 'boolean', 'number'].includes(typeof each)) return String(each);
    throw new PolicyError(path, 'text', each);
  });
}

type ContextValues = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A request's keys as conditions read them; put together only when one is asked for, since most policies ask for none. */
export function contextOf(values: () => ContextValues): RequestContext {
  let known: ReadonlyMap<string, readonly string[]> | undefined;
  return {
    get: (key) => {
      known ??= byKey(values());
      return known.get(key);
    },
  };
}

function byKey(values: ContextValues): ReadonlyMap<string, readonly string[]> {
  const context = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined) context.set(key.toLowerCase(), typeof value === 'string' ? [value] : value);
  }
  return context;
}
