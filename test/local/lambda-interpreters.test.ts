import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InterpreterMissingError, Interpreters } from '../../local/lambda/interpreters';
import { definition, folder, type TestHost, testHost, until } from './fixtures/lambda/test-host';

let directory: string;
let fixture: TestHost | undefined;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'holdfast-interpreters-'));
});
afterEach(async () => {
  await fixture?.host.close();
  fixture = undefined;
  rmSync(directory, { recursive: true, force: true });
});

const own = Number(process.versions.node.split('.')[0]);
const other = `nodejs${own + 2}.x`;

/** An executable that says that it is that version, and else is this Node. */
function nodeAt(file: string, version: string): string {
  const at = path.join(directory, file);
  mkdirSync(path.dirname(at), { recursive: true });
  const script = `#!/bin/sh\n[ "$1" = --version ] && echo ${version} && exit\nNAMED=yes exec "${process.execPath}" "$@"\n`;
  writeFileSync(at, script);
  chmodSync(at, 0o755);
  return at;
}
function pythonAt(name: string, version: string): string {
  const at = path.join(directory, 'bin', name);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, `#!/bin/sh\nprintf '%s\\nPython %s\\n' "$0" ${version}\n`);
  chmodSync(at, 0o755);
  return at;
}
const interpreters = () =>
  new Interpreters({ path: path.join(directory, 'bin'), home: directory, projectDir: directory });

describe('Node', () => {
  it('is this one where the runtime names it', () => {
    nodeAt('bin/node', `v${own}.99.0`);
    expect(interpreters().of(`nodejs${own}.x`)).toMatchObject({ file: process.execPath, exact: true });
  });

  it.each([
    ['node_modules/node/bin/node', 'npm install node'],
    ['bin/node', 'the PATH'],
    [`.nvm/versions/node/v${own + 2}.1.0/bin/node`, 'nvm'],
    [`.local/share/fnm/node-versions/v${own + 2}.1.0/installation/bin/node`, 'fnm'],
  ])('of the version that the runtime names is found at %s (%s)', (file) => {
    const at = nodeAt(file, `v${own + 2}.1.0`);
    expect(interpreters().of(other)).toEqual({
      runtime: other,
      file: at,
      version: `node v${own + 2}.1.0`,
      exact: true,
    });
  });

  it('is the newest of those that a version manager has', () => {
    for (const minor of [9, 10, 2]) {
      nodeAt(`.nvm/versions/node/v${own + 2}.${minor}.0/bin/node`, `v${own + 2}.${minor}.0`);
    }
    expect(interpreters().of(other).version).toBe(`node v${own + 2}.10.0`);
  });

  it('is this one where none of that version is here, which is said', () => {
    nodeAt('bin/node', `v${own + 1}.0.0`);
    const found = interpreters();
    expect(found.of(other)).toMatchObject({ file: process.execPath, exact: false });
    expect(found.used()).toEqual([
      { runtime: other, file: process.execPath, version: `node ${process.version}`, exact: false },
    ]);
  });

  it('runs the functions', async () => {
    nodeAt('bin/node', `v${own + 2}.1.0`);
    fixture = testHost({ interpreters: interpreters() });
    fixture.host.createFunction(definition('describe', { runtime: other }));
    const { payload } = await fixture.host.invoke('describe', '{}', 'RequestResponse');
    expect(JSON.parse(payload).environment).toMatchObject({ NAMED: 'yes' });
  });
});

