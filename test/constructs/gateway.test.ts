import { parameterNames } from '../../lambdas/contract/parameters';
import { STALE_AFTER_MS } from '../../lambdas/gateway/core/delivery/refusals';
import { COURIER_BUDGET_MS, LOCK_MS } from '../../lambdas/gateway/core/delivery/times';
import { loadConfig } from '../../lib/config';
import { propertiesOf, resource, resourcesOf, templateOf } from './assembly';

const gateway = templateOf('dev', 'gateway');
const functions = resourcesOf(gateway, 'AWS::Lambda::Function');

/** The function of a bundle. */
function functionOf(bundle: string) {
  const found = functions.find(
    ([, { Properties }]) => Properties['FunctionName'] === `dev-holdfast-${bundle}`,
  );
  if (!found) throw new Error(`function ${bundle}: expected one, got none`);
  const [logicalId, { Properties }] = found;
  const { Variables } = Object(Properties['Environment']);
  return { logicalId, properties: Properties, variables: Object.keys(Variables).sort() };
}

const IN_VPC = ['api', 'connect', 'courier', 'disconnect', 'explain', 'ingress', 'janitor'].map(
  (name) => `gateway-${name}`,
);
const CACHE = ['REDIS_HOST', 'REDIS_PORT', 'REDIS_SECRET_ARN', 'REDIS_USER'];

describe('the functions of the gateway', () => {
  it.each([
    [
      'connect',
      [
        'ALLOWED_ORIGINS',
        'CONNECTION_EVENTS',
        'ENVIRONMENT',
        'JWT_SECRET_ARN',
        'LIMITS',
        'LIVENESS',
        'NODE_OPTIONS',
        ...CACHE,
        'TOKEN_RULES',
        'WAKES_QUEUE_URL',
      ],
    ],
    [
      'ingress',
      [
        'BUS_NAME',
        'CALLBACK_URL',
        'CONNECTION_EVENTS',
        'DELIVERIES_QUEUE_URL',
        'ENVIRONMENT',
        'JWT_SECRET_ARN',
        'LIMITS',
        'LIVENESS',
        'NODE_OPTIONS',
        ...CACHE,
        'RPC_TIMEOUT_SECONDS',
        'SERVICES_PARAMETER_PATH',
        'SIGNING_SECRET_ARN',
        'SUBSCRIPTIONS_PER_CONNECTION',
        'TOKEN_RULES',
        'USER_CHANNEL',
        'WAKES_QUEUE_URL',
      ],
    ],
    ['disconnect', ['CONNECTION_EVENTS', 'ENVIRONMENT', 'NODE_OPTIONS', ...CACHE, 'WAKES_QUEUE_URL']],
    [
      'courier',
      [
        'BUS_NAME',
        'CALLBACK_URL',
        'CONNECTION_EVENTS',
        'DEAD_LETTERS_QUEUE_URL',
        'ENVIRONMENT',
        'LIMITS',
        'NODE_OPTIONS',
        ...CACHE,
        'SERVICES_PARAMETER_PATH',
        'SIGNING_SECRET_ARN',
        'WAKES_QUEUE_URL',
      ],
    ],
    [
      'janitor',
      [
        'CALLBACK_URL',
        'CONNECTION_EVENTS',
        'ENVIRONMENT',
        'LIMITS',
        'LIVENESS',
        'NODE_OPTIONS',
        ...CACHE,
        'WAKES_QUEUE_URL',
      ],
    ],
    ['refusal', ['CALLBACK_URL', 'ENVIRONMENT']],
    ['keys', ['ENVIRONMENT', 'SIGNING_KEYS_PARAMETER']],
    [
      'api',
      [
        'API_KEY_SECRET_ARN',
        'CALLBACK_URL',
        'CONNECTION_EVENTS',
        'DELIVERIES_QUEUE_URL',
        'ENVIRONMENT',
        'LIMITS',
        'NODE_OPTIONS',
        ...CACHE,
        'REQUEST_DEAD_LETTERS_QUEUE_URL',
        'SERVICES_PARAMETER_PATH',
        'SUBSCRIPTIONS_PER_CONNECTION',
        'WAKES_QUEUE_URL',
      ],
    ],
    ['explain', ['ENVIRONMENT', 'NODE_OPTIONS', ...CACHE]],
  ])('gives %s its variables', (name, variables) => {
    expect(functionOf(`gateway-${name}`).variables).toEqual(variables);
  });

  it('puts those that use the cache into the VPC, over IPv6, and no others', () => {
    const inVpc = functions.filter(([, { Properties }]) => 'VpcConfig' in Properties);
    expect(inVpc.map(([, { Properties }]) => Properties['FunctionName']).sort()).toEqual(
      IN_VPC.map((bundle) => `dev-holdfast-${bundle}`),
    );
    for (const [, { Properties }] of inVpc) {
      expect(Properties['VpcConfig']).toMatchObject({ Ipv6AllowedForDualStack: true });
      expect(Properties['Environment']).toMatchObject({
        Variables: { NODE_OPTIONS: '--dns-result-order=ipv6first' },
      });
    }
  });

  it('end before API Gateway gives up on them', () => {
    for (const bundle of ['gateway-connect', 'gateway-ingress', 'gateway-disconnect', 'gateway-api']) {
      expect(Number(functionOf(bundle).properties['Timeout'])).toBeLessThan(29);
    }
  });
});

