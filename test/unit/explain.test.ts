import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { awsCommand, ExplainUsageError, readExplainOptions } from '../../scripts/explain';

const GOOD = ['--user', 'alice', '--channel', 'room:1', '--offset', '42'];

describe('readExplainOptions', () => {
  it('reads every flag', () => {
    expect(readExplainOptions([...GOOD, '--json', '--env', 'dev', '--dir', 'd'])).toEqual({
      question: { user: 'alice', channel: 'room:1', offset: 42 },
      json: true,
      environment: 'dev',
      dir: 'd',
    });
    expect(readExplainOptions(GOOD)).toMatchObject({ json: false, environment: 'local', dir: '.holdfast' });
    expect(readExplainOptions(['--help'])).toBe('help');
  });

  it.each([
    ['no user', ['--channel', 'c', '--offset', '1'], '--user: expected a user id, got ""'],
    ['no channel', ['--user', 'a', '--offset', '1'], '--channel: expected a name of 1 to 255'],
    ['a brace in a channel', ['--user', 'a', '--channel', '{c}', '--offset', '1'], 'got "{c}"'],
    ['no offset', GOOD.slice(0, 4), '--offset: expected a whole number above 0, got none'],
    ['offset 0', [...GOOD, '--offset', '0'], '--offset: expected a whole number above 0, got 0'],
    ['a fraction', [...GOOD, '--offset', '1.5'], 'got "1.5"'],
    ['an offset that no number holds', [...GOOD, '--offset', '9007199254740993'], '--offset: expected'],
    ['a path as environment', [...GOOD, '--env', '../x'], 'got "../x"'],
    ['an unknown flag', [...GOOD, '--chanel', 'c'], '--chanel'],
    ['a stray word', [...GOOD, 'bob'], 'bob'],
  ])('refuses %s', (_, args, named) => {
    expect(() => readExplainOptions(args)).toThrow(ExplainUsageError);
    expect(() => readExplainOptions(args)).toThrow(named);
  });
});

describe('awsCommand', () => {
  const question = { user: `o'hara; $(id) "x"`, channel: 'room:1', offset: 42 };
  const options = { question, json: false, environment: 'dev', dir: '' };

  /** What a shell runs, with `aws` standing for a function that shows its arguments. */
  function run(json: boolean, answer: object) {
    const fake = `aws() { printf '%s\\n' "$@" >&2; printf '%s' "$ANSWER" > explain.json; }\n`;
    return spawnSync('sh', ['-c', `cd "$(mktemp -d)"\n${fake}${awsCommand({ ...options, json })}`], {
      encoding: 'utf8',
      env: { ...process.env, ANSWER: JSON.stringify(answer) },
    });
  }

  it('passes the question unharmed through a shell and shows the lines', () => {
    const { stderr, stdout } = run(false, { lines: ['one', 'verdict: two'], facts: {} });
    const args = stderr.split('\n');
    expect(args.slice(0, 4)).toEqual(['lambda', 'invoke', '--function-name', 'dev-holdfast-gateway-explain']);
    expect(JSON.parse(args[args.indexOf('--payload') + 1] ?? '')).toEqual(question);
    expect(stdout).toBe('one\nverdict: two\n');
  });

  it('shows facts, or the reason of a failure', () => {
    expect(JSON.parse(run(true, { lines: [], facts: { now: 1 } }).stdout)).toEqual({ now: 1 });
    expect(run(false, { errorMessage: 'no Redis' }).stdout).toBe('no Redis\n');
  });
});

describe('npm run explain', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['--import', 'tsx', 'scripts/explain.ts', ...args], {
      cwd: join(__dirname, '..', '..'),
      encoding: 'utf8',
    });

  it('ends with 2 for arguments that it cannot use', () => {
    const { status, stdout, stderr } = run('--user', 'alice');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^explain: --offset: expected a whole number above 0, got none/);
  }, 20_000);

  it('ends with 1 where no stack runs', () => {
    const { status, stderr } = run(...GOOD, '--dir', 'build/nothing');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^explain: expected a running local stack, got none/);
  }, 20_000);
});
