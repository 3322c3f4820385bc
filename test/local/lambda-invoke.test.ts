import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UnsupportedRuntimeError } from '../../local/lambda/sandbox-environment';
import { definition, folder, principal, type TestHost, testHost, until } from './fixtures/lambda/test-host';

let fixture: TestHost;
beforeEach(() => {
  fixture = testHost({ environment: () => ({ AWS_ENDPOINT_URL: 'http://localhost:4003' }) });
});
afterEach(() => fixture.host.close());

async function invoke(name: string, event: unknown = {}): Promise<{ value: unknown; failed: boolean }> {
  const { payload, functionError } = await fixture.host.invoke(
    name,
    JSON.stringify(event),
    'RequestResponse',
  );
  return { value: JSON.parse(payload), failed: functionError === 'Unhandled' };
}

describe('handlers', () => {
  it('returns what a CommonJS handler returns', async () => {
    fixture.host.createFunction(definition('echo'));
    const event = { text: '"quotes", \\ and 🎉', list: [1, null] };
    expect(await invoke('echo', event)).toEqual({ value: event, failed: false });
  });

  it('runs an ES module with top-level await', async () => {
    fixture.host.createFunction(definition('esm', { codeDir: folder('esm'), handler: 'index.handler' }));
    expect(await invoke('esm', 7)).toEqual({
      value: { greeting: 'hello from a module', event: 7 },
      failed: false,
    });
  });

  it.each([
    ['says nothing', undefined, 'require', 'exports.double = (n) => 2 * n;'],
    ['says that they are modules', 'module', 'await import', 'export const double = (n) => 2 * n;'],
  ])(
    'a project of modules above the code changes nothing, where the package of a subfolder %s',
    async (_, type, load, part) => {
      const project = mkdtempSync(path.join(tmpdir(), 'holdfast-modules-'));
      const write = (name: string, text: string) => {
        mkdirSync(path.dirname(path.join(project, name)), { recursive: true });
        writeFileSync(path.join(project, name), text);
      };
      write('package.json', JSON.stringify({ type: 'module' }));
      write('code/index.js', `exports.handler = async (n) => (${load}('./part/part.js')).double(n);`);
      write('code/part/part.js', part);
      if (type) write('code/part/package.json', JSON.stringify({ type }));
      try {
        const codeDir = path.join(project, 'code');
        fixture.host.createFunction(definition('modular', { codeDir, handler: 'index.handler' }));
        expect(await invoke('modular', 4)).toEqual({ value: 8, failed: false });
      } finally {
        rmSync(project, { recursive: true });
      }
    },
  );

  it('finds a handler in a subfolder', async () => {
    fixture.host.createFunction(definition('sub', { handler: 'esm/index.handler' }));
    expect((await invoke('sub')).failed).toBe(false);
  });

  it('keeps one process for consecutive invocations', async () => {
    fixture.host.createFunction(definition('count'));
    const first = (await invoke('count')).value as { pid: number };
    expect((await invoke('count')).value).toEqual({ invocations: 2, pid: first.pid });
    expect(fixture.host.sandboxes()).toEqual([
      { functionName: 'count', version: '$LATEST', pid: first.pid, busy: false },
    ]);
  });

  it('carries an event of 5 MB', async () => {
    fixture.host.createFunction(definition('size'));
    const length = 5 * 1024 * 1024;
    expect((await invoke('size', { text: 'x'.repeat(length) })).value).toEqual({ length });
  });

  it('speaks to a runtime written in plain node:http', async () => {
    fixture.host.createFunction(
      definition('own', { runtime: 'provided.al2023', codeDir: folder('provided') }),
    );
    const { value } = await invoke('own', { n: 1 });
    expect(value).toEqual({
      event: { n: 1 },
      wrong: 400,
      headers: expect.objectContaining({
        'lambda-runtime-aws-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
        'lambda-runtime-deadline-ms': expect.stringMatching(/^\d{13}$/),
        'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:000000000000:function:own',
        'lambda-runtime-trace-id': expect.stringMatching(
          /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/,
        ),
      }),
    });
    expect(await invoke('own', { fail: true })).toEqual({
      value: { errorType: 'Own', errorMessage: 'asked to' },
      failed: true,
    });
  });

  it('refuses a runtime that it cannot run', () => {
    const create = () => fixture.host.createFunction(definition('echo', { runtime: 'cobol85' }));
    expect(create).toThrow(UnsupportedRuntimeError);
    expect(create).toThrow("expected a runtime nodejs*, python3.* or provided*, got 'cobol85'");
  });
});

