import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { LambdaHost } from '../../local/lambda/host';
import { definition, isAlive, type TestHost, testHost, until } from './fixtures/lambda/test-host';

const open: TestHost[] = [];
function start(options: Parameters<typeof testHost>[0] = {}): TestHost {
  const fixture = testHost(options);
  open.push(fixture);
  return fixture;
}
afterEach(async () => {
  for (const { host } of open.splice(0)) await host.close();
});

const sleepThen = (host: LambdaHost, ms: number, value: unknown = ms) =>
  host.invoke('sleepThen', JSON.stringify({ ms, value }), 'RequestResponse');

describe('timeout', () => {
  it('kills the sandbox and says how long the task had', async () => {
    const { host } = start();
    host.createFunction(definition('spin', { timeoutSeconds: 0.3 }));
    await host.warm('spin');
    const pid = host.sandboxes()[0]?.pid ?? 0;
    const before = Date.now();
    const { functionError, payload, requestId } = await host.invoke('spin', '{}', 'RequestResponse');
    expect(Date.now() - before).toBeLessThan(1000);
    expect(functionError).toBe('Unhandled');
    expect(JSON.parse(payload)).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: `RequestId: ${requestId} Error: Task timed out after 0.30 seconds`,
    });
    await until(() => !isAlive(pid));
    expect(host.stats('spin')).toMatchObject({ timeouts: 1, diedInFlight: 0 });
  });

  it('does not count the start of the sandbox', async () => {
    const { host } = start();
    host.createFunction(definition('echo', { timeoutSeconds: 0.02 }));
    expect((await host.invoke('echo', '1', 'RequestResponse')).payload).toBe('1');
  });

  it('ends what the function has started too', async () => {
    const { host } = start();
    host.createFunction(definition('startsChild'));
    const { child } = JSON.parse((await host.invoke('startsChild', '{}', 'RequestResponse')).payload);
    expect(isAlive(child)).toBe(true);
    process.kill(host.sandboxes()[0]?.pid ?? 0, 'SIGKILL');
    await until(() => !isAlive(child));
  });

  it('ends a sandbox that never asks for work', async () => {
    const { host } = start({ initTimeoutMs: 200, interpreterOf: () => '/bin/cat' });
    host.createFunction(definition('echo', { runtime: 'nodejs22.x' }));
    const { payload } = await host.invoke('echo', '{}', 'RequestResponse');
    expect(JSON.parse(payload).errorType).toMatch(/^(Sandbox.Timedout|Runtime.ExitError)$/);
  });
});

