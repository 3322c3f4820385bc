import { InvalidEventPatternError } from './pattern-error';

export type TextTest = (text: string) => boolean;

/**
 * A `*` stands for any text, also none; `\*` and `\\` for the characters themselves. `pattern` has its quotes, as the positions in
 * EventBridge's messages count them. Matching takes at most length of text times length of pattern.
 */
export function wildcard(pattern: string): TextTest {
  const tokens = wildcardTokens(pattern);
  return (text) => {
    let [at, token, star, resume] = [0, 0, -1, 0];
    while (at < text.length) {
      if (tokens[token] === ANY) {
        [star, resume] = [token, at];
        token += 1;
      } else if (tokens[token] === text[at]) {
        at += 1;
        token += 1;
      } else if (star !== -1) {
        resume += 1;
        [at, token] = [resume, star + 1];
      } else return false;
    }
    while (tokens[token] === ANY) token += 1;
    return token === tokens.length;
  };
}

const ANY = Symbol('any text');

function wildcardTokens(pattern: string): readonly (string | typeof ANY)[] {
  const tokens: (string | typeof ANY)[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern.charAt(at);
    if (character === '*') {
      if (pattern.charAt(at + 1) === '*') {
        throw new InvalidEventPatternError(`Consecutive wildcard characters at pos ${at}`);
      }
      tokens.push(ANY);
    } else if (character === '\\') {
      const escaped = pattern.charAt(at + 1);
      if (escaped !== '*' && escaped !== '\\') {
        throw new InvalidEventPatternError(`Invalid escape character at pos ${at}`);
      }
      tokens.push(escaped);
      at += 1;
    } else tokens.push(character);
  }
  return tokens;
}

/**
 * Each character of the pattern matches its lower or upper form in the text; forms may be longer than the character, so
 * `ß` matches `SS`, while `SS` does not match `ß`.
 */
export function ignoringCase(pattern: string, at: 'whole' | 'start' | 'end'): TextTest {
  const source = [...pattern]
    .map((character) => {
      const forms = new Set([character, character.toLowerCase(), character.toUpperCase()]);
      return `(?:${[...forms].map(escapeRegExp).join('|')})`;
    })
    .join('');
  const expression = new RegExp(`${at === 'end' ? '' : '^'}${source}${at === 'start' ? '' : '$'}`, 'u');
  return (text) => expression.test(text);
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