describe('the WebSocket API', () => {
  const api = resource(gateway, 'AWS::ApiGatewayV2::Api', 'Gateway');
  const stage = resource(gateway, 'AWS::ApiGatewayV2::Stage', 'Gateway');

  it('is dual-stack, which is how the functions reach it', () => {
    expect(api.Properties).toMatchObject({ ProtocolType: 'WEBSOCKET', IpAddressType: 'dualstack' });
  });

  it('has the three routes and no other', () => {
    const keys = resourcesOf(gateway, 'AWS::ApiGatewayV2::Route')
      .filter(([logicalId]) => logicalId.startsWith('Gateway'))
      .map(([, { Properties }]) => Properties['RouteKey']);
    expect(keys.sort()).toEqual(['$connect', '$default', '$disconnect']);
  });

  it('is deployed under the name of the environment, throttled and measured', () => {
    const { limits } = loadConfig({ environment: 'dev' });
    expect(stage.Properties).toMatchObject({
      StageName: 'dev',
      AutoDeploy: true,
      DefaultRouteSettings: {
        DetailedMetricsEnabled: true,
        ThrottlingRateLimit: limits.framesPerSecond,
        ThrottlingBurstLimit: limits.frameBurst,
      },
    });
  });

  it.each(['Gateway', 'ServerApi'])('logs access to %s without anything that may carry a token', (prefix) => {
    const { Properties } = resource(gateway, 'AWS::ApiGatewayV2::Stage', prefix);
    const { Format } = Object(Properties['AccessLogSettings']);
    expect(Object.keys(JSON.parse(Format))).toContain('routeKey');
    expect(Format).not.toMatch(/querystring|path|header|authorizer|userAgent/i);
  });

  it('waits for the role that its logs need, unless the account has one', () => {
    const account = resourcesOf(gateway, 'AWS::ApiGateway::Account').map(([logicalId]) => logicalId);
    expect(stage.DependsOn).toEqual(expect.arrayContaining(account));
    expect(account).toHaveLength(1);
    expect(resourcesOf(templateOf('other', 'gateway'), 'AWS::ApiGateway::Account')).toEqual([]);
  });
});

