import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENVELOPE_SOURCE } from '../../lambdas/contract/envelope';
import type { JsonObject, JsonValue } from '../../lambdas/contract/json';
import { DEFAULT_RULES, type NamespaceRules } from '../../lambdas/contract/registry';
import { loadConfig } from '../../lib/config';
import { checkServices, ServiceDefinitionError } from '../../lib/service-definition';
import { discoverServices } from '../../lib/service-discovery';
import { objectsIn, propertiesOf, resource, resourcesOf, type Template, templateOf } from './assembly';

const echo = templateOf('dev', 'service-echo');
const only = (type: string) => resource(echo, type).Properties;

const statementsOf = (template: Template): JsonObject[] =>
  propertiesOf(template, 'AWS::IAM::Policy')
    .flatMap((policy) => [...objectsIn(policy['PolicyDocument'] ?? null)])
    .filter(({ Effect }) => Effect !== undefined);

/** Parts of a text that is joined when the stack is deployed. */
const joined = (value: JsonValue | undefined): readonly JsonValue[] => {
  const [, parts] = Object(Object(value)['Fn::Join']) as [string, readonly JsonValue[]];
  return parts;
};

describe('a service', () => {
  const alias = resourcesOf(echo, 'AWS::Lambda::Alias')[0]?.[0];

  it('takes the commands of its name that are answered, in this version of the envelope, from the bus', () => {
    expect(only('AWS::Events::Rule')).toMatchObject({
      EventBusName: { Ref: expect.stringContaining('busname') },
      State: 'ENABLED',
      EventPattern: {
        source: [ENVELOPE_SOURCE],
        'detail-type': ['holdfast.rpc', 'holdfast.publish', 'holdfast.subscribe'],
        detail: { v: [1], service: ['echo'] },
      },
    });
  });

  it('is invoked through its alias, for a minute at most, and what cannot be handed over is kept', () => {
    const { Targets } = only('AWS::Events::Rule');
    expect(Targets).toEqual([
      expect.objectContaining({
        Arn: { Ref: alias },
        RetryPolicy: { MaximumEventAgeInSeconds: 60 },
        DeadLetterConfig: {
          Arn: { 'Fn::GetAtt': [expect.stringMatching(/^ServiceUndeliverable/), 'Arn'] },
        },
      }),
    ]);
    expect(only('AWS::Lambda::Permission')).toMatchObject({
      FunctionName: { Ref: alias },
      Principal: 'events.amazonaws.com',
    });
  });

  it('never runs an rpc twice, and leaves the answer for one that failed to the gateway', () => {
    expect(only('AWS::Lambda::EventInvokeConfig')).toMatchObject({
      Qualifier: 'rpc',
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
      DestinationConfig: {
        OnFailure: { Destination: { Ref: expect.stringContaining('refusalfunctionarn') } },
      },
    });
    expect(only('AWS::Lambda::Alias')).toMatchObject({ Name: 'rpc' });
  });

  it('has the variables of a service and stands outside of the VPC', () => {
    const { Environment, VpcConfig } = only('AWS::Lambda::Function');
    const { Variables } = Object(Environment);
    expect(Object.keys(Variables).sort()).toEqual([
      'BUS_NAME',
      'CALLBACK_URL',
      'DELIVERIES_QUEUE_URL',
      'ENVIRONMENT',
      'SERVICE_NAME',
      'SIGNING_KEYS_PARAMETER',
    ]);
    expect(VpcConfig).toBeUndefined();
  });

  it('may decide about its function, beside what the platform decides', () => {
    const { Properties } = resource(templateOf('other', 'service-echo'), 'AWS::Lambda::Function');
    expect(Properties).toMatchObject({
      Timeout: 20,
      MemorySize: 1024,
      Runtime: 'nodejs24.x',
      Environment: { Variables: { GREETING: 'hello', SERVICE_NAME: 'echo' } },
    });
  });

  it('takes messages that nobody waits for where the configuration names it, and tries them again', () => {
    const other = templateOf('other', 'service-echo');
    expect(resource(other, 'AWS::Events::Rule', 'ServiceEventsMessages').Properties['EventPattern']).toEqual({
      source: [ENVELOPE_SOURCE],
      'detail-type': ['holdfast.send'],
      detail: { v: [1], service: ['echo'] },
    });
    const invocations = resourcesOf(other, 'AWS::Lambda::EventInvokeConfig').map(
      ([, { Properties }]) => Properties,
    );
    expect(invocations).toContainEqual(
      expect.objectContaining({
        Qualifier: 'events',
        MaximumRetryAttempts: 2,
        DestinationConfig: {
          OnFailure: {
            Destination: { 'Fn::GetAtt': [expect.stringMatching(/^ServiceUndeliverable/), 'Arn'] },
          },
        },
      }),
    );
    const ingress = resourcesOf(templateOf('other', 'gateway'), 'AWS::Lambda::Function').find(([id]) =>
      id.startsWith('FunctionsIngress'),
    );
    expect(ingress?.[1].Properties).toMatchObject({ Environment: { Variables: { SEND_SERVICE: 'echo' } } });
  });

  it('is told of lifecycle events and of calls of other services that it names, by the same alias', () => {
    const other = templateOf('other', 'service-echo');
    const patternOf = (id: string) =>
      resource(other, 'AWS::Events::Rule', `ServiceEvents${id}`).Properties['EventPattern'];
    const lifecycle = { source: [ENVELOPE_SOURCE], 'detail-type': ['holdfast.lifecycle'] };
    expect(patternOf('Connections')).toEqual({ ...lifecycle, detail: { v: [1], event: ['connected'] } });
    expect(patternOf('Channels')).toEqual({
      ...lifecycle,
      detail: { v: [1], event: ['subscribed', 'vacated'], namespace: ['room'] },
    });
    expect(patternOf('Users')).toEqual({ ...lifecycle, detail: { v: [1], event: ['undelivered'] } });
    expect(patternOf('Observed')).toEqual({
      source: [ENVELOPE_SOURCE],
      'detail-type': ['holdfast.rpc'],
      detail: { v: [1], method: ['chat.send'] },
    });
    const targets = resourcesOf(other, 'AWS::Events::Rule').flatMap(([id, { Properties }]) =>
      id.startsWith('ServiceEvents') ? [JSON.stringify(Properties['Targets'])] : [],
    );
    expect(targets).toHaveLength(5);
    for (const target of targets) expect(target).toMatch(/"Arn":\{"Ref":"ServiceEventsAlias\w+"\}/);
    expect(resourcesOf(echo, 'AWS::Events::Rule')).toHaveLength(1);
  });

  it('may ask for receipts where it wants to, and for nothing else of the server API', () => {
    const other = templateOf('other', 'service-echo');
    const [{ Resource } = {}, ...more] = statementsOf(other).filter(
      ({ Action }) => Action === 'execute-api:Invoke',
    );
    expect(more).toEqual([]);
    const arn = { Ref: expect.stringContaining('serverapiarn') as unknown };
    expect(joined(Resource)).toEqual([{ 'Fn::Select': [0, { 'Fn::Split': ['*', arn] }] }, 'delivered']);
    expect(resource(other, 'AWS::Lambda::Function').Properties).toMatchObject({
      Environment: { Variables: { SERVER_API_URL: { Ref: expect.stringContaining('serverapiurl') } } },
    });
    expect(JSON.stringify(echo)).not.toContain('execute-api:Invoke');
  });

  it('has a table where it asks for one, and may work on its items alone', () => {
    const other = templateOf('other', 'service-echo');
    const [[id, table] = []] = resourcesOf(other, 'AWS::DynamoDB::Table');
    expect(table?.Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
    expect(resource(other, 'AWS::Lambda::Function').Properties).toMatchObject({
      Environment: { Variables: { TABLE_NAME: { Ref: id } } },
    });
    const statements = statementsOf(other).filter(({ Action }) =>
      JSON.stringify(Action).includes('dynamodb'),
    );
    expect(statements).toEqual([
      {
        Effect: 'Allow',
        Action: [
          'dynamodb:BatchGetItem',
          'dynamodb:ConditionCheckItem',
          'dynamodb:DeleteItem',
          'dynamodb:GetItem',
          'dynamodb:PutItem',
          'dynamodb:Query',
          'dynamodb:UpdateItem',
        ],
        Resource: { 'Fn::GetAtt': [id, 'Arn'] },
      },
    ]);
    expect(resourcesOf(echo, 'AWS::DynamoDB::Table')).toEqual([]);
  });

  it('that acts on connections asks in its own name alone, and puts no publication on the bus', () => {
    const requests = (template: Template) =>
      statementsOf(template).filter(({ Action }) => JSON.stringify(Action).includes('events:'));
    expect(requests(echo)).toEqual([]);
    const statements = requests(templateOf('other', 'service-echo'));
    expect(statements).toEqual([
      {
        Effect: 'Allow',
        Action: 'events:PutEvents',
        Resource: { Ref: expect.stringContaining('busarn') },
        Condition: {
          StringEquals: {
            'events:source': 'holdfast.service.echo',
            'events:detail-type': ['holdfast.subscribe', 'holdfast.unsubscribe', 'holdfast.disconnect'],
          },
        },
      },
    ]);
  });

  it('registers itself', () => {
    const parameters = resourcesOf(echo, 'AWS::SSM::Parameter').map(([, { Properties }]) => Properties);
    const Value = parameters.find(({ Name }) => Name === '/holdfast/dev/services/echo')?.['Value'];
    const [before, role, after] = joined(Value);
    expect(role).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^ServiceFunctionRole/), 'RoleId'] });
    expect(JSON.parse(`${before}AROA${after}`)).toEqual({
      role: 'AROA',
      v: 1,
      service: 'echo',
      methods: ['say', 'shout'],
      namespaces: { echo: expect.objectContaining({ subscribe: 'service', publish: 'service' }) },
    });
  });
});

