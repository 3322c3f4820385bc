import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOptions, USAGE, UsageError } from '../../local/command/options';

const read = (...args: string[]) => readOptions(args, '/project');

describe('npm start -- --time-scale', () => {
  it.each([
    [[], 1],
    [['--time-scale', '60'], 60],
    [['--time-scale=1.5'], 1.5],
    [['--time-scale', '1000'], 1000],
  ])('%j makes time go %d times as fast', (args, timeScale) => {
    expect(read(...args)).toMatchObject({ timeScale });
  });

  it.each(['0', '0.5', '-1', '1001', 'fast', '', 'Infinity', 'NaN'])('refuses %j', (scale) => {
    expect(() => read(`--time-scale=${scale}`)).toThrow(UsageError);
    expect(() => read(`--time-scale=${scale}`)).toThrow(
      `--time-scale: expected a number from 1 to 1000, got ${scale}`,
    );
  });

  it('is in the help', () => {
    expect(read('--help')).toBe('help');
    expect(USAGE).toContain('--time-scale N');
  });
});

it('npm start watches saved code unless told otherwise, and logs hops where it is told where', () => {
  expect(read()).toMatchObject({ watch: true });
  expect(read()).not.toHaveProperty('hopsFile');
  expect(read('--no-watch', '--hops', '/tmp/hops.jsonl')).toMatchObject({
    watch: false,
    hopsFile: '/tmp/hops.jsonl',
  });
});

describe('npm start -- --concurrency, --reports', () => {
  it('are those of an account, without reports, unless asked for', () => {
    expect(read()).toMatchObject({ reports: false });
    expect(read()).not.toHaveProperty('concurrency');
    expect(read('--concurrency', '10', '--reports')).toMatchObject({ concurrency: 10, reports: true });
  });

  it.each(['0', '-1', '1.5', '', 'many', '1000001'])('refuses %j', (count) => {
    expect(() => read(`--concurrency=${count}`)).toThrow(
      `--concurrency: expected a whole number from 1 to 1000000, got ${count}`,
    );
  });
});

describe('npm start -- --seed, --port', () => {
  it('takes any free ports for 0, and throws the same dice unless told', () => {
    expect(read('--port', '0', '--seed', '7')).toMatchObject({ basePort: 0, seed: 7 });
    expect(read()).toMatchObject({ basePort: 4000, seed: 1 });
  });

  it.each([
    ['--seed=x', '--seed: expected a whole number, got x'],
    ['--seed=-1', '--seed: expected a whole number, got -1'],
    ['--port=80', '--port: expected 0 or a whole number from 1024 to 65532, got 80'],
    ['--port=', '--port: expected 0 or a whole number from 1024 to 65532, got '],
  ])('refuses %s', (option, message) => expect(() => read(option)).toThrow(message));
});

describe.each([
  ['--app', 'apps', 'a CDK app', 'cdk.json'],
  ['--assembly', 'assemblies', 'a synthesized assembly', 'manifest.json'],
])('npm start -- %s', (option, field, what, file) => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-options-'));
    for (const name of ['one', 'two']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, file), '{}');
    }
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('may be repeated; the order is that of the deployments', () => {
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    expect(read(option, two, `${option}=${one}`)).toMatchObject({ [field]: [two, one] });
    expect(read()).toMatchObject({ [field]: [] });
  });

  it('refuses a folder that is not there or has nothing to run, or comes twice, with expected and got', () => {
    const [one, none] = [join(folder, 'one'), join(folder, 'none')];
    expect(() => read(option, none)).toThrow(
      `${option}: expected the folder of ${what}, got ${none}, which does not exist`,
    );
    expect(() => read(option, folder)).toThrow(
      `${option}: expected the folder of ${what}, got ${folder}, which has no ${file}`,
    );
    expect(() => read(option, one, option, one)).toThrow(
      `${option}: expected each folder once, got ${one} twice`,
    );
    expect(() => read(option, none)).toThrow(UsageError);
  });

  it('is in the help', () => expect(USAGE).toContain(`${option} DIR`));
});
