import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Grant, grantsOf } from '../test/grants/grants';
import { isClear, type Outcome, runWithout } from '../test/grants/removal';
import { type Failure, runScenarios } from '../test/grants/scenarios';
import { differences, type Row, readTable, renderTable } from '../test/grants/table';
import { synthesizeTemplates } from '../test/grants/templates';
import { startWorld } from '../test/grants/world';

/**
 * Takes every grant of the templates away, one at a time, and writes down what fails without it: `npm run test:grants`.
 * `--missing` does so only for grants that the table lacks, and drops rows of grants that are gone; `--only TEXT` for those
 * whose key has the text, and prints instead of writing.
 */

const USAGE = 'expected npm run test:grants [-- --missing | --only TEXT]';
const TABLE = join(__dirname, '..', 'docs', 'grants.md');
/** Above the ports of other suites. */
const BASE_PORT = 6000;
const PORTS_OF_A_WORKER = 500;
/** As many as a world has cores for. */
const WORKERS = 2;

const say = (line: string) => process.stdout.write(`${line}\n`);

interface Options {
  readonly missing: boolean;
  readonly only: string | undefined;
}

function readOptions(args: readonly string[]): Options | undefined {
  if (args.length === 0) return { missing: false, only: undefined };
  if (args.length === 1 && args[0] === '--missing') return { missing: true, only: undefined };
  const [flag, only] = args;
  return args.length === 2 && flag === '--only' && only !== undefined ? { missing: false, only } : undefined;
}

/**
 * The scenarios have to pass with all grants before what fails without one says anything. They get a second try: on a machine
 * that is busy with something else, a connection may be closed for good reasons.
 */
async function checkScenarios(assembly: string): Promise<void> {
  const first = await failuresOf(assembly);
  const failures = first.length === 0 ? first : await failuresOf(assembly);
  if (failures.length === 0) return;
  const texts = failures.map(({ scenario, message }) => `  ${scenario}: ${message}`);
  throw new Error(`scenarios that fail with every grant:\n${texts.join('\n')}`);
}

async function failuresOf(assembly: string): Promise<Failure[]> {
  const world = await startWorld(assembly, BASE_PORT);
  try {
    return await runScenarios(world);
  } finally {
    await world.close();
  }
}

async function runAll(
  assembly: string,
  grants: readonly Grant[],
  note: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(WORKERS, grants.length) }, async (_, worker) => {
      for (let grant = grants[next++]; grant !== undefined; grant = grants[next++]) {
        const port = BASE_PORT + worker * PORTS_OF_A_WORKER;
        const first = await runWithout(assembly, grant, port);
        const outcome = isClear(first) ? first : await runWithout(assembly, grant, port);
        outcomes.push(outcome);
        note(outcome);
        say(
          `${outcomes.length}/${grants.length} ${grant.key}: ${outcome.neededBy ?? 'nothing'} (${outcome.seen})`,
        );
      }
    }),
  );
  return outcomes;
}

function rowOf({ grant, neededBy, refused }: Outcome): Row {
  return { key: grant.key, neededBy, note: refused ? 'yes, and not missed' : 'no' };
}

function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: join(__dirname, '..') })
      .toString()
      .trim();
  const changed = git('status', '--porcelain') !== '' ? ' with changes' : '';
  return `${git('rev-parse', '--short', 'HEAD')}${changed}`;
}

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    say(USAGE);
    return 2;
  }
  const templates = await synthesizeTemplates();
  try {
    const { assembly } = templates;
    const all = grantsOf(assembly);
    const known = existsSync(TABLE) ? readTable(readFileSync(TABLE, 'utf8')) : [];
    const { missing } = differences(all, known);
    const grants = all.filter(({ key }) =>
      options.only === undefined ? !options.missing || missing.includes(key) : key.includes(options.only),
    );
    say(`${grants.length} of ${all.length} grants`);
    await checkScenarios(assembly);
    const rows = new Map(options.missing ? known.map((row) => [row.key, row]) : []);
    const write = () => {
      const inOrder = all.flatMap(({ key }) => rows.get(key) ?? []);
      writeFileSync(TABLE, renderTable(inOrder, commit()));
    };
    const outcomes = await runAll(assembly, grants, (outcome) => {
      if (options.only !== undefined || !isClear(outcome)) return;
      rows.set(outcome.grant.key, rowOf(outcome));
      // At once: a run that is interrupted goes on with --missing.
      write();
    });
    const unclear = outcomes.filter((outcome) => !isClear(outcome));
    for (const { grant, neededBy, seen } of unclear) say(`unclear: ${grant.key}: ${neededBy} (${seen})`);
    if (options.missing) write();
    return unclear.length;
  } finally {
    templates.remove();
  }
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code === 0 ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