describe('callbacks', () => {
  it('answers at once where the event loop need not be empty', async () => {
    fixture.host.createFunction(definition('callback'));
    expect(await invoke('callback', { waits: false })).toEqual({ value: { later: false }, failed: false });
  });

  it('waits for the empty event loop by default', async () => {
    fixture.host.createFunction(definition('callback'));
    expect(await invoke('callback', { waits: true })).toEqual({ value: { later: true }, failed: false });
  });

  it('reports the error', async () => {
    fixture.host.createFunction(definition('callback'));
    expect(await invoke('callback', { waits: false, error: 'bad' })).toEqual({
      value: { errorType: 'string', errorMessage: 'bad', trace: [] },
      failed: true,
    });
  });

  it('are refused from Node.js 24 on, as on Lambda', async () => {
    fixture.host.createFunction(definition('callback', { runtime: 'nodejs24.x' }));
    expect(await invoke('callback')).toMatchObject({
      value: { errorType: 'Runtime.CallbackHandlerDeprecated' },
      failed: true,
    });
  });

  it('answers null when nothing is left that could settle the handler', async () => {
    fixture.host.createFunction(definition('neverSettles'));
    expect(await invoke('neverSettles')).toEqual({ value: null, failed: false });
  });
});

describe('context and environment', () => {
  it('are those of Lambda, and the developer’s own environment is not there', async () => {
    process.env['DEVELOPERS_SECRET'] = 'x';
    const environment = () => ({ TABLE: 'orders', AWS_REGION: 'eu-north-1' });
    fixture.host.createFunction(definition('describe', { environment, memoryMb: 192, timeoutSeconds: 2 }));
    fixture.host.publishVersion('describe');
    const arn = fixture.host.createAlias('describe', 'live', '1');
    const { value } = await invoke(arn);
    expect(value).toMatchObject({
      context: {
        callbackWaitsForEmptyEventLoop: true,
        functionName: 'describe',
        functionVersion: '1',
        memoryLimitInMB: '192',
        logGroupName: '/aws/lambda/describe',
        invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:describe:live',
        awsRequestId: expect.any(String),
        remaining: expect.any(Number),
      },
      environment: {
        TABLE: 'orders',
        AWS_REGION: 'us-east-1',
        AWS_ENDPOINT_URL: 'http://localhost:4003',
        AWS_ACCESS_KEY_ID: principal.accessKeyId,
        AWS_SESSION_TOKEN: principal.sessionToken,
        AWS_LAMBDA_FUNCTION_NAME: 'describe',
        AWS_LAMBDA_FUNCTION_VERSION: '1',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '192',
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x',
        LAMBDA_TASK_ROOT: folder(''),
        _HANDLER: 'handlers.describe',
        TZ: ':UTC',
      },
      directory: folder('').replace(/\/$/, ''),
    });
    const { context, environment: seen } = value as Record<string, Record<string, unknown>>;
    expect(context?.['remaining']).toBeLessThanOrEqual(2000);
    expect(context?.['remaining']).toBeGreaterThan(1000);
    expect(seen).not.toHaveProperty('DEVELOPERS_SECRET');
  });
});

