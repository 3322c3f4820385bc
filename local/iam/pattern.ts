import { CONTEXT_KEYS } from './context-keys';
import { PolicyError } from './errors';
import type { RequestContext } from './request';

/** Whether a text fits, given the keys of a request (patterns may name them as variables). */
export type TextTest = (text: string, context: RequestContext) => boolean;

/** A part of a pattern: text as it stands, `*`, `?`, or the value of a context key. */
type Token =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'one' }
  | { readonly kind: 'key'; readonly key: string; readonly otherwise: string | undefined };

export interface PatternOptions {
  /** Whether `${key}` stands for a context key (policies of version 2012-10-17). */
  readonly variables: boolean;
  /** Whether `*` and `?` stand for other characters. @default true */
  readonly wildcards?: boolean;
  readonly ignoreCase?: boolean;
}

const VARIABLE = /^\$\{([^}]*)\}/;
const KEY_WITH_DEFAULT = /^\s*([^,\s]+)\s*(?:,\s*'([^']*)'\s*)?$/;

/**
 * Compiles a text with wildcards and variables.
 * @param path where it stands, for errors
 * @throws PolicyError for a variable that no request here carries
 */
export function textPattern(pattern: string, path: string, options: PatternOptions): TextTest {
  return testOf(tokensOf(pattern, path, options), options.ignoreCase === true);
}

/**
 * Compiles a `Resource`: `*`, or an ARN as `arnPattern` reads it, whose missing parts fit everything (`arn:aws:sqs:*`).
 * @throws PolicyError
 */
export function resourcePattern(pattern: string, path: string, options: PatternOptions): TextTest {
  if (pattern === '*') return () => true;
  if (!pattern.startsWith('arn:')) throw new PolicyError(path, '* or an ARN', pattern);
  // AWS puts values in behind the fifth colon only; before it, the pattern would silently fit nothing.
  if (options.variables && /^(?:[^:]*:){0,4}[^:]*\$\{[^*?$]/.test(pattern)) {
    throw new PolicyError(path, 'variables behind the fifth colon only', pattern);
  }
  const missing = Math.max(0, 6 - arnSegments(pattern).length);
  return arnPattern(pattern + ':*'.repeat(missing), path, options);
}

/**
 * Compiles an ARN, part by part: `*` does not reach over a colon before the sixth part.
 * @throws PolicyError
 */
export function arnPattern(pattern: string, path: string, options: PatternOptions): TextTest {
  const parts = splitAtColons(tokensOf(pattern, path, options)).map((tokens) => testOf(tokens, false));
  if (parts.length < 6) throw new PolicyError(path, 'an ARN of six parts', pattern);
  return (text, context) => {
    const segments = arnSegments(text);
    return segments.length === 6 && parts.every((test, index) => test(segments[index] ?? '', context));
  };
}

/** The six parts of an ARN; the last one may hold colons. */
function arnSegments(arn: string): string[] {
  const segments = arn.split(':');
  return segments.length <= 6 ? segments : [...segments.slice(0, 5), segments.slice(5).join(':')];
}

function tokensOf(pattern: string, path: string, { variables, wildcards = true }: PatternOptions): Token[] {
  const tokens: Token[] = [];
  for (let rest = pattern; rest !== ''; ) {
    const variable = variables ? VARIABLE.exec(rest) : null;
    if (variable) {
      tokens.push(variableToken(variable[1] ?? '', path));
      rest = rest.slice(variable[0].length);
      continue;
    }
    const [character = ''] = rest;
    if (wildcards && character === '*') tokens.push({ kind: 'any' });
    else if (wildcards && character === '?') tokens.push({ kind: 'one' });
    else tokens.push({ kind: 'text', text: character });
    rest = rest.slice(character.length);
  }
  return tokens;
}

function variableToken(content: string, path: string): Token {
  if (['*', '?', '$'].includes(content)) return { kind: 'text', text: content };
  const [, name = '', otherwise] = KEY_WITH_DEFAULT.exec(content) ?? [];
  const key = name.toLowerCase();
  if (CONTEXT_KEYS.get(key)?.many !== false) {
    throw new PolicyError(
      path,
      'variables that name a context key of one value that the local runtime knows',
      content,
    );
  }
  return { kind: 'key', key, otherwise };
}

/** Six lists of tokens. Colons that come out of a variable do not count. */
function splitAtColons(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === 'text' && token.text === ':' && parts.length < 6) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

function testOf(tokens: readonly Token[], ignoreCase: boolean): TextTest {
  if (tokens.some(({ kind }) => kind === 'key')) {
    return (text, context) => expressionOf(tokens, context, ignoreCase)?.test(text) === true;
  }
  if (tokens.every(({ kind }) => kind === 'text')) {
    const expected = tokens.map((token) => (token.kind === 'text' ? token.text : '')).join('');
    return ignoreCase ? equalsIgnoringCase(expected) : (text) => text === expected;
  }
  if (tokens.length === 1 && tokens[0]?.kind === 'any') return () => true;
  const expression = expressionOf(tokens, new Map(), ignoreCase);
  return (text) => expression?.test(text) === true;
}

function equalsIgnoringCase(expected: string): TextTest {
  const lower = expected.toLowerCase();
  return (text) => text.length === lower.length && text.toLowerCase() === lower;
}

/** Undefined where a variable has no value: such a pattern fits nothing. */
function expressionOf(
  tokens: readonly Token[],
  context: RequestContext,
  ignoreCase: boolean,
): RegExp | undefined {
  let source = '';
  for (const token of tokens) {
    if (token.kind === 'any') source += '.*';
    else if (token.kind === 'one') source += '.';
    else {
      const text = token.kind === 'text' ? token.text : (context.get(token.key)?.[0] ?? token.otherwise);
      if (text === undefined) return undefined;
      source += text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    }
  }
  return new RegExp(`^${source}$`, ignoreCase ? 'is' : 's');
}
