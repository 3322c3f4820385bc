import { Client, eventually, type Handler, refusal, startGateway } from './gateway-fixture';

let fixture: Awaited<ReturnType<typeof startGateway>>;
afterEach(() => fixture?.stop());

const METHOD_ARN = 'arn:aws:execute-api:us-east-1:000000000000:api1/local/$connect';
const AUTHORIZER = {
  id: 'auth1',
  functionArn: 'authorizer',
  identitySources: ['route.request.querystring.token', 'route.request.header.X-Tenant'],
};

const policy = (Effect: string, Resource: unknown = METHOD_ARN) => ({
  Version: '2012-10-17',
  Statement: [{ Action: 'execute-api:Invoke', Effect, Resource }],
});

const allowing = (more: object = {}) => ({ principalId: 'user-1', policyDocument: policy('Allow'), ...more });

async function start(handler: Handler): Promise<void> {
  fixture = await startGateway({ api: { authorizer: AUTHORIZER } });
  fixture.invoker.on('authorizer', handler);
}

const headers = { 'X-Tenant': 't1' };
const open = () => Client.open(`${fixture.url}?token=x`, { headers });
const refused = () => refusal(`${fixture.url}?token=x`, headers);

describe('a REQUEST authorizer (developer guide, apigateway-websocket-api-lambda-auth)', () => {
  it('is shown the request, upgrade and all, and knows the connection already', async () => {
    await start(() => allowing());
    await open();
    const [asked] = fixture.invoker.of('authorizer');
    const [connect] = fixture.invoker.of('connect');
    expect(asked).toMatchObject({
      type: 'REQUEST',
      methodArn: METHOD_ARN,
      headers: { 'X-Tenant': 't1', Connection: 'upgrade', Upgrade: 'websocket', 'content-length': '0' },
      multiValueHeaders: { Connection: ['upgrade'] },
      queryStringParameters: { token: 'x' },
      multiValueQueryStringParameters: { token: ['x'] },
      stageVariables: {},
      requestContext: {
        routeKey: '$connect',
        eventType: 'CONNECT',
        connectionId: connect?.requestContext.connectionId,
      },
    });
    expect(asked).not.toHaveProperty('body');
    expect(asked?.requestContext).not.toHaveProperty('authorizer');
  });

  it('has its context, as text, in every event of the connection (aws-samples, WebsocketEcho.js and WebsocketDisconnect.js)', async () => {
    await start(() => allowing({ context: { tenant: 'a', number: 1, flag: true } }));
    const client = await open();
    client.socket.send('x');
    await eventually(() => expect(fixture.invoker.of('default')).toHaveLength(1));
    client.socket.close();
    await eventually(() => expect(fixture.invoker.of('disconnect')).toHaveLength(1));
    const context = {
      tenant: 'a',
      number: '1',
      flag: 'true',
      principalId: 'user-1',
      integrationLatency: expect.any(Number),
    };
    for (const name of ['connect', 'default', 'disconnect'])
      expect(fixture.invoker.of(name)[0]?.requestContext['authorizer']).toEqual(context);
  });

  it.each([
    ['the query parameter', '', { 'X-Tenant': 't1' }],
    ['the header', '?token=x', {}],
    ['a value', '?token=', { 'X-Tenant': 't1' }],
  ])('is not asked where an identity source lacks %s: 401', async (_what, query, given) => {
    await start(() => allowing());
    expect(await refusal(`${fixture.url}${query}`, given)).toBe(401);
    expect(fixture.invoker.events).toEqual([]);
  });

  it.each<[string, number, Handler]>([
    [
      'throws Unauthorized (its example)',
      401,
      () => {
        throw 'Unauthorized';
      },
    ],
    ['denies', 403, () => allowing({ policyDocument: policy('Deny') })],
    [
      'allows and denies',
      403,
      () => {
        const Statement = [...policy('Allow', '*').Statement, ...policy('Deny').Statement];
        return allowing({ policyDocument: { Version: '2012-10-17', Statement } });
      },
    ],
    ['allows another route', 403, () => allowing({ policyDocument: policy('Allow', `${METHOD_ARN}x`) })],
    ['allows nothing', 403, () => allowing({ policyDocument: { Version: '2012-10-17', Statement: [] } })],
    ['returns a status (serverless/examples#557)', 500, () => ({ statusCode: 401 })],
    [
      'returns what is no policy',
      500,
      () => allowing({ policyDocument: { Statement: [{ Effect: 'Maybe' }] } }),
    ],
    ['returns a nested context', 500, () => allowing({ context: { user: { id: 1 } } })],
    ['returns more than 8 KB (quotas page)', 500, () => allowing({ context: { text: 'x'.repeat(8_192) } })],
    [
      'throws something else',
      500,
      () => {
        throw new Error('boom');
      },
    ],
  ])('that %s: %d', async (_what, status, handler) => {
    await start(handler);
    expect(await refused()).toBe(status);
    expect(fixture.invoker.of('connect')).toEqual([]);
    expect(fixture.invoker.of('disconnect')).toEqual([]);
  });

  it('lets in by a wildcard, and $connect has its own word after that', async () => {
    await start(() =>
      allowing({ policyDocument: policy('Allow', 'arn:aws:execute-api:*:*:api1/*/$connect') }),
    );
    fixture.invoker.on('connect', () => ({ statusCode: 418 }));
    expect(await refused()).toBe(418);
  });
});