describe('the server API', () => {
  it('takes POST /api/{method} at the stage of the environment, and signed requests beside it', () => {
    const routes = resourcesOf(gateway, 'AWS::ApiGatewayV2::Route')
      .filter(([logicalId]) => logicalId.startsWith('ServerApi'))
      .map(([, { Properties }]) => [Properties['RouteKey'], Properties['AuthorizationType']]);
    expect(routes.sort()).toEqual([
      ['POST /api/iam/{method}', 'AWS_IAM'],
      ['POST /api/{method}', 'NONE'],
    ]);
    const stage = resource(gateway, 'AWS::ApiGatewayV2::Stage', 'ServerApi');
    expect(stage.Properties['StageName']).toBe('dev');
  });

  it('says which resource a signed caller has to be allowed', () => {
    const { Value } = resource(gateway, 'AWS::SSM::Parameter', 'ServerApiArn').Properties;
    expect(JSON.stringify(Value)).toMatch(/:execute-api:.*\/dev\/POST\/api\/iam\/\*"/);
  });

  it('takes requests from the bus, and keeps what cannot be carried out', () => {
    const rule = resource(gateway, 'AWS::Events::Rule', 'ServerApi').Properties;
    expect(rule['EventPattern']).toEqual({
      source: [{ 'anything-but': ['holdfast.gateway'] }],
      'detail-type': [
        'holdfast.publish',
        'holdfast.broadcast',
        'holdfast.subscribe',
        'holdfast.unsubscribe',
        'holdfast.disconnect',
      ],
    });
    const { logicalId, properties } = functionOf('gateway-api');
    const queue = { 'Fn::GetAtt': [expect.stringMatching(/^ServerApiRequestDeadLetters/), 'Arn'] };
    expect(rule['Targets']).toMatchObject([
      { Arn: { 'Fn::GetAtt': [logicalId, 'Arn'] }, DeadLetterConfig: { Arn: queue } },
    ]);
    expect(properties['DeadLetterConfig']).toEqual({ TargetArn: queue });
  });

  it('gives a request of the bus up before its idempotency key is forgotten', () => {
    const [{ RetryPolicy }] = resource(gateway, 'AWS::Events::Rule', 'ServerApi').Properties[
      'Targets'
    ] as unknown as [{ RetryPolicy: { MaximumEventAgeInSeconds: number } }];
    const async = resource(gateway, 'AWS::Lambda::EventInvokeConfig', 'ServerApi').Properties;
    const seconds = RetryPolicy.MaximumEventAgeInSeconds + Number(async['MaximumEventAgeInSeconds']);
    expect(seconds * 1000).toBeLessThan(STALE_AFTER_MS);
  });
});

describe('the queues', () => {
  const queue = (prefix: string) => resource(gateway, 'AWS::SQS::Queue', prefix).Properties;
  const deliveries = queue('DeliveriesE7A3F2C4');
  const wakes = queue('DeliveriesWakesE');
  const mappings = propertiesOf(gateway, 'AWS::Lambda::EventSourceMapping');

  it('order deliveries by channel, at high throughput', () => {
    for (const fifo of [deliveries, queue('DeliveriesDeliveriesDeadLetters')]) {
      expect(fifo).toMatchObject({
        FifoQueue: true,
        DeduplicationScope: 'messageGroup',
        FifoThroughputLimit: 'perMessageGroupId',
      });
      expect(fifo).not.toHaveProperty('ContentBasedDeduplication');
    }
  });

  it('carry wakes unordered', () => {
    expect(wakes).not.toHaveProperty('FifoQueue');
  });

  it('hide a batch for longer than a courier can work on it, and not by much', () => {
    const timeout = Number(functionOf('gateway-courier').properties['Timeout']);
    for (const { VisibilityTimeout } of [deliveries, wakes]) {
      expect(Number(VisibilityTimeout)).toBeGreaterThan(timeout);
      expect(Number(VisibilityTimeout)).toBeLessThanOrEqual(timeout + 10);
    }
    // The last round that begins within the courier's budget ends before its timeout.
    expect(timeout * 1000).toBeGreaterThan(COURIER_BUDGET_MS + LOCK_MS);
  });

  it('deliver a message for the last time before it is stale', () => {
    const { maxReceiveCount } = Object(deliveries['RedrivePolicy']);
    const lastReceiveMs = Number(maxReceiveCount) * Number(deliveries['VisibilityTimeout']) * 1000;
    expect(lastReceiveMs).toBeLessThan(STALE_AFTER_MS);
  });

  it('keep a wake for longer than its longest delay', () => {
    expect(Number(wakes['MessageRetentionPeriod'])).toBeGreaterThan(15 * 60);
  });

  it('put what fails ten times aside for two weeks', () => {
    for (const { RedrivePolicy } of [deliveries, wakes]) {
      expect(RedrivePolicy).toMatchObject({ maxReceiveCount: 10 });
    }
    for (const prefix of ['DeliveriesDeliveriesDeadLetters', 'DeliveriesWakesDeadLetters']) {
      expect(queue(prefix)['MessageRetentionPeriod']).toBe(14 * 24 * 3600);
    }
  });

  it('are both drained by the courier, message by message', () => {
    expect(mappings).toHaveLength(2);
    for (const mapping of mappings) {
      expect(mapping).toMatchObject({
        FunctionName: { Ref: functionOf('gateway-courier').logicalId },
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        BatchSize: 10,
      });
      expect(mapping).not.toHaveProperty('MaximumBatchingWindowInSeconds');
    }
  });

  it('are encrypted and refuse plain HTTP', () => {
    for (const properties of propertiesOf(gateway, 'AWS::SQS::Queue')) {
      expect(properties['SqsManagedSseEnabled']).toBe(true);
    }
    const policies = propertiesOf(gateway, 'AWS::SQS::QueuePolicy');
    expect(policies).toHaveLength(propertiesOf(gateway, 'AWS::SQS::Queue').length);
    for (const policy of policies) expect(JSON.stringify(policy)).toContain('aws:SecureTransport');
  });
});

describe('the signing keys', () => {
  const schedule = resource(gateway, 'AWS::SecretsManager::RotationSchedule');

  it('are made when the stack is deployed and every 30 days', () => {
    expect(schedule.Properties).toMatchObject({
      RotateImmediatelyOnUpdate: true,
      RotationRules: { AutomaticallyAfterDays: 30 },
    });
  });

  it('are made only once the function may be called, may write, and has somewhere to write to', () => {
    const needed = ['AWS::Lambda::Permission', 'AWS::IAM::Policy', 'AWS::SSM::Parameter'].flatMap((type) =>
      resourcesOf(gateway, type)
        .map(([logicalId]) => logicalId)
        .filter((logicalId) => logicalId.startsWith('SigningKeys')),
    );
    expect(needed).toHaveLength(3);
    expect(schedule.DependsOn).toEqual(expect.arrayContaining(needed));
  });

  it('begin empty', () => {
    expect(resource(gateway, 'AWS::SecretsManager::Secret', 'SigningKeys').Properties['SecretString']).toBe(
      '{}',
    );
    const parameter = resource(gateway, 'AWS::SSM::Parameter', 'SigningKeys').Properties;
    expect(parameter).toMatchObject({ Name: parameterNames('dev').signingKeys, Value: '{"keys":[]}' });
  });
});

describe('the bus', () => {
  it('is archived', () => {
    expect(resource(gateway, 'AWS::Events::Archive').Properties).toMatchObject({
      RetentionDays: 1,
      EventPattern: { source: ['holdfast.gateway'] },
    });
    const production = resource(templateOf('prod', 'gateway'), 'AWS::Events::Archive');
    expect(production.Properties['RetentionDays']).toBe(14);
  });
});

describe('the contract', () => {
  it('publishes every name that other stacks read', () => {
    const published = propertiesOf(gateway, 'AWS::SSM::Parameter').map(({ Name }) => Name);
    const { state, service, services, jwks, root, deadLetters, deadLetterQueue, ...names } =
      parameterNames('dev');
    const queues = ['deliveries', 'requests', 'wakes'].map(deadLetterQueue);
    expect(published.sort()).toEqual([...Object.values(names), ...queues, service('holdfast')].sort());
    const inState = propertiesOf(templateOf('dev', 'state'), 'AWS::SSM::Parameter').map(({ Name }) => Name);
    expect(inState.sort()).toEqual(Object.values(state).sort());
  });

  it('registers the namespaces of the configuration', () => {
    const { Value } = resource(gateway, 'AWS::SSM::Parameter', 'Registration').Properties;
    expect(JSON.parse(String(Value))).toEqual({
      v: 1,
      service: 'holdfast',
      methods: [],
      namespaces: loadConfig({ environment: 'dev' }).namespaces,
    });
  });

  it('has the outputs that tools read', () => {
    expect(Object.keys(gateway.Outputs ?? {}).sort()).toEqual(['callbackUrl', 'serverApiUrl', 'wssUrl']);
    expect(JSON.stringify(gateway.Outputs?.['wssUrl'])).toMatch(/"wss:\/\/".*"\/dev"/);
    expect(JSON.stringify(gateway.Outputs?.['callbackUrl'])).toMatch(/"https:\/\/".*"\/dev"/);
    expect(JSON.stringify(gateway.Outputs?.['serverApiUrl'])).toMatch(/"https:\/\/".*"\/dev\/api"/);
  });
});
