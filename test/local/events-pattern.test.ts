import fc from 'fast-check';
import { compilePattern, InvalidEventPatternError } from '../../local/aws/events';
import { rounds } from '../support/counts';
import vectors from './event-patterns.json';

interface Vector {
  readonly name: string;
  readonly pattern: unknown;
  readonly event?: unknown;
  readonly expected?: boolean;
  /** Reason that an invalid pattern is refused with. */
  readonly invalid?: string;
}

const all: readonly Vector[] = vectors;

describe('event patterns', () => {
  it.each(all.filter(({ invalid }) => invalid === undefined).map((vector) => [vector.name, vector] as const))(
    'answers as EventBridge does: %s',
    (_name, { pattern, event, expected }) => {
      expect(compilePattern(JSON.stringify(pattern))(event)).toBe(expected);
    },
  );

  it.each(all.filter(({ invalid }) => invalid !== undefined).map((vector) => [vector.name, vector] as const))(
    'refuses: %s',
    (_name, { pattern, invalid }) => {
      expect(() => compilePattern(JSON.stringify(pattern))).toThrow(
        expect.objectContaining({
          code: 'InvalidEventPatternException',
          message: `Event pattern is not valid. Reason: ${invalid}`,
        }),
      );
    },
  );

  it('refuses text that is no JSON, and more of it than EventBridge takes', () => {
    expect(() => compilePattern('{"a": closed')).toThrow(InvalidEventPatternError);
    expect(() => compilePattern(JSON.stringify({ a: ['x'.repeat(2048)] }))).toThrow(
      /at most 2048 characters/,
    );
  });

  it('refuses more combinations of $or than EventBridge takes', () => {
    const or = Array.from({ length: 11 }, (_, index) => ({ f: [index] }));
    const pattern = { a: { $or: or }, b: { $or: or }, c: { $or: or } };
    expect(() => compilePattern(JSON.stringify(pattern))).toThrow(/1331 combinations/);
  });

  it('matches a long text against a hostile wildcard quickly', () => {
    const matches = compilePattern(JSON.stringify({ a: [{ wildcard: `${'*a'.repeat(20)}b` }] }));
    const started = Date.now();
    expect(matches({ a: 'a'.repeat(50_000) })).toBe(false);
    expect(Date.now() - started).toBeLessThan(1000);
  });

  it('throws nothing but InvalidEventPatternError, whatever the pattern', () => {
    const word = fc.constantFrom(
      ...[
        '$or',
        'prefix',
        'suffix',
        'anything-but',
        'numeric',
        'exists',
        'cidr',
        'wildcard',
        'equals-ignore-case',
      ],
      ...['a', 'a.b', '', '*', '\\', '10.0.0.0/8', '::/0', '=', '>', '<', '__proto__'],
    );
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 6, withCrossShrink: true },
        fc.oneof(word, fc.string(), fc.double(), fc.boolean(), fc.constant(null)),
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(word, tie('node'), { maxKeys: 3 }),
      ),
    })).node;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          value.map((node) => JSON.stringify(node)),
        ),
        value,
        (text, event) => {
          try {
            expect(typeof compilePattern(text)(event)).toBe('boolean');
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidEventPatternError);
          }
        },
      ),
      { numRuns: rounds(2000, 100_000) },
    );
  });

  it('matches every event by the pattern that lists all its own leaves', () => {
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    const key = fc.stringMatching(/^[a-z]{1,4}$/);
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.oneof(scalar, fc.dictionary(key, scalar, { minKeys: 1 })), {
          minKeys: 1,
          maxKeys: 4,
        }),
        (event) => {
          const listed = (value: unknown): unknown =>
            typeof value === 'object' && value !== null
              ? Object.fromEntries(Object.entries(value).map(([name, child]) => [name, listed(child)]))
              : [value];
          const pattern = JSON.stringify(listed(event));
          fc.pre(pattern.length <= 2048);
          expect(compilePattern(pattern)(event)).toBe(true);
        },
      ),
    );
  });
});