describe('function errors', () => {
  it('have type, message and trace', async () => {
    fixture.host.createFunction(definition('fail'));
    const { value, failed } = await invoke('fail', { what: 'hope' });
    expect(failed).toBe(true);
    expect(value).toEqual({
      errorType: 'TypeError',
      errorMessage: 'no hope',
      trace: expect.arrayContaining(['TypeError: no hope', expect.stringContaining('handlers.js')]),
    });
    expect(fixture.host.stats('fail')).toMatchObject({
      invocations: 1,
      errors: 1,
      diedInFlight: 0,
      inflight: 0,
    });
    expect(fixture.warnings).toEqual([expect.stringMatching(/^fail: invocation .* failed: .*no hope/)]);
  });

  it.each([
    ['throwText', 'string', 'only text'],
    ['circular', 'Runtime.MarshalError', 'Unable to stringify response body'],
    ['tooLarge', 'Function.ResponseSizeTooLarge', 'exceeded maximum allowed payload size'],
  ])('%s: %s', async (name, errorType, message) => {
    fixture.host.createFunction(definition(name));
    expect(await invoke(name)).toMatchObject({
      value: { errorType, errorMessage: expect.stringContaining(message) },
      failed: true,
    });
    expect(await invoke(name)).toMatchObject({ failed: true });
    expect(fixture.host.stats(name).sandboxesStarted).toBe(1);
  });

  it.each([
    ['throwLater', 'RangeError', 'thrown outside the handler'],
    ['rejectLater', 'Runtime.UnhandledPromiseRejection', 'nobody catches this'],
  ])('%s ends the sandbox after the report', async (name, errorType, message) => {
    fixture.host.createFunction(definition(name));
    expect(await invoke(name)).toMatchObject({
      value: { errorType, errorMessage: expect.stringContaining(message) },
      failed: true,
    });
    await until(() => fixture.host.sandboxes().length === 0);
  });

  it.each([
    [{ handler: 'broken/index.handler' }, 'EvalError', 'at load'],
    [{ handler: 'broken/syntax.handler' }, 'Runtime.UserCodeSyntaxError', 'SyntaxError'],
    [{ handler: 'absent.handler' }, 'Runtime.ImportModuleError', "Cannot find module 'absent'"],
    [
      { handler: 'handlers.absent' },
      'Runtime.HandlerNotFound',
      'handlers.absent is undefined or not exported',
    ],
    [{ handler: 'handlers' }, 'Runtime.MalformedHandlerName', "Bad handler 'handlers'"],
    [{ runtime: 'provided' }, 'Runtime.ExitError', 'ENOENT'],
  ])('at start: %j gives %s', async (changes, errorType, message) => {
    fixture.host.createFunction(definition('echo', changes));
    expect(await invoke('echo')).toMatchObject({
      value: { errorType, errorMessage: expect.stringContaining(message) },
      failed: true,
    });
    expect(fixture.host.stats('echo').diedInFlight).toBe(0);
  });

  it('at a start ahead of invocations are logged', async () => {
    fixture.host.createFunction(definition('echo', { handler: 'broken/index.handler' }));
    await fixture.host.warm('echo');
    await until(() =>
      fixture.warnings.some((line) => line.includes('sandbox did not start') && line.includes('at load')),
    );
  });
});

it('reports what a function prints line by line, an unfinished last line too', async () => {
  fixture.host.createFunction(definition('prints'));
  await invoke('prints');
  await until(() => fixture.lines.length >= 4);
  expect(fixture.lines).toEqual(
    expect.arrayContaining([
      'prints: first',
      'prints: second äöü',
      'prints: to stderr',
      'prints: no line end',
    ]),
  );
});

it('refuses payloads over the limits of Lambda', async () => {
  fixture.host.createFunction(definition('echo'));
  const tooMuch = JSON.stringify('x'.repeat(1024 * 1024));
  await expect(fixture.host.invoke('echo', tooMuch, 'Event')).rejects.toMatchObject({
    code: 'RequestTooLargeException',
    status: 413,
  });
});
