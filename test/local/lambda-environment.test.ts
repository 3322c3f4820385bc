import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { definition, folder, type TestHost, testHost, until } from './fixtures/lambda/test-host';

let fixture: TestHost;
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'holdfast-starts-'));
});
afterEach(async () => {
  await fixture.host.close();
  rmSync(directory, { recursive: true, force: true });
});

const invoke = (name: string, event: object = {}) =>
  fixture.host.invoke(name, JSON.stringify(event), 'RequestResponse');
const onLinux = process.platform === 'linux' ? describe : describe.skip;

// configuration-memory; https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
onLinux('memory size:', () => {
  it('a leak of 20 MB a call ends the sandbox, and the next invocation has a new one', async () => {
    fixture = testHost({ reports: true });
    fixture.host.createFunction(definition('keep', { memoryMb: 128 }));
    let calls = 1;
    let result = await invoke('keep', { megabytes: 20 });
    while (result.functionError === undefined && calls < 10) {
      calls += 1;
      result = await invoke('keep', { megabytes: 20 });
    }
    expect(JSON.parse(result.payload)).toEqual({
      errorType: 'Runtime.OutOfMemory',
      errorMessage: `RequestId: ${result.requestId} Error: Runtime exited with error: signal: killed`,
    });
    // A fresh process takes 40 to 60 of them.
    expect(calls).toBeGreaterThan(2);
    expect((await invoke('keep', { megabytes: 1 })).payload).toBe('1');
    expect(fixture.host.stats('keep')).toMatchObject({ diedInFlight: 1, sandboxesStarted: 2 });
    expect(fixture.lines).toContainEqual(
      expect.stringMatching(
        new RegExp(
          `REPORT RequestId: ${result.requestId}.*Max Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory$`,
        ),
      ),
    );
  });

  it('an invocation that goes on after it has taken too much is ended under way', async () => {
    fixture = testHost();
    fixture.host.createFunction(definition('keep', { memoryMb: 128, timeoutSeconds: 5 }));
    const before = Date.now();
    const { payload } = await invoke('keep', { megabytes: 200, waitMs: 4000 });
    expect(JSON.parse(payload).errorType).toBe('Runtime.OutOfMemory');
    expect(Date.now() - before).toBeLessThan(3000);
  });

  it('what fits is left alone', async () => {
    fixture = testHost();
    fixture.host.createFunction(definition('keep', { memoryMb: 256 }));
    for (let call = 1; call <= 5; call++) {
      expect((await invoke('keep', { megabytes: 20, waitMs: 30 })).payload).toBe(String(call));
    }
  });
});

// lambda-runtime-environment: "Lambda freezes the execution environment when the runtime ... has completed"
describe('between invocations', () => {
  it('work that nobody awaited does not run on, and goes on with the next', async () => {
    fixture = testHost();
    fixture.host.createFunction(definition('tickOn'));
    await invoke('tickOn');
    await sleep(300);
    const { payload } = await invoke('tickOn');
    expect(Number(payload)).toBeLessThan(5);
    expect(fixture.host.stats('tickOn').sandboxesStarted).toBe(1);
  });

  it('a frozen sandbox ends when it is told to', async () => {
    fixture = testHost({ idleMs: 60 });
    fixture.host.createFunction(definition('echo'));
    await invoke('echo');
    await until(() => fixture.host.sandboxes().length === 0, 900);
  });
});

// lambda-runtime-environment, Init phase
describe('a start', () => {
  const slow = (startsMs: string, timeoutSeconds = 1) =>
    definition('slow', {
      codeDir: folder('slow-start'),
      handler: 'index.handler',
      timeoutSeconds,
      environment: { STARTS_FILE: path.join(directory, 'starts'), STARTS_MS: startsMs },
    });
  const starts = () => readFileSync(path.join(directory, 'starts'), 'utf8').length;

  it('over its time is tried again, on the account of the first invocation', async () => {
    fixture = testHost({ initTimeoutMs: 400, reports: true });
    fixture.host.createFunction(slow('5000 200 0'));
    const { payload } = await invoke('slow');
    expect(Number(payload)).toBeLessThan(800);
    expect(starts()).toBe(2);
    // The next has all of its time.
    expect(Number((await invoke('slow')).payload)).toBeGreaterThan(900);
    expect(fixture.lines[0]).not.toContain('Init Duration');
  });

  it('that takes the function’s timeout as well is the outcome of the invocation', async () => {
    fixture = testHost({ initTimeoutMs: 300 });
    fixture.host.createFunction(slow('5000 5000', 0.5));
    const { payload, requestId } = await invoke('slow');
    expect(JSON.parse(payload)).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: `RequestId: ${requestId} Error: Task timed out after 0.50 seconds`,
    });
    expect(starts()).toBe(2);
  });
});

// monitoring-cloudwatchlogs: the report line
describe('a report', () => {
  it('has times and memory of each invocation, the start with the first', async () => {
    fixture = testHost({ reports: true });
    fixture.host.createFunction(definition('sleepThen'));
    const first = await fixture.host.invoke('sleepThen', '{"ms":30,"value":1}', 'RequestResponse');
    const second = await fixture.host.invoke('sleepThen', '{"ms":30,"value":1}', 'RequestResponse');
    const [one = '', two = ''] = fixture.lines;
    const used = process.platform === 'linux' ? String.raw`[3-9]\d` : '0';
    const figures = String.raw`\tDuration: (\d+\.\d\d) ms\tBilled Duration: (\d+) ms\tMemory Size: 128 MB\tMax Memory Used: ${used} MB`;
    const init = new RegExp(
      String.raw`^sleepThen: REPORT RequestId: ${first.requestId}${figures}\tInit Duration: (\d+\.\d\d) ms$`,
    ).exec(one);
    const warm = new RegExp(`^sleepThen: REPORT RequestId: ${second.requestId}${figures}$`).exec(two);
    const [, duration = 0, billed = 0, started = 0] = (init ?? []).map(Number);
    expect(duration).toBeGreaterThan(29);
    expect(billed).toBe(Math.ceil(duration + started));
    expect(Number(warm?.[2])).toBe(Math.ceil(Number(warm?.[1])));
  });

  it('tells of a time-out', async () => {
    fixture = testHost({ reports: true });
    fixture.host.createFunction(definition('spin', { timeoutSeconds: 0.1 }));
    await invoke('spin');
    expect(fixture.lines[0]).toMatch(/Status: timeout$/);
  });

  it('is not there unless asked for', async () => {
    fixture = testHost();
    fixture.host.createFunction(definition('echo'));
    await invoke('echo');
    expect(fixture.lines).toEqual([]);
  });
});
