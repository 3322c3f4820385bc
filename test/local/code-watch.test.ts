import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFunctions } from '../../lib/function-bundles';
import { CodeWatch, WatchFailedError } from '../../local/command/code-watch';
import { until } from './fixtures/lambda/test-host';

const root = mkdtempSync(join(tmpdir(), 'holdfast-reload-'));
const service = (name: string) => join(root, 'lambdas', 'services', name);
const handler = (text: string) =>
  `import { shared } from '../shared';\nexport const handler = () => [shared, '${text}'];\n`;
const said: string[] = [];
const deployed: { readonly name: string; readonly code: string }[] = [];
let watch: CodeWatch;
let refusal: Error | undefined;

const options = {
  root,
  environment: 'local',
  directory: join(root, 'code'),
  exists: (name: string) => name !== 'local-holdfast-service-absent',
  deploy: async (name: string, directory: string) => {
    if (refusal !== undefined) throw refusal;
    deployed.push({ name, code: readFileSync(join(directory, 'index.js'), 'utf8') });
    return String(deployed.length + 1);
  },
  say: (line: string) => void said.push(line),
};

beforeAll(async () => {
  symlinkSync(join(__dirname, '..', '..', 'node_modules'), join(root, 'node_modules'));
  for (const name of ['one', 'two', 'absent']) {
    mkdirSync(service(name), { recursive: true });
    writeFileSync(join(service(name), 'handler.ts'), handler('first'));
    writeFileSync(join(service(name), 'infra.ts'), 'export default {};\n');
  }
  writeFileSync(service('shared.ts'), "export const shared = 'shared first';\n");
  symlinkSync(join(__dirname, '..', '..', 'scripts'), join(root, 'scripts'));
  bundleFunctions(root);
  watch = await CodeWatch.start(options);
});
beforeEach(() => {
  said.splice(0);
  deployed.splice(0);
  refusal = undefined;
});
afterAll(async () => {
  await watch.close();
  rmSync(root, { recursive: true });
});

const codeOf = (name: string) => deployed.filter((one) => one.name === name).map(({ code }) => code);

it('deploys what a saved file goes into, and nothing else', async () => {
  writeFileSync(join(service('one'), 'handler.ts'), handler('second'));
  await until(() => said.length > 0);
  expect(deployed.map(({ name }) => name)).toEqual(['local-holdfast-service-one']);
  expect(codeOf('local-holdfast-service-one').at(-1)).toContain('second');
  expect(said).toEqual([
    expect.stringMatching(/^reload {5}local-holdfast-service-one: version 2, ready in \d+ ms$/),
  ]);
});

it('deploys all functions that run and have a file in common, also one that took the place of another', async () => {
  writeFileSync(service('shared.new'), "export const shared = 'shared second';\n");
  renameSync(service('shared.new'), service('shared.ts'));
  await until(() => said.length === 2);
  expect(deployed.map(({ name }) => name).sort()).toEqual([
    'local-holdfast-service-one',
    'local-holdfast-service-two',
  ]);
  for (const { code } of deployed) expect(code).toContain('shared second');
});

it('keeps the former code where the new one is none, says why, and takes the next save', async () => {
  writeFileSync(join(service('two'), 'handler.ts'), 'export const handler = (;\n');
  await until(() => said.length > 0);
  expect(deployed).toEqual([]);
  expect(said[0]).toMatch(
    /^reload {5}local-holdfast-service-two: the former code stays: .*\n.*handler\.ts:1:\d+: ERROR: /s,
  );
  writeFileSync(join(service('two'), 'handler.ts'), handler('mended'));
  await until(() => deployed.length > 0);
  expect(codeOf('local-holdfast-service-two').at(-1)).toContain('mended');
});

it('watches files that the new code brings', async () => {
  mkdirSync(join(service('one'), 'deep'));
  writeFileSync(join(service('one'), 'deep', 'more.ts'), "export const more = 'more first';\n");
  writeFileSync(join(service('one'), 'handler.ts'), "export { more as handler } from './deep/more';\n");
  await until(() => deployed.length > 0);
  writeFileSync(join(service('one'), 'deep', 'more.ts'), "export const more = 'more second';\n");
  await until(() => deployed.length > 1);
  expect(codeOf('local-holdfast-service-one').at(-1)).toContain('more second');
});

it('ends with the last of many saves', async () => {
  for (let n = 1; n <= 20; n++) {
    writeFileSync(join(service('two'), 'handler.ts'), handler(`save ${n}`));
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  await until(() => codeOf('local-holdfast-service-two').at(-1)?.includes('save 20') === true);
});

it('says that what templates are made of takes a new start', async () => {
  writeFileSync(join(service('one'), 'infra.ts'), 'export default { methods: [] };\n');
  await until(() => said.length > 0);
  expect(said).toEqual([expect.stringContaining('an infra.ts was saved')]);
  expect(deployed).toEqual([]);
});

it('says so where nothing can be deployed', async () => {
  refusal = new Error('Function not found');
  writeFileSync(join(service('two'), 'handler.ts'), handler('refused'));
  await until(() => said.length > 0);
  expect(said).toEqual(['reload     local-holdfast-service-two: not deployed: Function not found']);
});

it('does not begin where nothing can be watched', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'holdfast-nothing-'));
  await expect(CodeWatch.start({ ...options, root: elsewhere })).rejects.toThrow(WatchFailedError);
  rmSync(elsewhere, { recursive: true });
});
