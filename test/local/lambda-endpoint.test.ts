import { LambdaApi } from '../../local/lambda/api';
import { EndpointFixture } from './endpoint-fixture';
import { definition, type TestHost, testHost, until } from './fixtures/lambda/test-host';

const MEGABYTE = 1024 * 1024;
let lambda: TestHost;
let fixture: EndpointFixture;

beforeEach(async () => {
  lambda = testHost({ retryDelayMs: () => 1, concurrency: 1 });
  for (const name of ['echo', 'fail', 'exit', 'sleepThen', 'size']) {
    lambda.host.createFunction(definition(name));
  }
  fixture = new EndpointFixture({ lambda: new LambdaApi(lambda.host) });
  await fixture.start();
});
afterEach(async () => {
  await fixture.close();
  await lambda.host.close();
});

/** Invoke as an SDK sends it: signed for `lambda`, the body as it is. */
async function invoke(name: string, body: string, headers: Record<string, string> = {}, query = '') {
  const scope = 'local/20260101/us-east-1/lambda/aws4_request';
  const path = `/2015-03-31/functions/${encodeURIComponent(name)}/invocations${query}`;
  const response = await fetch(`${fixture.url}${path}`, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, Signature=0`, ...headers },
    body,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
const event = { 'x-amz-invocation-type': 'Event' };
/** So many bytes of JSON. */
const textOf = (bytes: number) => JSON.stringify({ text: 'x'.repeat(bytes - '{"text":""}'.length) });

describe('API reference, Invoke:', () => {
  it('RequestResponse answers 200, the result, the version and a request id', async () => {
    await lambda.host.warm('echo');
    const { status, headers, text } = await invoke('echo', '{"a":1}');
    expect([status, text]).toEqual([200, '{"a":1}']);
    expect(headers.get('x-amz-executed-version')).toBe('$LATEST');
    expect(headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('x-amz-function-error')).toBeNull();
  });

  it.each([
    ['an error that the function throws', 'fail', '{"what":"hope"}', /"errorType":"TypeError"/],
    ['a process that ends', 'exit', '{"code":3}', /"errorType":"Runtime.ExitError".*exit status 3/],
    ['a time-out', 'slow', '{"ms":5000}', /"errorType":"Sandbox.Timedout".*after 0.30 seconds/],
  ])('%s is a 200 with X-Amz-Function-Error and its error as payload', async (_what, name, body, error) => {
    lambda.host.createFunction(definition('slow', { handler: 'handlers.sleepThen', timeoutSeconds: 0.3 }));
    await lambda.host.warm(name);
    const { status, headers, text } = await invoke(name, body);
    expect([status, headers.get('x-amz-function-error')]).toEqual([200, 'Unhandled']);
    expect(text).toMatch(error);
  });

  it('Event answers 202 without payload, and the function runs afterwards', async () => {
    const { status, text, headers } = await invoke('fail', '{}', event);
    expect([status, text, headers.get('x-amz-function-error')]).toEqual([202, '', null]);
    // The two retries of an asynchronous invocation.
    await until(() => lambda.host.stats('fail').invocations === 3 && lambda.host.pendingEvents === 0);
  });

  it('DryRun answers 204 and runs nothing', async () => {
    expect(await invoke('echo', '', { 'x-amz-invocation-type': 'DryRun' })).toMatchObject({
      status: 204,
      text: '',
    });
    expect(lambda.host.stats('echo').invocations).toBe(0);
  });

  it.each([
    ['a query', 'echo', '?Qualifier=live'],
    ['a name', 'echo:live', ''],
    ['a partial ARN', '000000000000:function:echo:live', ''],
    ['an ARN', 'arn:aws:lambda:us-east-1:000000000000:function:echo:live', ''],
  ])('the qualifier comes from %s', async (_from, name, query) => {
    lambda.host.createAlias('echo', 'live', lambda.host.publishVersion('echo'));
    await lambda.host.warm('echo:live');
    const { headers } = await invoke(name, '1', {}, query);
    expect(headers.get('x-amz-executed-version')).toBe('1');
  });

  it('a function that is not there is a ResourceNotFoundException, 404, in restJson1', async () => {
    const { status, headers, text } = await invoke('absent', '{}');
    expect([status, headers.get('x-amzn-errortype')]).toEqual([404, 'ResourceNotFoundException']);
    expect(headers.get('content-type')).toBe('application/json');
    const arn = 'arn:aws:lambda:us-east-1:000000000000:function:absent';
    expect(JSON.parse(text)).toMatchObject({ Type: 'User', Message: `Function not found: ${arn}` });
  });

  it('too many invocations are a TooManyRequestsException, 429, with the reason', async () => {
    await lambda.host.warm('sleepThen');
    const running = invoke('sleepThen', '{"ms":700}');
    await until(() => lambda.host.inflight('sleepThen') === 1);
    const { status, headers, text } = await invoke('sleepThen', '{"ms":0}');
    expect([status, headers.get('x-amzn-errortype')]).toEqual([429, 'TooManyRequestsException']);
    expect(JSON.parse(text)).toMatchObject({ Type: 'User', Reason: 'ConcurrentInvocationLimitExceeded' });
    expect((await running).status).toBe(200);
  });

  it('a reserved concurrency of 0 is the other reason', async () => {
    lambda.host.createFunction(definition('off', { handler: 'handlers.echo', reservedConcurrency: 0 }));
    const { status, text } = await invoke('off', '{}');
    expect(status).toBe(429);
    expect(JSON.parse(text).Reason).toBe('ReservedFunctionConcurrentInvocationLimitExceeded');
  });
});

describe('Lambda quotas:', () => {
  it.each([
    ['6 MB for a synchronous invocation', 6 * MEGABYTE, {}, 200],
    ['1 MB for an asynchronous one', MEGABYTE, event, 202],
  ])('a payload has at most %s', async (_limit, bytes, headers, status) => {
    await lambda.host.warm('size');
    expect((await invoke('size', textOf(bytes), headers)).status).toBe(status);
    const refused = await invoke('size', textOf(bytes + 1), headers);
    expect([refused.status, refused.headers.get('x-amzn-errortype')]).toEqual([
      413,
      'RequestTooLargeException',
    ]);
    expect(refused.text).toContain(`must be smaller than ${bytes} bytes`);
  });
});
