import { Client, eventually, refusal } from './gateway-fixture';
import { arnOf, LOGS, lambda, role, runTemplate, type TemplateCloud } from './template-cloud';

const uri = (id: string) => ({
  'Fn::Join': [
    '',
    ['arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/', arnOf(id), '/invocations'],
  ],
});

const api = (name: string) => ({
  Type: 'AWS::ApiGatewayV2::Api',
  Properties: { Name: name, ProtocolType: 'WEBSOCKET', RouteSelectionExpression: '$request.body.action' },
});

const part = (type: string, apiId: string, properties: object) => ({
  Type: `AWS::ApiGatewayV2::${type}`,
  Properties: { ApiId: { Ref: apiId }, ...properties },
});

const integration = (apiId: string, functionId: string) =>
  part('Integration', apiId, {
    IntegrationType: 'AWS_PROXY',
    IntegrationUri: uri(functionId),
    TimeoutInMillis: 5000,
  });

const target = (integrationId: string) => ({
  Target: { 'Fn::Join': ['', ['integrations/', { Ref: integrationId }]] },
});

/** That API Gateway may invoke a function for a part of an API. */
const permission = (functionId: string, apiId: string, suffix: unknown) => ({
  Type: 'AWS::Lambda::Permission',
  Properties: {
    FunctionName: arnOf(functionId),
    Action: 'lambda:InvokeFunction',
    Principal: 'apigateway.amazonaws.com',
    SourceArn: {
      'Fn::Join': ['', ['arn:aws:execute-api:us-east-1:000000000000:', { Ref: apiId }, '/', suffix]],
    },
  },
});

let app: TemplateCloud;
beforeAll(async () => {
  app = await runTemplate(
    {
      Role: role([LOGS]),
      Fn: lambda('fn', 'Role'),
      Guard: lambda('guard', 'Role'),

      Open: api('open'),
      OpenIntegration: integration('Open', 'Fn'),
      OpenRoute: part('Route', 'Open', {
        RouteKey: '$default',
        RouteResponseSelectionExpression: '$default',
        ...target('OpenIntegration'),
      }),
      OpenAnswer: part('RouteResponse', 'Open', {
        RouteId: { Ref: 'OpenRoute' },
        RouteResponseKey: '$default',
      }),
      OpenStage: part('Stage', 'Open', {
        StageName: 'open',
        DefaultRouteSettings: { ThrottlingRateLimit: 0.001, ThrottlingBurstLimit: 2 },
      }),
      OpenPermission: permission('Fn', 'Open', '*$default'),
      Certificate: {
        Type: 'AWS::CertificateManager::Certificate',
        Properties: { DomainName: 'ws.example.com' },
      },
      Domain: { Type: 'AWS::ApiGatewayV2::DomainName', Properties: { DomainName: 'ws.example.com' } },
      Mapping: part('ApiMapping', 'Open', {
        DomainName: { Ref: 'Domain' },
        Stage: { Ref: 'OpenStage' },
        ApiMappingKey: 'chat',
      }),

      Closed: api('closed'),
      ClosedIntegration: integration('Closed', 'Fn'),
      Authorizer: part('Authorizer', 'Closed', {
        Name: 'guard',
        AuthorizerType: 'REQUEST',
        AuthorizerUri: uri('Guard'),
        IdentitySource: ['route.request.querystring.token'],
      }),
      ClosedRoute: part('Route', 'Closed', {
        RouteKey: '$connect',
        AuthorizationType: 'CUSTOM',
        AuthorizerId: { Ref: 'Authorizer' },
        ...target('ClosedIntegration'),
      }),
      ClosedStage: part('Stage', 'Closed', { StageName: 'closed' }),
      GuardPermission: permission('Guard', 'Closed', {
        'Fn::Join': ['', ['authorizers/', { Ref: 'Authorizer' }]],
      }),
    },
    4970,
  );
});
afterAll(() => app?.close());

it('a template has a two-way route, a throttle and a domain of its own', async () => {
  const client = await Client.open(`${app.websocketUrl}/ws.example.com/chat`);
  for (let at = 0; at < 3; at += 1) client.socket.send('x');
  await eventually(() => expect(client.received).toHaveLength(3), 5_000);
  expect(client.received.filter((text) => text === 'ok')).toHaveLength(2);
  expect(client.received.filter((text) => text.includes('"Too Many Requests"'))).toHaveLength(1);
  expect(app.lines[0]).toContain('"domainName":"ws.example.com"');
});

it('a template has an authorizer, which API Gateway may invoke', async () => {
  expect(await refusal(`${app.websocketUrl}/closed`)).toBe(401);
  // The function of these tests returns no policy.
  expect(await refusal(`${app.websocketUrl}/closed?token=x`)).toBe(500);
  expect(app.lines.filter((line) => line.startsWith('guard: ')).join()).toContain('"type":"REQUEST"');
  expect(app.warnings).toEqual([]);
});
