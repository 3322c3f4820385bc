import { COVERAGE, type TypeCoverage } from '../local/resources/coverage';
import { INERT_TYPES } from '../local/resources/inert';

/** The tables of `docs/local-runtime.md` of what the local runtime does with resources, from those in the code. */
export function coverageTables(): string {
  const head = ['type', 'has its effect', 'has none, and why', 'refused'];
  const rows = Object.entries(COVERAGE).map(([type, coverage]) => [code([type]), ...cellsOf(coverage)]);
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  return `${table}\n\nAccepted without a look at their properties, for they do nothing on one machine: ${code([...INERT_TYPES])}.`;
}

function cellsOf({ used, without = {}, refused = [] }: TypeCoverage): string[] {
  return [code(sorted(used)), reasonsOf(without), code(sorted(refused))];
}

/** Properties by their reason: `Description`, `Name`: a word for people. */
function reasonsOf(without: Readonly<Record<string, string>>): string {
  const byReason = new Map<string, string[]>();
  for (const [property, reason] of Object.entries(without)) {
    byReason.set(reason, [...(byReason.get(reason) ?? []), property]);
  }
  return [...byReason].map(([reason, properties]) => `${code(sorted(properties))}: ${reason}`).join('; ');
}

const sorted = (names: readonly string[]) => [...names].sort();

function code(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ');
}

// `npm run coverage` prints them.
if (require.main === module) process.stdout.write(`${coverageTables()}\n`);
