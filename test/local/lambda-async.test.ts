import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { definition, principal, type TestHost, testHost, until } from './fixtures/lambda/test-host';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:dead';
const REFUSAL = 'arn:aws:lambda:us-east-1:000000000000:function:refusal';
const AUDIT = 'arn:aws:sqs:us-east-1:000000000000:audit';

const delays: number[] = [];
let fixture: TestHost;
beforeEach(() => {
  delays.length = 0;
  fixture = testHost({
    maxSandboxes: 1,
    retryDelayMs: (retry) => {
      delays.push(retry);
      return 20;
    },
  });
});
afterEach(() => fixture.host.close());

async function finish(): Promise<void> {
  await until(() => fixture.host.pendingEvents === 0);
}

it('accepts with 202 and an empty payload', async () => {
  fixture.host.createFunction(definition('echo'));
  expect(await fixture.host.invoke('echo', '{}', 'Event')).toMatchObject({ statusCode: 202, payload: '' });
  await finish();
  expect(fixture.host.stats('echo')).toMatchObject({ invocations: 1, errors: 0 });
});

it('tries twice more by default, with the waits of Lambda, under the same request id', async () => {
  fixture.host.createFunction(definition('fail', { deadLetterArn: QUEUE }));
  const { requestId } = await fixture.host.invoke('fail', '{"what":"hope"}', 'Event');
  await finish();
  expect(delays).toEqual([1, 2]);
  expect(fixture.host.stats('fail')).toMatchObject({ invocations: 3, errors: 3 });
  expect(fixture.delivered).toEqual([
    {
      arn: QUEUE,
      payload: '{"what":"hope"}',
      options: {
        actor: { service: 'lambda.amazonaws.com', roleArn: principal.arn, session: 'fail' },
        attributes: { RequestID: requestId, ErrorCode: '200', ErrorMessage: 'no hope' },
      },
    },
  ]);
});

it('stops retrying after a success', async () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'lambda-async-'));
  const file = path.join(directory, 'calls');
  fixture.host.createFunction(definition('failOnce'));
  fixture.host.configureAsync('failOnce', undefined, {
    maxRetries: 2,
    maxEventAgeSeconds: 60,
    onSuccessArn: AUDIT,
  });
  await fixture.host.invoke('failOnce', JSON.stringify({ file }), 'Event');
  await finish();
  expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(2);
  rmSync(directory, { recursive: true });
  expect(JSON.parse(fixture.delivered[0]?.payload ?? '')).toMatchObject({
    requestContext: { condition: 'Success', approximateInvokeCount: 2 },
    responseContext: { statusCode: 200, executedVersion: '$LATEST' },
    responsePayload: 'second time',
  });
});

it('sends the record of a failure on an alias to the destination, with the event as it was', async () => {
  const { host, delivered, warnings } = fixture;
  host.createFunction(definition('fail'));
  const arn = host.createAlias('fail', 'rpc', host.publishVersion('fail'));
  host.configureAsync('fail', 'rpc', { maxRetries: 0, maxEventAgeSeconds: 60, onFailureArn: REFUSAL });
  const { requestId } = await host.invoke(arn, '{"what":"hope","big":12345678901234567890}', 'Event');
  await finish();
  expect(delivered).toHaveLength(1);
  expect(delivered[0]?.arn).toBe(REFUSAL);
  const record = delivered[0]?.payload ?? '';
  expect(record).toContain('"requestPayload":{"what":"hope","big":12345678901234567890}');
  expect(JSON.parse(record)).toEqual({
    version: '1.0',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    requestContext: { requestId, functionArn: arn, condition: 'RetriesExhausted', approximateInvokeCount: 1 },
    requestPayload: { what: 'hope', big: expect.any(Number) },
    responseContext: { statusCode: 200, executedVersion: '1', functionError: 'Unhandled' },
    responsePayload: { errorType: 'TypeError', errorMessage: 'no hope', trace: expect.any(Array) },
  });
  expect(warnings.at(-1)).toMatch(/asynchronous invocation .* handed on: RetriesExhausted after 1 attempts$/);
});

it('does not begin an event that waited for a sandbox past its age', async () => {
  const { host, delivered } = fixture;
  host.createFunction(definition('sleepThen'));
  host.createFunction(definition('count'));
  host.configureAsync('count', undefined, { maxRetries: 2, maxEventAgeSeconds: 0.1, onFailureArn: QUEUE });
  const blocking = host.invoke('sleepThen', '{"ms":300}', 'RequestResponse');
  await until(() => host.sandboxes().some(({ busy }) => busy));
  await host.invoke('count', '{"n":1}', 'Event');
  await blocking;
  await finish();
  const record = JSON.parse(delivered[0]?.payload ?? '');
  expect(record).toMatchObject({
    requestContext: {
      functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:count:$LATEST',
      condition: 'EventAgeExceeded',
      approximateInvokeCount: 0,
    },
    requestPayload: { n: 1 },
  });
  expect(record).not.toHaveProperty('responsePayload');
  expect(JSON.parse((await host.invoke('count', '{}', 'RequestResponse')).payload).invocations).toBe(1);
});

it('does not retry an event whose age is over', async () => {
  const { host, delivered } = fixture;
  host.createFunction(definition('sleepThen', { timeoutSeconds: 0.15 }));
  host.configureAsync('sleepThen', undefined, {
    maxRetries: 2,
    maxEventAgeSeconds: 0.3,
    onFailureArn: QUEUE,
  });
  // The first attempt must not wait for a process, or the event might be too old before it.
  await host.warm('sleepThen');
  await host.invoke('sleepThen', '{"ms":1000}', 'Event');
  await finish();
  const { requestContext, responsePayload } = JSON.parse(delivered[0]?.payload ?? '');
  expect(requestContext.condition).toBe('EventAgeExceeded');
  expect(requestContext.approximateInvokeCount).toBeLessThan(3);
  expect(responsePayload.errorType).toBe('Sandbox.Timedout');
});

it('counts a death in flight as a failure: SIGKILL ends in the destination', async () => {
  const { host, delivered } = fixture;
  host.createFunction(definition('sleepThen'));
  host.configureAsync('sleepThen', undefined, {
    maxRetries: 0,
    maxEventAgeSeconds: 60,
    onFailureArn: REFUSAL,
  });
  await host.warm('sleepThen');
  await host.invoke('sleepThen', '{"ms":5000}', 'Event');
  await until(() => host.sandboxes().some(({ busy }) => busy));
  process.kill(host.sandboxes()[0]?.pid ?? 0, 'SIGKILL');
  await finish();
  expect(JSON.parse(delivered[0]?.payload ?? '').responsePayload).toMatchObject({
    errorType: 'Runtime.ExitError',
  });
  expect(host.stats('sleepThen').diedInFlight).toBe(1);
});

it('queues a burst of events without throttling', async () => {
  fixture.host.createFunction(definition('echo'));
  await Promise.all(Array.from({ length: 2000 }, () => fixture.host.invoke('echo', '{}', 'Event')));
  await finish();
  expect(fixture.host.stats('echo')).toMatchObject({ invocations: 2000, errors: 0, sandboxesStarted: 1 });
}, 30_000);

it('says how many events end with the host', async () => {
  const slow = testHost({ retryDelayMs: () => 60_000 });
  slow.host.createFunction(definition('fail'));
  await slow.host.invoke('fail', '{}', 'Event');
  await until(() => slow.host.stats('fail').errors === 1);
  await slow.host.close();
  expect(slow.warnings.at(-1)).toBe('lambda: 1 asynchronous invocations end with the host');
});
