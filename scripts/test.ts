import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The suites, one step after another, with their times: `npm test`. `--fast` stops before what needs a running stack
 * (`npm run check`), `--long` runs the full number of seeds and rounds (`npm run test:long`). Every step runs even if
 * an earlier one failed; the last line counts what the test runner executed.
 */

/** A test with full counts takes minutes; jest's own limit is five seconds. */
const LONG_TEST_LIMIT_MS = 30 * 60_000;

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** File into which jest writes its results. */
  readonly results?: string;
}

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const root = join(__dirname, '..');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);
const resultsDir = join(root, 'build', 'test-results');

function jest(name: string, projects: readonly string[], ...more: string[]): Step {
  const results = join(resultsDir, `${name}.json`);
  return {
    name,
    command: [bin('jest'), '--selectProjects', ...projects, '--json', `--outputFile=${results}`, ...more],
    results,
  };
}

const fast: readonly Step[] = [
  { name: 'lint', command: [bin('biome'), 'check', '.'] },
  { name: 'types', command: [bin('tsc'), '-p', '.'] },
  jest('unit', ['unit', 'redis'], '--maxWorkers=2'),
];
const whole: readonly Step[] = [
  jest('simulation', ['simulation']),
  jest('constructs', ['constructs'], '--maxWorkers=2'),
  { name: 'synth with cdk-nag', command: [bin('cdk'), 'synth', '--quiet'] },
  jest('local runtime', ['local'], '--maxWorkers=2'),
  jest('end to end', ['e2e'], '--runInBand'),
  jest('local stack', ['stack'], '--runInBand'),
];

function run(step: Step, environment: NodeJS.ProcessEnv): { readonly ok: boolean; readonly counts: Counts } {
  if (step.results) rmSync(step.results, { force: true });
  process.stdout.write(`\n== ${step.name}\n`);
  const started = Date.now();
  const [command = '', ...args] = step.command;
  const long = environment['HOLDFAST_TEST'] === 'long';
  if (long && step.results) args.push(`--testTimeout=${LONG_TEST_LIMIT_MS}`);
  // The results go to a file; jest's copy of them on standard output would bury its report.
  const { status } = spawnSync(command, args, {
    cwd: root,
    env: environment,
    stdio: ['ignore', step.results ? 'ignore' : 'inherit', 'inherit'],
  });
  process.stdout.write(
    `== ${step.name}: ${status === 0 ? 'ok' : 'FAILED'}, ${((Date.now() - started) / 1000).toFixed(1)} s\n`,
  );
  return {
    ok: status === 0,
    counts: step.results ? readCounts(step.results) : { passed: 0, failed: 0, skipped: 0 },
  };
}

function readCounts(file: string): Counts {
  try {
    const results = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
    const executed = { passed: results['numPassedTests'] ?? 0, failed: results['numFailedTests'] ?? 0 };
    // A suite that does not load runs no test, and must not look like one without failures.
    return {
      passed: executed.passed,
      failed: executed.failed + (results['numRuntimeErrorTestSuites'] ?? 0),
      skipped: results['numPendingTests'] ?? 0,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function main(flags: readonly string[]): number {
  const unknown = flags.filter((flag) => flag !== '--fast' && flag !== '--long');
  if (unknown.length > 0) {
    process.stderr.write(`scripts/test.ts: expected --fast or --long, got ${unknown.join(' ')}\n`);
    return 2;
  }
  mkdirSync(resultsDir, { recursive: true });
  const environment = {
    ...process.env,
    // Said once per suite otherwise; package.json says which Node versions are supported.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    ...(flags.includes('--long') ? { HOLDFAST_TEST: 'long' } : {}),
  };
  const steps = flags.includes('--fast') ? fast : [...fast, ...whole];
  const started = Date.now();
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const failures: string[] = [];
  for (const step of steps) {
    const { ok, counts } = run(step, environment);
    if (!ok) failures.push(step.name);
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
  }
  process.stdout.write(`\n${steps.length} steps in ${((Date.now() - started) / 1000).toFixed(0)} s`);
  process.stdout.write(failures.length > 0 ? `, failed: ${failures.join(', ')}\n` : ', all ok\n');
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
  return failures.length > 0 ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
