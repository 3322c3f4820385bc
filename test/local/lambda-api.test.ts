import { LambdaApi } from '../../local/lambda/api';
import { parseFunctionReference } from '../../local/lambda/function-reference';
import type { AwsRequest, AwsResponse } from '../../local/ports';
import { definition, principal, type TestHost, testHost, until } from './fixtures/lambda/test-host';

let fixture: TestHost;
let api: LambdaApi;
beforeEach(() => {
  fixture = testHost({ retryDelayMs: () => 1 });
  api = new LambdaApi(fixture.host);
});
afterEach(() => fixture.host.close());

function request(method: string, path: string, more: Partial<AwsRequest> = {}): Promise<AwsResponse> {
  return api.handle({ method, path, headers: {}, body: '', principal, ...more });
}
const invoke = (name: string, body: string, headers: Record<string, string> = {}) =>
  request('POST', `/2015-03-31/functions/${name}/invocations`, { body, headers });

describe('Invoke', () => {
  it('answers the result with the executed version', async () => {
    fixture.host.createFunction(definition('echo'));
    const { status, headers, body } = await invoke('echo', '{"a":1}');
    expect(status).toBe(200);
    expect(body).toBe('{"a":1}');
    expect(headers).toMatchObject({
      'x-amz-executed-version': '$LATEST',
      'x-amzn-requestid': expect.any(String),
    });
    expect(headers).not.toHaveProperty('x-amz-function-error');
  });

  it('marks a function error', async () => {
    fixture.host.createFunction(definition('fail'));
    const { status, headers } = await invoke('fail', '');
    expect(status).toBe(200);
    expect(headers?.['x-amz-function-error']).toBe('Unhandled');
  });

  it('accepts an event with 202', async () => {
    fixture.host.createFunction(definition('echo'));
    expect(await invoke('echo', '{}', { 'x-amz-invocation-type': 'Event' })).toMatchObject({
      status: 202,
      body: '',
    });
    await until(() => fixture.host.pendingEvents === 0);
  });

  it('only looks with DryRun', async () => {
    fixture.host.createFunction(definition('echo'));
    expect((await invoke('echo', '{}', { 'x-amz-invocation-type': 'DryRun' })).status).toBe(204);
    expect(fixture.host.stats('echo').invocations).toBe(0);
  });

  it('takes the qualifier from the query, the name or the ARN', async () => {
    const { host } = fixture;
    host.createFunction(definition('echo'));
    const arn = host.createAlias('echo', 'live', host.publishVersion('echo'));
    const live = { headers: expect.objectContaining({ 'x-amz-executed-version': '1' }), status: 200 };
    expect(await invoke(encodeURIComponent(arn), '1')).toMatchObject(live);
    expect(await invoke('echo:live', '1')).toMatchObject(live);
    expect(await invoke('000000000000:function:echo:1', '1')).toMatchObject(live);
    const path = '/2015-03-31/functions/echo/invocations?Qualifier=live';
    expect(await request('POST', path, { body: '1' })).toMatchObject(live);
    const contradiction = '/2015-03-31/functions/echo%3Alive/invocations?Qualifier=1';
    expect((await request('POST', contradiction, { body: '1' })).status).toBe(400);
  });

  it.each([
    ['absent', '{}', {}, 404, 'ResourceNotFoundException'],
    ['echo:absent', '{}', {}, 404, 'ResourceNotFoundException'],
    ['no%20name', '{}', {}, 400, 'ValidationException'],
    ['echo', '{', {}, 400, 'InvalidRequestContentException'],
    ['echo', '{}', { 'x-amz-invocation-type': 'Later' }, 400, 'InvalidParameterValueException'],
  ])('refuses %s %s %j with %d %s', async (name, body, headers, status, code) => {
    fixture.host.createFunction(definition('echo'));
    const response = await invoke(name, body, headers);
    expect(response).toMatchObject({ status, headers: { 'x-amzn-errortype': code } });
    expect(JSON.parse(response.body)).toEqual({
      Type: 'User',
      Message: expect.any(String),
      message: expect.any(String),
    });
  });
});

it('describes functions', async () => {
  const { host } = fixture;
  host.createFunction(definition('echo', { environment: () => ({ TABLE: 'orders' }) }));
  const expected = {
    FunctionName: 'echo',
    FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:echo',
    Role: 'arn:aws:iam::000000000000:role/test-role',
    Timeout: 3,
    MemorySize: 128,
    Environment: { Variables: { TABLE: 'orders' } },
  };
  const one = await request('GET', '/2015-03-31/functions/echo');
  expect(JSON.parse(one.body).Configuration).toMatchObject(expected);
  expect(JSON.parse((await request('GET', '/2015-03-31/functions/echo/configuration')).body)).toMatchObject(
    expected,
  );
  expect(JSON.parse((await request('GET', '/2015-03-31/functions')).body).Functions).toHaveLength(1);
  expect((await request('DELETE', '/2015-03-31/functions/echo')).status).toBe(404);
  expect((await request('GET', '/2020-01-01/other')).status).toBe(404);
});

describe('the registry', () => {
  it('publishes a version only where something has changed', () => {
    const { host } = fixture;
    host.createFunction(definition('echo'));
    expect([host.publishVersion('echo'), host.publishVersion('echo')]).toEqual(['1', '1']);
    host.updateFunction('echo', { memoryMb: 256 });
    expect(host.publishVersion('echo')).toBe('2');
  });

  it('keeps a published version as it was', async () => {
    const { host } = fixture;
    host.createFunction(definition('echo'));
    host.publishVersion('echo');
    host.updateFunction('echo', { handler: 'handlers.fail' });
    expect((await host.invoke('echo:1', '1', 'RequestResponse')).payload).toBe('1');
    expect((await host.invoke('echo', '1', 'RequestResponse')).functionError).toBe('Unhandled');
  });

  it('moves an alias', async () => {
    const { host } = fixture;
    host.createFunction(definition('echo'));
    host.publishVersion('echo');
    host.updateFunction('echo', { handler: 'handlers.fail' });
    host.createAlias('echo', 'live', '1');
    expect((await host.invoke('echo:live', '1', 'RequestResponse')).functionError).toBeUndefined();
    host.createAlias('echo', 'live', host.publishVersion('echo'));
    expect((await host.invoke('echo:live', '1', 'RequestResponse')).functionError).toBe('Unhandled');
  });

  it.each([
    [
      'a taken name',
      (host: TestHost['host']) => host.createFunction(definition('echo')),
      'ResourceConflictException',
    ],
    [
      'an alias of an absent version',
      (host: TestHost['host']) => host.createAlias('echo', 'live', '9'),
      'ResourceNotFoundException',
    ],
    [
      'an alias that looks like a version',
      (host: TestHost['host']) => host.createAlias('echo', '12', '$LATEST'),
      'InvalidParameterValueException',
    ],
    ['the ARN of nothing', (host: TestHost['host']) => host.arnOf('absent'), 'ResourceNotFoundException'],
  ])('refuses %s', (_what, act, code) => {
    fixture.host.createFunction(definition('echo'));
    expect(() => act(fixture.host)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    ['fn', 'fn', undefined],
    ['fn:$LATEST', 'fn', '$LATEST'],
    ['123456789012:function:fn', 'fn', undefined],
    ['arn:aws:lambda:us-east-1:123456789012:function:fn:rpc', 'fn', 'rpc'],
    ['arn:aws-cn:lambda:cn-north-1:123456789012:function:fn', 'fn', undefined],
  ])('reads %s', (text, name, qualifier) => {
    expect(parseFunctionReference(text)).toEqual({ name, qualifier });
  });
});
