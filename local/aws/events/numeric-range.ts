import { InvalidEventPatternError } from './pattern-error';

type NumberTest = (value: number) => boolean;

/** `["=", 5]`, `[">", 0]` or `[">=", 0, "<", 10]`: a lower bound first, then an upper one. */
export function numericRange(terms: readonly unknown[]): NumberTest {
  const [operator, first, ...rest] = terms;
  if (typeof operator !== 'string') {
    throw new InvalidEventPatternError(`Invalid member in numeric match: ${JSON.stringify(operator) ?? ']'}`);
  }
  switch (operator) {
    case '=': {
      const value = operand(operator, first);
      end(rest);
      return (number) => number === value;
    }
    case '<':
    case '<=': {
      const top = below(operator, operand(operator, first));
      end(rest);
      return top;
    }
    case '>':
    case '>=': {
      const bottom = operand(operator, first);
      const test: NumberTest = operator === '>' ? (number) => number > bottom : (number) => number >= bottom;
      return rest.length === 0 ? test : range(test, bottom, rest);
    }
    default:
      throw new InvalidEventPatternError(`Unrecognized numeric range operator: ${operator}`);
  }
}

function range(aboveBottom: NumberTest, bottom: number, terms: readonly unknown[]): NumberTest {
  const [operator, value, ...rest] = terms;
  if (typeof operator !== 'string') {
    throw new InvalidEventPatternError(`Bad value in numeric range: ${JSON.stringify(operator)}`);
  }
  if (operator !== '<' && operator !== '<=') {
    throw new InvalidEventPatternError(`Bad numeric range operator: ${operator}`);
  }
  const top = operand(operator, value);
  if (rest.length > 0) throw new InvalidEventPatternError('Too many terms in numeric range expression');
  if (bottom >= top) throw new InvalidEventPatternError('Bottom must be less than top');
  const belowTop = below(operator, top);
  return (number) => aboveBottom(number) && belowTop(number);
}

function below(operator: '<' | '<=', top: number): NumberTest {
  return operator === '<' ? (number) => number < top : (number) => number <= top;
}

function operand(operator: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new InvalidEventPatternError(`Value of ${operator === '=' ? 'equals' : operator} must be numeric`);
}

function end(rest: readonly unknown[]): void {
  if (rest.length > 0) throw new InvalidEventPatternError('Too many elements in numeric expression');
}