describe('death', () => {
  it('in flight is the outcome of that invocation, and is counted', async () => {
    const { host } = start();
    host.createFunction(definition('sleepThen'));
    const running = sleepThen(host, 5000);
    await until(() => host.sandboxes().some(({ busy }) => busy));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(host.inflight('sleepThen')).toBe(1);
    process.kill(host.sandboxes()[0]?.pid ?? 0, 'SIGKILL');
    const { functionError, payload, requestId } = await running;
    expect(functionError).toBe('Unhandled');
    expect(JSON.parse(payload)).toEqual({
      errorType: 'Runtime.ExitError',
      errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`,
    });
    expect(host.stats('sleepThen')).toMatchObject({ diedInFlight: 1, inflight: 0 });
    expect((await sleepThen(host, 1)).payload).toBe('1');
  });

  it.each([
    [0, 'Runtime exited without providing a reason'],
    [3, 'Runtime exited with error: exit status 3'],
  ])('by exit status %d is told', async (code, text) => {
    const { host } = start();
    host.createFunction(definition('exit'));
    const { payload } = await host.invoke('exit', JSON.stringify({ code }), 'RequestResponse');
    expect(JSON.parse(payload).errorMessage).toContain(text);
  });

  it('while idle costs no invocation', async () => {
    const { host } = start();
    host.createFunction(definition('count'));
    await host.invoke('count', '{}', 'RequestResponse');
    process.kill(host.sandboxes()[0]?.pid ?? 0, 'SIGKILL');
    await until(() => host.sandboxes().length === 0);
    const { payload, functionError } = await host.invoke('count', '{}', 'RequestResponse');
    expect(functionError).toBeUndefined();
    expect(JSON.parse(payload).invocations).toBe(1);
    expect(host.stats('count')).toMatchObject({ errors: 0, diedInFlight: 0 });
  });

  it('under load: each invocation ends, and only those in flight fail', async () => {
    const { host } = start();
    host.createFunction(definition('sleepThen'));
    let kills = 0;
    const killer = setInterval(() => {
      const victim = host.sandboxes().find(({ busy }) => busy);
      if (victim !== undefined && kills < 5) {
        process.kill(victim.pid, 'SIGKILL');
        kills += 1;
      }
    }, 60);
    const results = await Promise.all(Array.from({ length: 200 }, () => sleepThen(host, 5)));
    clearInterval(killer);
    const failed = results.filter(({ functionError }) => functionError !== undefined);
    expect(kills).toBeGreaterThan(0);
    expect(failed.length).toBe(host.stats('sleepThen').errors);
    expect(failed.length).toBeLessThanOrEqual(kills);
  });
});

describe('scale', () => {
  it('gives concurrent invocations sandboxes of their own', async () => {
    const { host } = start();
    host.createFunction(definition('sleepThen'));
    const results = await Promise.all(Array.from({ length: 4 }, (_, value) => sleepThen(host, 400, value)));
    expect(results.map(({ payload }) => payload)).toEqual(['0', '1', '2', '3']);
    expect(host.sandboxes().length).toBe(4);
  });

  it('lets invocations wait at the limit, first come, first served, and throttles beyond', async () => {
    const { host } = start({ maxSandboxes: 1, concurrency: 3 });
    host.createFunction(definition('sleepThen'));
    const order: string[] = [];
    const note = ({ payload }: { payload: string }) => order.push(payload);
    const accepted = ['a', 'b', 'c'].map((value) => sleepThen(host, 20, value).then(note));
    await expect(sleepThen(host, 20)).rejects.toMatchObject({
      code: 'TooManyRequestsException',
      status: 429,
    });
    await Promise.all(accepted);
    expect(order).toEqual(['"a"', '"b"', '"c"']);
    expect(host.stats('sleepThen').sandboxesStarted).toBe(1);
  });

  it('ends an idle sandbox where another function needs the room', async () => {
    const { host } = start({ maxSandboxes: 1 });
    host.createFunction(definition('echo'));
    host.createFunction(definition('count'));
    await host.invoke('echo', '{}', 'RequestResponse');
    expect((await host.invoke('count', '{}', 'RequestResponse')).functionError).toBeUndefined();
    expect(host.sandboxes().map(({ functionName }) => functionName)).toEqual(['count']);
  });

  it('lets no busy function keep all sandboxes from another', async () => {
    const { host } = start({ maxSandboxes: 1 });
    host.createFunction(definition('sleepThen'));
    host.createFunction(definition('echo'));
    let busy = true;
    const load = (async () => {
      while (busy) await Promise.all([sleepThen(host, 5), sleepThen(host, 5), sleepThen(host, 5)]);
    })();
    const echoed = await Promise.race([
      host.invoke('echo', '1', 'RequestResponse'),
      new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 3000)),
    ]);
    busy = false;
    await load;
    expect(echoed?.payload).toBe('1');
  });

  it('ends what has been idle for long', async () => {
    const { host } = start({ idleMs: 60 });
    host.createFunction(definition('echo'));
    await host.invoke('echo', '{}', 'RequestResponse');
    await until(() => host.sandboxes().length === 0);
  });

  it('has a warm sandbox ready ahead', async () => {
    const { host } = start();
    host.createFunction(definition('count'));
    await host.warm('count');
    expect(host.sandboxes()).toHaveLength(1);
    await host.warm('count');
    await host.invoke('count', '{}', 'RequestResponse');
    expect(host.stats('count').sandboxesStarted).toBe(1);
  });

  it('runs new code after an update, while the old finishes', async () => {
    const { host } = start();
    host.createFunction(definition('sleepThen'));
    const former = sleepThen(host, 100, 'old');
    await until(() => host.sandboxes().some(({ busy }) => busy));
    host.updateFunction('sleepThen', { handler: 'handlers.echo' });
    expect((await sleepThen(host, 1, 'new')).payload).toBe('{"ms":1,"value":"new"}');
    expect((await former).payload).toBe('"old"');
    await until(() => host.sandboxes().length === 1);
  });
});

describe('a deployment', () => {
  const deployed = path.join(__dirname, 'fixtures/lambda/deployed');
  const ask = (host: LambdaHost, arn: string, ms = 1) =>
    host.invoke(arn, JSON.stringify({ ms, value: 'old' }), 'RequestResponse').then(({ payload }) => payload);
  const live = (host: LambdaHost) => {
    host.createFunction(definition('sleepThen'));
    return host.createAlias('sleepThen', 'live', host.publishVersion('sleepThen'));
  };

  it('moves the alias once the new code is warm, while the old finishes and ends', async () => {
    const { host } = start();
    const arn = live(host);
    const former = ask(host, arn, 150);
    await until(() => host.sandboxes().some(({ busy }) => busy));
    expect(await host.deploy('sleepThen', deployed)).toBe('2');
    expect(host.sandboxes()).toContainEqual(expect.objectContaining({ version: '2', busy: false }));
    expect(await ask(host, arn)).toBe('"new"');
    expect(await ask(host, 'sleepThen')).toBe('"new"');
    expect(await former).toBe('"old"');
    await until(() => host.sandboxes().every(({ version }) => version !== '1'));
  });

  it('is warm before it is used where there is no alias, too', async () => {
    const { host } = start();
    host.createFunction(definition('sleepThen'));
    await host.warm('sleepThen');
    let deploying = true;
    const done = host.deploy('sleepThen', deployed).finally(() => {
      deploying = false;
    });
    const answers: string[] = [];
    while (deploying) answers.push(await ask(host, 'sleepThen', 5));
    await done;
    expect(new Set(answers.slice(0, -1))).toEqual(new Set(['"old"']));
    expect(await ask(host, 'sleepThen')).toBe('"new"');
    expect(host.stats('sleepThen').sandboxesStarted).toBe(2);
  });

  it('loses nothing of a hundred calls while it is done five times, also at once', async () => {
    const { host } = start();
    const arn = live(host);
    const calls = Array.from({ length: 100 }, (_, n) =>
      new Promise((resolve) => setTimeout(resolve, n * 5)).then(() => ask(host, arn, 20)),
    );
    const versions = await Promise.all(Array.from({ length: 5 }, () => host.deploy('sleepThen')));
    expect(versions).toEqual(['2', '3', '4', '5', '6']);
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['"old"']));
    expect(host.registry.resolve(arn).version.version).toBe('6');
    await until(() => host.sandboxes().every(({ version }) => version === '6'), 20_000);
  }, 30_000);

  it('is where the retry of an event goes that failed before', async () => {
    const { host, delivered } = start({ retryDelayMs: () => 300 });
    host.createFunction(definition('fail', { handler: 'handlers.fail' }));
    const arn = host.createAlias('fail', 'live', host.publishVersion('fail'));
    host.configureAsync('fail', 'live', {
      maxRetries: 1,
      maxEventAgeSeconds: 60,
      onSuccessArn: 'done',
      onFailureArn: 'failed',
    });
    await host.invoke(arn, '{"ms":1}', 'Event');
    await until(() => host.stats('fail').errors === 1);
    await host.deploy('fail', deployed);
    await until(() => delivered.length > 0);
    expect(delivered.map((one) => one.arn)).toEqual(['done']);
  });
});

describe('end', () => {
  it('close ends every child within two seconds, and what runs ends with an error', async () => {
    const { host } = start();
    host.createFunction(definition('spin'));
    host.createFunction(definition('echo'));
    await host.invoke('echo', '{}', 'RequestResponse');
    await host.warm('spin');
    const running = host.invoke('spin', '{}', 'RequestResponse');
    const pids = host.sandboxes().map(({ pid }) => pid);
    const before = Date.now();
    await host.close();
    expect(Date.now() - before).toBeLessThan(2000);
    expect(pids).toHaveLength(2);
    expect(pids.filter(isAlive)).toEqual([]);
    expect((await running).functionError).toBe('Unhandled');
    expect((await host.invoke('echo', '{}', 'RequestResponse')).functionError).toBe('Unhandled');
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    '%s of the parent ends idle, waiting and spinning children',
    async (signal) => {
      const script = path.join(__dirname, 'fixtures/lambda/parent.ts');
      const parent = spawn(process.execPath, ['--import', 'tsx', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = await once(parent.stdout, 'data');
      const pids: number[] = JSON.parse(String(line));
      expect(pids).toHaveLength(3);
      expect(pids.every(isAlive)).toBe(true);
      parent.kill(signal);
      await once(parent, 'exit');
      await until(() => !pids.some(isAlive));
    },
    15_000,
  );
});
