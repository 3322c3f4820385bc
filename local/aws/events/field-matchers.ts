import type { Leaf } from './event-fields';
import { ipRange, sameAddress } from './ip-range';
import { numericRange } from './numeric-range';
import { InvalidEventPatternError } from './pattern-error';
import { ignoringCase, type TextTest, wildcard } from './text-matchers';

/** One alternative in a field's list: holds for a leaf of the field, or for the field being absent. */
export type FieldMatcher =
  | { readonly kind: 'leaf'; readonly test: (leaf: Leaf) => boolean }
  | { readonly kind: 'absent' };

/** The matcher of one item in the list of a pattern's field. @throws InvalidEventPatternError */
export function fieldMatcher(item: unknown): FieldMatcher {
  if (typeof item === 'string') {
    const quoted = `"${item}"`;
    const isAddress = sameAddress(item);
    return onText(isAddress ?? ((text) => text === quoted));
  }
  if (typeof item === 'number') return onLeaf(({ number }) => number === item);
  if (typeof item === 'boolean' || item === null) return onText((text) => text === String(item));
  if (typeof item !== 'object' || Array.isArray(item)) {
    throw new InvalidEventPatternError('Match value must be String, number, true, false, or null');
  }
  const [operator, operand] = onlyMember(item ?? {}, 'Match expression name not found');
  return operatorMatcher(operator, operand);
}

function operatorMatcher(operator: string, operand: unknown): FieldMatcher {
  switch (operator) {
    case 'exactly': {
      const quoted = `"${textOperand('exact', operand)}"`;
      return onText((text) => text === quoted);
    }
    case 'prefix':
      return onText(
        typeof operand === 'object' && isObject(operand) ? caseless('Prefix', operand) : prefix(operand),
      );
    case 'suffix':
      return onText(
        typeof operand === 'object' && isObject(operand) ? caseless('Suffix', operand) : suffix(operand),
      );
    case 'equals-ignore-case':
      return onText(ignoringCase(`"${textOperand(operator, operand)}"`, 'whole'));
    case 'wildcard':
      return onText(wildcard(`"${textOperand(operator, operand)}"`));
    case 'cidr':
      return onText(ipRange(textOperand(operator, operand)));
    case 'exists':
      if (typeof operand !== 'boolean') {
        throw new InvalidEventPatternError('exists match pattern must be either true or false.');
      }
      return operand ? onLeaf(() => true) : { kind: 'absent' };
    case 'numeric': {
      if (!Array.isArray(operand)) throw new InvalidEventPatternError('Value of numeric must be an array.');
      const inRange = numericRange(operand);
      return onLeaf(({ number }) => number !== undefined && inRange(number));
    }
    case 'anything-but':
      return anythingBut(operand);
    default:
      throw new InvalidEventPatternError(`Unrecognized match type ${operator}`);
  }
}

function prefix(operand: unknown): TextTest {
  const start = `"${textOperand('prefix', operand)}`;
  return (text) => text.startsWith(start);
}

function suffix(operand: unknown): TextTest {
  const end = `${textOperand('suffix', operand)}"`;
  return (text) => text.endsWith(end);
}

function caseless(where: 'Prefix' | 'Suffix', operand: object): TextTest {
  const [operator, value] = onlyMember(operand, `${where} expression name not found`);
  if (operator !== 'equals-ignore-case') {
    throw new InvalidEventPatternError(`Unsupported ${where.toLowerCase()} pattern: ${operator}`);
  }
  const text = textOperand(operator, value);
  return where === 'Prefix' ? ignoringCase(`"${text}`, 'start') : ignoringCase(`${text}"`, 'end');
}

function anythingBut(operand: unknown): FieldMatcher {
  if (isObject(operand)) return anythingButTexts(operand);
  const values = anythingButValues(operand);
  const numbers = values.filter((value) => typeof value === 'number');
  const texts = values.filter((value) => typeof value === 'string');
  if (numbers.length + texts.length !== values.length) {
    throw new InvalidEventPatternError('Inside anything but list, start|null|boolean is not supported.');
  }
  if ((numbers.length === 0) === (texts.length === 0)) {
    throw new InvalidEventPatternError(
      'Inside anything but list, either all values are number or string, mixed type is not supported',
    );
  }
  const quoted = new Set(texts.map((text) => `"${text}"`));
  return onLeaf(({ text, number }) => (number === undefined ? !quoted.has(text) : !numbers.includes(number)));
}

function anythingButTexts(operand: object): FieldMatcher {
  const [operator, value] = onlyMember(operand, 'Anything-But expression name not found');
  const test = ANYTHING_BUT.get(operator);
  if (test === undefined) throw new InvalidEventPatternError(`Unsupported anything-but pattern: ${operator}`);
  const values = anythingButValues(value);
  if (values.length === 0) throw new InvalidEventPatternError('Empty arrays are not allowed');
  const tests = values.map((item) => test(item));
  return onText((text) => !tests.some((matches) => matches(text)));
}

const ANYTHING_BUT: ReadonlyMap<string, (operand: unknown) => TextTest> = new Map([
  ['prefix', (operand) => prefix(affix(operand))],
  ['suffix', (operand) => suffix(affix(operand))],
  ['wildcard', (operand) => wildcard(`"${textOperand('wildcard', operand)}"`)],
  [
    'equals-ignore-case',
    (operand) => {
      if (typeof operand === 'string') return ignoringCase(`"${operand}"`, 'whole');
      throw new InvalidEventPatternError(
        'Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.',
      );
    },
  ],
]);

function affix(operand: unknown): string {
  const text = textOperand('prefix/suffix', operand);
  if (text === '') throw new InvalidEventPatternError('Null prefix/suffix not allowed');
  return text;
}

function anythingButValues(operand: unknown): readonly unknown[] {
  if (Array.isArray(operand)) return operand;
  if (typeof operand === 'string' || typeof operand === 'number') return [operand];
  throw new InvalidEventPatternError('Value of anything-but must be an array or single string/number value.');
}

function textOperand(operator: string, operand: unknown): string {
  if (typeof operand === 'string') return operand;
  throw new InvalidEventPatternError(`${operator} match pattern must be a string`);
}

function onlyMember(value: object, missing: string): readonly [string, unknown] {
  const [member, ...others] = Object.entries(value);
  if (member === undefined) throw new InvalidEventPatternError(missing);
  if (others.length > 0) throw new InvalidEventPatternError('Only one key allowed in match expression');
  return member;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function onText(test: TextTest): FieldMatcher {
  return { kind: 'leaf', test: ({ text }) => test(text) };
}

function onLeaf(test: (leaf: Leaf) => boolean): FieldMatcher {
  return { kind: 'leaf', test };
}