describe('Python', () => {
  it('of the version that the runtime names comes first', () => {
    pythonAt('python3', '3.11.2');
    const at = pythonAt('python3.13', '3.13.1');
    expect(interpreters().of('python3.13')).toEqual({
      runtime: 'python3.13',
      file: at,
      version: 'Python 3.13.1',
      exact: true,
    });
  });

  it('of another version is taken, which is said', () => {
    const at = pythonAt('python3', '3.11.2');
    expect(interpreters().of('python3.13')).toMatchObject({
      file: at,
      version: 'Python 3.11.2',
      exact: false,
    });
  });

  it.each([
    ['none', undefined],
    ['Python 3.6.1', '3.6.1'],
  ])('that is not here stops the function: found %s', (found, version) => {
    if (version !== undefined) pythonAt('python3', version);
    fixture = testHost({ interpreters: interpreters() });
    const create = () =>
      fixture?.host.createFunction(definition('app', { runtime: 'python3.13', handler: 'app.echo' }));
    expect(create).toThrow(InterpreterMissingError);
    expect(create).toThrow(
      `runtime python3.13: expected python3.13 or python3 or python on the PATH, found ${found}`,
    );
  });
});

const here = new Interpreters();
const python = (() => {
  try {
    return here.of('python3.13').version;
  } catch {
    return undefined;
  }
})();

// Only where a Python is found; what happens without one is tested above, everywhere.
(python === undefined ? describe.skip : describe)(`functions on ${python}`, () => {
  const create = (handler: string, changes = {}) => {
    fixture = testHost({ interpreters: here });
    fixture.host.createFunction(
      definition('app', {
        runtime: 'python3.13',
        codeDir: folder('python'),
        handler,
        environment: { GREETING: 'hello' },
        ...changes,
      }),
    );
  };
  const invoke = async (event: object = {}) => {
    const result = await fixture?.host.invoke('app', JSON.stringify(event), 'RequestResponse');
    return { value: JSON.parse(result?.payload ?? ''), failed: result?.functionError === 'Unhandled' };
  };

  it('return what they return, in one process', async () => {
    create('app.describe', { memoryMb: 192 });
    await invoke();
    expect((await invoke()).value).toEqual({
      calls: 2,
      function: 'app',
      version: '$LATEST',
      memory: '192',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:app',
      remaining: expect.any(Number),
      environment: 'AWS_Lambda_python3.13',
      trace: 'Root=1-',
      greeting: 'hello',
      amount: 1.5,
    });
  });

  it('get text of all scripts, and may lie in a folder', async () => {
    create('app.echo');
    const event = { text: '"quotes", \\ and 🎉', list: [1, null] };
    expect(await invoke(event)).toEqual({ value: event, failed: false });
    await fixture?.host.close();
    create('deep/app.handler');
    expect((await invoke()).value).toBe('from below');
  });

  it.each([
    [
      'app.fail',
      { errorType: 'ValueError', errorMessage: 'no hope', stackTrace: [expect.stringContaining('app.py')] },
    ],
    ['app.not_json', { errorType: 'Runtime.MarshalError' }],
    ['app.not_callable', { errorType: 'TypeError' }],
    ['app.leave', { errorType: 'Runtime.ExitError', errorMessage: expect.stringContaining('exit status 3') }],
    ['app.absent', { errorType: 'Runtime.HandlerNotFound' }],
    ['broken.handler', { errorType: 'Runtime.UserCodeSyntaxError' }],
    ['lacking.handler', { errorType: 'Runtime.ImportModuleError' }],
    ['handler', { errorType: 'Runtime.MalformedHandlerName' }],
  ])('%s fails as on Lambda', async (handler, error) => {
    create(handler);
    expect(await invoke({ what: 'hope' })).toMatchObject({ value: error, failed: true });
  });

  it('print and log', async () => {
    create('app.says');
    await invoke();
    await until(() => (fixture?.lines.length ?? 0) > 1);
    expect(fixture?.lines).toEqual([
      'app: printed äöü',
      expect.stringMatching(/^app: \[WARNING\]\t[\d-]{10}T[\d:.]{12}Z\t[0-9a-f-]{36}\twarned of it$/),
    ]);
  });

  it('have their memory size', async () => {
    create('app.leak', { memoryMb: 128 });
    let result = await invoke();
    for (let calls = 1; !result.failed && calls < 10; calls++) result = await invoke();
    // Where the system does not tell of memory, nothing ends it.
    if (process.platform === 'linux') expect(result.value.errorType).toBe('Runtime.OutOfMemory');
  });
});
