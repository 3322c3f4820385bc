import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COVERAGE, refusedIn, unknownIn } from '../../local/resources/coverage';
import { INERT_TYPES } from '../../local/resources/inert';
import { KNOWN_TYPES } from '../../local/resources/providers';
import { coverageTables } from '../../scripts/coverage';

const ROOT = join(__dirname, '..', '..');
const RESOURCES = join(ROOT, 'local', 'resources');

const types = Object.keys(COVERAGE);

/** Names of the providers by their types, as `providers.ts` lists them. */
function providers(): Map<string, string> {
  const text = readFileSync(join(RESOURCES, 'providers.ts'), 'utf8');
  return new Map(
    [...text.matchAll(/'(AWS::\w+::\w+)': (\w+),/g)].map(([, type = '', name = '']) => [type, name]),
  );
}

/** The source of each provider, by its name. */
function sources(): Map<string, string> {
  const texts = readdirSync(RESOURCES).map((file) => readFileSync(join(RESOURCES, file), 'utf8'));
  const all = texts.flatMap((text) => text.split(/^(?=export const )/m));
  return new Map(all.map((source) => [/^export const (\w+): Provider/.exec(source)?.[1] ?? '', source]));
}

const READS = [
  /(?:\bproperties|new Properties\(request\))\s*\.\w+\('(\w+)'/g,
  /request\.properties\['(\w+)'\]/g,
  /(?:functionOf|documentOf)\(request, '(\w+)'\)/g,
];

/** Properties that a provider names. */
function readsOf(source: string): string[] {
  const named = READS.flatMap((pattern) => [...source.matchAll(pattern)].map(([, name = '']) => name));
  if (source.includes('documentOf(request)')) named.push('PolicyDocument');
  return [...new Set(named)].sort();
}

/** They hand all properties to the API, which checks them, or read a table of names. */
const BY_TABLE = new Set([
  'AWS::DynamoDB::Table',
  'AWS::Events::ApiDestination',
  'AWS::Events::Connection',
  'AWS::SQS::Queue',
]);

describe('the table of what providers do with properties', () => {
  it('has every type that is run', () => {
    expect(types).toEqual([...KNOWN_TYPES].filter((type) => !INERT_TYPES.has(type)));
  });

  it.each(types.filter((type) => !BY_TABLE.has(type)))(
    '%s: what is used is what its provider reads',
    (type) => {
      const source = sources().get(providers().get(type) ?? '') ?? '';
      expect(source).not.toBe('');
      expect([...(COVERAGE[type]?.used ?? [])].sort()).toEqual(readsOf(source));
    },
  );

  it.each(types)('%s: no property stands twice', (type) => {
    const { used = [], without = {}, refused = [] } = COVERAGE[type] ?? {};
    const all = [...used, ...Object.keys(without), ...refused];
    expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([]);
  });

  it('tells what is refused from what is unknown', () => {
    const properties = { Layers: [], Timeout: 3, Description: 'x', Tags: [], Colour: 'blue' };
    expect(refusedIn('AWS::Lambda::Function', properties)).toEqual(['Layers']);
    expect(unknownIn('AWS::Lambda::Function', properties)).toEqual(['Colour']);
  });

  it('is the one of docs/local-runtime.md (npm run coverage)', () => {
    expect(readFileSync(join(ROOT, 'docs', 'local-runtime.md'), 'utf8')).toContain(coverageTables());
  });
});