it('tells tools where its dead letters are, and that its alias takes them again', () => {
  const { Name, Value } = resource(echo, 'AWS::SSM::Parameter', 'ServiceDeadLetters').Properties;
  expect(Name).toBe('/holdfast/dev/dead-letters/service-echo');
  expect(JSON.stringify(Value)).toMatch(/"Ref":"ServiceUndeliverable\w+".*redriveTo.*"Ref":"ServiceRpc\w+"/);
});

describe('the services of this repository', () => {
  it('are found by their folders', () => {
    expect(discoverServices().map(({ name }) => name)).toContain('echo');
  });

  it('are the folders that have an infra.ts', () => {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-services-'));
    try {
      for (const name of ['zeta', 'alpha', 'no-infra']) mkdirSync(join(directory, name));
      for (const name of ['zeta', 'alpha']) {
        writeFileSync(join(directory, name, 'infra.ts'), "exports.default = { methods: ['go'] };");
      }
      expect(discoverServices(directory)).toEqual([
        { name: 'alpha', methods: ['go'] },
        { name: 'zeta', methods: ['go'] },
      ]);
      writeFileSync(join(directory, 'no-infra', 'infra.ts'), 'exports.other = 1;');
      expect(() => discoverServices(directory)).toThrow(ServiceDefinitionError);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('definitions', () => {
  const rules: NamespaceRules = {
    ...DEFAULT_RULES,
    subscribe: 'anyone',
    publish: 'off',
    historySize: 10,
    historyTtlSeconds: 60,
    recover: true,
    presence: false,
    flushEverySeconds: 0,
  };

  it('may own namespaces', () => {
    const chat = { name: 'chat', methods: ['send'], namespaces: { chat: rules } };
    expect(() => checkServices([chat], { room: rules })).not.toThrow();
  });

  it.each([
    [
      'a name twice',
      [
        { name: 'a', methods: ['x'] },
        { name: 'a', methods: ['y'] },
      ],
      'no other service',
    ],
    ['the name of the gateway', [{ name: 'holdfast', methods: ['x'] }], 'no other service'],
    ['a name with capitals', [{ name: 'Chat', methods: ['x'] }], 'expected a name that matches'],
    ['a method with a dot', [{ name: 'a', methods: ['x.y'] }], 'methods.0: expected a method name'],
    [
      'a namespace with a colon',
      [{ name: 'a', methods: ['x'], namespaces: { 'b:c': rules } }],
      'expected a namespace name',
    ],
    [
      'a namespace of another service',
      [
        { name: 'a', methods: ['x'], namespaces: { shared: rules } },
        { name: 'b', methods: ['x'], namespaces: { shared: rules } },
      ],
      'namespace shared: expected no other owner, got a',
    ],
    [
      'a namespace of the gateway',
      [{ name: 'a', methods: ['x'], namespaces: { room: rules } }],
      'namespace room: expected no other owner, got holdfast',
    ],
    [
      'the namespace of user channels',
      [{ name: 'a', methods: ['x'], namespaces: { user: rules } }],
      'namespace user: expected no other owner, got holdfast',
    ],
    [
      'a method without its service that is observed',
      [{ name: 'a', methods: ['x'], observes: ['send'] }],
      'observes.0: expected service.method',
    ],
  ])('are refused for %s', (_, services, message) => {
    const { namespaces } = loadConfig({ environment: 'dev' });
    expect(() => checkServices(services, namespaces)).toThrow(message);
  });
});
