import { type EventFields, fieldsOf, type Leaf } from './event-fields';
import { type FieldMatcher, fieldMatcher } from './field-matchers';
import { InvalidEventPatternError } from './pattern-error';

/** Characters of a pattern; EventBridge's quota. */
const LONGEST_PATTERN = 2048;
/** Combinations that nested `$or` lists may multiply to; EventBridge's limit. */
const MOST_COMBINATIONS = 1000;

/** Names that cannot be fields inside `$or`: operators, and words kept for future ones. */
const RESERVED_IN_OR: ReadonlySet<string> = new Set([
  ...[
    'exactly',
    'equals-ignore-case',
    'prefix',
    'suffix',
    'anything-but',
    'exists',
    'wildcard',
    'numeric',
    'cidr',
  ],
  ...['=', '<', '<=', '>', '>=', 'regex', 'not-wildcard', 'not-equals-ignore-case'],
  ...['date-after', 'date-on-or-after', 'date-before', 'date-on-or-before'],
]);

/** One combination of a pattern: each path's alternatives, all paths must match. */
type Combination = ReadonlyMap<string, readonly FieldMatcher[]>;

export type EventTest = (event: unknown) => boolean;

/** A pattern as JSON text, as the API has it, or as the object that a template has. */
export type EventPattern = string | object;

export function patternText(pattern: EventPattern): string {
  return typeof pattern === 'string' ? pattern : JSON.stringify(pattern);
}

/**
 * Compiles an event pattern as EventBridge reads it.
 * @param json the pattern's JSON text
 * @throws InvalidEventPatternError and nothing else
 */
export function compilePattern(json: string): EventTest {
  if (json.length > LONGEST_PATTERN) {
    throw new InvalidEventPatternError(`expected at most ${LONGEST_PATTERN} characters, got ${json.length}`);
  }
  let pattern: unknown;
  try {
    pattern = JSON.parse(json);
  } catch (error) {
    throw new InvalidEventPatternError(error instanceof Error ? error.message : String(error));
  }
  if (!isObject(pattern)) throw new InvalidEventPatternError('Filter is not an object');
  const combinations = readObject(pattern, '', [new Map()], false);
  return (event) => {
    const fields = fieldsOf(event);
    return combinations.some((combination) => matches(combination, fields));
  };
}

function readObject(
  pattern: object,
  path: string,
  before: readonly Combination[],
  insideOr: boolean,
): readonly Combination[] {
  const members = Object.entries(pattern);
  if (members.length === 0) throw new InvalidEventPatternError('Empty objects are not allowed');
  return members.reduce((combinations, [key, value]) => {
    if (key === '$or') return readOr(value, path, combinations);
    if (insideOr && RESERVED_IN_OR.has(key)) {
      throw new InvalidEventPatternError(
        `${key} is Ruler reserved fieldName which cannot be used inside $or.`,
      );
    }
    const field = path === '' ? key : `${path}.${key}`;
    if (isObject(value)) return readObject(value, field, combinations, insideOr);
    if (!Array.isArray(value)) throw new InvalidEventPatternError(`"${key}" must be an object or an array`);
    if (value.length === 0) throw new InvalidEventPatternError('Empty arrays are not allowed');
    const matchers = value.map(fieldMatcher);
    return combinations.map((combination) => new Map(combination).set(field, matchers));
  }, before);
}

function readOr(value: unknown, path: string, before: readonly Combination[]): readonly Combination[] {
  if (!Array.isArray(value)) throw new InvalidEventPatternError('It must be an Array followed with $or.');
  const combinations = value.flatMap((branch: unknown) => {
    if (!isObject(branch)) {
      throw new InvalidEventPatternError('Only JSON object is allowed in array of $or relationship.');
    }
    return readObject(branch, path, before, true);
  });
  if (value.length < 2) {
    throw new InvalidEventPatternError('There must have at least 2 Objects in $or relationship.');
  }
  if (combinations.length > MOST_COMBINATIONS) {
    throw new InvalidEventPatternError(
      `$or makes ${combinations.length} combinations, expected at most ${MOST_COMBINATIONS}`,
    );
  }
  return combinations;
}

type Elements = Leaf['elements'];

/** Whether every path has a matching leaf, all of them in the same elements of the arrays that they share. */
function matches(combination: Combination, fields: EventFields): boolean {
  const choices: (readonly Elements[])[] = [];
  for (const [path, matchers] of combination) {
    const leaves = fields.get(path);
    if (leaves === undefined) {
      if (matchers.some(({ kind }) => kind === 'absent')) continue;
      return false;
    }
    const places = distinct(
      leaves.filter((leaf) => matchers.some((matcher) => matcher.kind === 'leaf' && matcher.test(leaf))),
    );
    if (places.length === 0) return false;
    if (!places.some(({ size }) => size === 0)) choices.push(places);
  }
  return isConsistent(choices, new Map());
}

// Leaves in the same elements are the same choice, and one outside every array fits any other.
function distinct(leaves: readonly Leaf[]): readonly Elements[] {
  const places = new Map<string, Elements>();
  for (const { elements } of leaves) places.set([...elements].join(';'), elements);
  return [...places.values()];
}

function isConsistent(choices: readonly (readonly Elements[])[], chosen: Elements): boolean {
  const [first, ...rest] = choices;
  if (first === undefined) return true;
  return first.some((elements) => {
    for (const [array, index] of elements) {
      if ((chosen.get(array) ?? index) !== index) return false;
    }
    return isConsistent(rest, new Map([...chosen, ...elements]));
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
