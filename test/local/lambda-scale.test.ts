import os from 'node:os';
import type { LambdaHost } from '../../local/lambda/host';
import { definition, type TestHost, testHost, until } from './fixtures/lambda/test-host';

const open: TestHost[] = [];
function start(options: Parameters<typeof testHost>[0] = {}): LambdaHost {
  const fixture = testHost(options);
  open.push(fixture);
  return fixture.host;
}
afterEach(async () => {
  for (const { host } of open.splice(0)) await host.close();
});

const sleepThen = (host: LambdaHost, ms: number) =>
  host.invoke('sleepThen', JSON.stringify({ ms, value: ms }), 'RequestResponse');
const countOf = (host: LambdaHost, name: string) =>
  host.sandboxes().filter(({ functionName }) => functionName === name).length;

describe('P1: a function that scales out', () => {
  it('weighs less with each sandbox, and another function starts anew', async () => {
    const host = start();
    host.createFunction(definition('sleepThen'));
    host.createFunction(definition('echo'));
    await Promise.all([sleepThen(host, 400), sleepThen(host, 400), sleepThen(host, 400)]);
    await host.invoke('echo', '{}', 'RequestResponse');
    const niceOf = (name: string) =>
      host
        .sandboxes()
        .filter(({ functionName }) => functionName === name)
        .map(({ pid }) => os.getPriority(pid))
        .sort((a, b) => a - b);
    expect(niceOf('sleepThen')).toEqual([0, 1, 3]);
    expect(niceOf('echo')).toEqual([0]);
  });

  it('uses the sandbox that weighs most where several are idle', async () => {
    const host = start();
    host.createFunction(definition('sleepThen'));
    await Promise.all([sleepThen(host, 100), sleepThen(host, 200), sleepThen(host, 300)]);
    const running = sleepThen(host, 100);
    const [busy] = host.sandboxes().filter((sandbox) => sandbox.busy);
    expect(os.getPriority(busy?.pid ?? 0)).toBe(0);
    await running;
  });

  it('gives the place of a sandbox that ended to the next', async () => {
    const host = start();
    host.createFunction(definition('sleepThen'));
    await sleepThen(host, 1);
    process.kill(host.sandboxes()[0]?.pid ?? 0, 'SIGKILL');
    await until(() => host.sandboxes().length === 0);
    await sleepThen(host, 1);
    expect(os.getPriority(host.sandboxes()[0]?.pid ?? 0)).toBe(0);
  });

  it('takes no warm sandbox from a function that has only that', async () => {
    const host = start({ maxSandboxes: 2 });
    host.createFunction(definition('sleepThen'));
    host.createFunction(definition('echo'));
    await host.invoke('echo', '{}', 'RequestResponse');
    await Promise.all([sleepThen(host, 30), sleepThen(host, 30), sleepThen(host, 30)]);
    expect(host.stats('sleepThen').sandboxesStarted).toBe(1);
    expect(countOf(host, 'echo')).toBe(1);
  });

  it('leaves the last of all sandboxes to functions that have few', async () => {
    const host = start({ maxSandboxes: 10, spareCpu: () => true });
    host.createFunction(definition('sleepThen'));
    host.createFunction(definition('echo'));
    const busy = Promise.all(Array.from({ length: 30 }, () => sleepThen(host, 400)));
    await until(() => countOf(host, 'sleepThen') === 8, 5000);
    expect((await host.invoke('echo', '1', 'RequestResponse')).payload).toBe('1');
    expect(countOf(host, 'sleepThen')).toBe(8);
    await busy;
  }, 15_000);

  it('gets further sandboxes only while the machine has CPU over, or one at a time for who has waited', async () => {
    let spare = false;
    const host = start({ spareCpu: () => spare });
    host.createFunction(definition('sleepThen'));
    const calls = Array.from({ length: 7 }, () => sleepThen(host, 1200));
    await until(() => countOf(host, 'sleepThen') === 4, 5000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(countOf(host, 'sleepThen')).toBe(4);
    await until(() => countOf(host, 'sleepThen') === 5);
    spare = true;
    await until(() => countOf(host, 'sleepThen') === 7);
    await Promise.all(calls);
  }, 15_000);

  it('starts the first sandbox of another before its own next', async () => {
    const host = start({ maxStarting: 1, spareCpu: () => true });
    host.createFunction(definition('sleepThen'));
    host.createFunction(definition('count'));
    const busy = Array.from({ length: 10 }, () => sleepThen(host, 100));
    await host.invoke('count', '{}', 'RequestResponse');
    expect(countOf(host, 'sleepThen')).toBeLessThan(5);
    await Promise.all(busy);
  });
});
