import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NewServiceError, newService } from '../../scripts/new-service';

const list = join('lambdas', 'services', 'README.md');
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-new-'));
  mkdirSync(join(root, 'lambdas', 'services', 'echo'), { recursive: true });
  writeFileSync(join(root, list), '| service | methods |\n|---|---|\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('writes handler, infra, test and a line in the list', () => {
  const files = newService(root, 'poll');
  expect(files).toEqual([
    join('lambdas', 'services', 'poll', 'handler.ts'),
    join('lambdas', 'services', 'poll', 'infra.ts'),
    join('test', 'unit', 'poll', 'handler.test.ts'),
    list,
  ]);
  for (const file of files) expect(readFileSync(join(root, file), 'utf8')).toContain('poll');
  expect(() => newService(root, 'poll')).toThrow('name: expected a new one, got poll, which is there');
});

it('a name with a dash becomes an identifier and a namespace', () => {
  newService(root, 'quick-poll');
  const infra = readFileSync(join(root, 'lambdas', 'services', 'quick-poll', 'infra.ts'), 'utf8');
  expect(infra).toContain('const quickPollService: ServiceDefinition');
  expect(infra).toContain("'quick-poll': { ...DEFAULT_RULES");
});

it.each(['', 'Poll', '../poll', 'poll/x', '1st', 'holdfast', 'echo', 'room', 'user', 'p'.repeat(31)])(
  'refuses the name %j and writes nothing',
  (name) => {
    expect(() => newService(root, name)).toThrow(NewServiceError);
    expect(existsSync(join(root, 'test'))).toBe(false);
  },
);
