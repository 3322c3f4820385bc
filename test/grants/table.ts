import type { Grant } from './grants';

/** What is known of a grant. */
export interface Row {
  readonly key: string;
  /** Scenario that fails without it; undefined where none does. */
  readonly neededBy: string | undefined;
  /** Of a superfluous one: whether anybody asks for it. */
  readonly note: string;
}

const HEAD = '| stack | holder | | action | about | fails without it |\n|---|---|---|---|---|---|';
const SUPERFLUOUS = '## Superfluous';
const ROW = /^\| `([^|]*)` \| `([^|]*)` \| ([^|]*) \| `([^|]*)` \| `([^|]*)` \| ([^|]*) \|$/;

/** Cells of a key, which cannot hold a bar. */
function cells(key: string): string {
  const [stack, holder, kind, action, subject] = key.split(' | ');
  return `| \`${stack}\` | \`${holder}\` | ${kind} | \`${action}\` | \`${subject}\` |`;
}

/** @param commit at which the last row was made */
export function renderTable(rows: readonly Row[], commit: string): string {
  const needed = rows.filter(({ neededBy }) => neededBy !== undefined);
  const superfluous = rows.filter(({ neededBy }) => neededBy === undefined);
  return `# Grants

Every grant of the templates was taken out of its template, one at a time, and the platform was run without it on the local
runtime (\`npm run test:grants\`; how it does that: \`test/grants/\`). The last column names the first scenario that failed. The
templates are those of the environment \`local\` with everything switched on (\`test/grants/configuration.ts\`). A statement counts
as one grant for each pair of action and resource, a statement that denies, trusts or lets in as one.

${rows.length} grants; last run at commit ${commit}. A whole run takes about twenty minutes on two cores;
\`npm run test:grants -- --missing\` runs what is new, and goes on with a run that was interrupted.

${HEAD}
${needed.map(({ key, neededBy }) => `${cells(key)} ${neededBy} |`).join('\n')}

${SUPERFLUOUS}

Nothing fails without these.
${
  superfluous.length === 0
    ? '\nThere are none.\n'
    : `\n${HEAD.replace('fails without it', 'asked for')}\n${superfluous.map(({ key, note }) => `${cells(key)} ${note} |`).join('\n')}\n`
}`;
}

/** Reads what `renderTable` wrote. */
export function readTable(text: string): Row[] {
  let superfluous = false;
  return text.split('\n').flatMap((line) => {
    if (line === SUPERFLUOUS) superfluous = true;
    const [, stack, holder, kind, action, subject, last = ''] = ROW.exec(line) ?? [];
    if (stack === undefined) return [];
    const key = [stack, holder, kind, action, subject].join(' | ');
    return [superfluous ? { key, neededBy: undefined, note: last } : { key, neededBy: last, note: '' }];
  });
}

/** Grants that a table does not have, and rows of grants that are gone. */
export function differences(grants: readonly Grant[], rows: readonly Row[]) {
  const inTemplates = new Set(grants.map(({ key }) => key));
  const inTable = new Set(rows.map(({ key }) => key));
  return {
    missing: grants.filter(({ key }) => !inTable.has(key)).map(({ key }) => key),
    gone: rows.filter(({ key }) => !inTemplates.has(key)).map(({ key }) => key),
  };
}
