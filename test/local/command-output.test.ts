import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { USAGE } from '../../local/command/options';
import { invoke, writeBarePlatform } from './bare-platform';
import { writeAssembly } from './template-cloud';

const ROOT = join(__dirname, '..', '..');

let folder: string;
const children: ChildProcess[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-output-'));
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly out: string[];
  readonly errors: string[];
  readonly code: Promise<number | null>;
  signal(name: NodeJS.Signals): void;
}

/** `npm start -- ...` in a process of its own. */
function start(name: string, ...args: readonly string[]): Run {
  const directory = join(folder, name);
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'local/main.ts', '--port', '0', '--dir', directory, ...args],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  children.push(child);
  const out: string[] = [];
  const errors: string[] = [];
  createInterface(child.stdout).on('line', (line) => out.push(line));
  createInterface(child.stderr).on('line', (line) => errors.push(line));
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { out, errors, code, signal: (signal) => child.kill(signal) };
}

async function eventually<Found>(find: () => Found | undefined): Promise<Found> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error('not there after 20 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface Line {
  readonly time: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Line);

describe('npm start -- --json --logs other', () => {
  let run: Run;
  let ready: Line;
  beforeAll(async () => {
    const assembly = writeBarePlatform(join(folder, 'cdk.out'));
    run = start('json', '--assembly', assembly, '--json', '--logs', 'other');
    ready = await eventually(() => parsed(run.out).find(({ kind }) => kind === 'ready'));
  }, 30_000);

  it('prints an object per line, from the phases of the start to the addresses, without keys', () => {
    const lines = parsed(run.out);
    expect(lines.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['info', 'phase', 'ready']));
    for (const { time } of lines) expect(new Date(time).toISOString()).toBe(time);
    expect(lines.find(({ name }) => name === 'make resources')).toMatchObject({
      kind: 'phase',
      seconds: expect.any(Number),
      outcome: '9 in 1 stacks',
    });
    expect(ready).toMatchObject({ websocketUrl: 'ws://localhost:1/local', region: 'us-east-1' });
    const { apiKey, controlToken } = JSON.parse(readFileSync(join(folder, 'json', 'local.json'), 'utf8'));
    expect(run.out.join('\n')).not.toContain(controlToken);
    expect(Object.keys(ready)).not.toContain('apiKey');
    expect(apiKey).toBe('key');
  });

  it('has what functions of the name print, JSON as such, and nothing of others', async () => {
    const url = String(ready['awsEndpointUrl']);
    await invoke(url, 'teller', { n: 1 });
    await invoke(url, 'other', { n: 2 });
    const output = await eventually(() => parsed(run.out).find(({ kind }) => kind === 'output'));
    expect(output).toMatchObject({ function: 'other', record: { n: 2 } });
    expect(parsed(run.out).filter((line) => line['function'] === 'teller')).toEqual([]);
  });

  it('ends with code 0 by SIGTERM', async () => {
    run.signal('SIGTERM');
    expect(await run.code).toBe(0);
    expect(parsed(run.out).at(-1)).toMatchObject({ kind: 'info', message: 'Holdfast ends.' });
    expect(run.errors).toEqual([]);
  });
});

it('ends with code 1 where it cannot start, and says why as JSON', async () => {
  const assembly = join(folder, 'unknown.out');
  mkdirSync(assembly);
  writeAssembly(assembly, { Thing: { Type: 'AWS::Unknown::Thing', Properties: {} } }, 'things');
  const bare = join(folder, 'cdk.out');
  const run = start('unknown', '--assembly', bare, '--assembly', assembly, '--json');
  expect(await run.code).toBe(1);
  const [failed] = parsed(run.errors);
  expect(failed).toMatchObject({ kind: 'failed', message: expect.stringContaining('AWS::Unknown::Thing') });
}, 30_000);

it('the help has every option and the codes', () => {
  for (const option of [
    'port',
    'config',
    'app',
    'assembly',
    'seed',
    'dir',
    'time-scale',
    'logs',
    'json',
    'help',
  ]) {
    expect(USAGE).toMatch(new RegExp(`^ {2}--${option} `, 'm'));
  }
  expect(USAGE).toContain('code 0');
});
