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

const sleepThen = (host: LambdaHost, ms: number, name = 'sleepThen') =>
  host.invoke(name, JSON.stringify({ ms, value: ms }), 'RequestResponse');
const throttledBy = (reason: string) => ({ code: 'TooManyRequestsException', status: 429, reason });

describe('developer guide, lambda-concurrency:', () => {
  it('the account refuses at once what is over its concurrency, and takes more when something has ended', async () => {
    const host = start({ concurrency: 2 });
    host.createFunction(definition('sleepThen'));
    host.createFunction(definition('other', { handler: 'handlers.sleepThen' }));
    const running = [sleepThen(host, 100), sleepThen(host, 100, 'other')];
    await expect(sleepThen(host, 1)).rejects.toMatchObject(throttledBy('ConcurrentInvocationLimitExceeded'));
    await Promise.all(running);
    expect((await sleepThen(host, 1)).payload).toBe('1');
  });

  it('a reservation is a limit of its function, whatever the account has left', async () => {
    const host = start();
    host.createFunction(definition('sleepThen', { reservedConcurrency: 1 }));
    const running = sleepThen(host, 50);
    await expect(sleepThen(host, 1)).rejects.toMatchObject(
      throttledBy('ReservedFunctionConcurrentInvocationLimitExceeded'),
    );
    await running;
    expect((await sleepThen(host, 1)).payload).toBe('1');
  });

  it('a reservation of 0 switches a function off', async () => {
    const host = start();
    host.createFunction(definition('echo', { reservedConcurrency: 0 }));
    await expect(host.invoke('echo', '{}', 'RequestResponse')).rejects.toMatchObject({ status: 429 });
  });

  it('a reservation is kept from the others, and for its function', async () => {
    const host = start({ concurrency: 102, maxSandboxes: 3 });
    host.createFunction(definition('sleepThen'));
    host.createFunction(definition('reserved', { handler: 'handlers.sleepThen', reservedConcurrency: 2 }));
    const others = Array.from({ length: 100 }, () => sleepThen(host, 5));
    await expect(sleepThen(host, 1)).rejects.toMatchObject(throttledBy('ConcurrentInvocationLimitExceeded'));
    expect((await sleepThen(host, 1, 'reserved')).payload).toBe('1');
    await Promise.all(others);
  });

  it('a hundred have to be left without reservation', () => {
    const host = start({ concurrency: 150 });
    host.createFunction(definition('echo', { reservedConcurrency: 40 }));
    expect(() => host.createFunction(definition('count', { reservedConcurrency: 11 }))).toThrow(
      "decreases account's UnreservedConcurrentExecution below its minimum value of [100]",
    );
    host.updateFunction('echo', { reservedConcurrency: undefined });
    host.updateFunction('count', { reservedConcurrency: 50 });
  });

  it('a new account has ten, of which none can be reserved', () => {
    const host = start({ concurrency: 10 });
    expect(() => host.createFunction(definition('echo', { reservedConcurrency: 1 }))).toThrow(
      'minimum value of [10]',
    );
  });
});

it('invocation-async: events wait in a queue of their own and count once they run', async () => {
  const host = start({ concurrency: 1 });
  host.createFunction(definition('sleepThen'));
  for (let n = 0; n < 5; n++) await host.invoke('sleepThen', '{"ms":20}', 'Event');
  await until(() => host.pendingEvents === 0);
  expect(host.stats('sleepThen')).toMatchObject({ invocations: 5, errors: 0, sandboxesStarted: 1 });
  expect((await sleepThen(host, 1)).payload).toBe('1');
});
