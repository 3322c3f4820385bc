import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENVELOPE_SOURCE } from '../../lambdas/contract/envelope';
import { DEFAULT_RULES, type NamespaceRules } from '../../lambdas/contract/registry';
import { loadConfig } from '../../lib/config';
import { checkServices, ServiceDefinitionError } from '../../lib/service-definition';
import { discoverServices } from '../../lib/service-discovery';
import { resource, resourcesOf, templateOf } from './assembly';

const echo = templateOf('dev', 'service-echo');
const only = (type: string) => resource(echo, type).Properties;

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
    const [, rule] = resourcesOf(other, 'AWS::Events::Rule').find(([id]) => id.includes('EventsRule')) ?? [];
    expect(rule?.Properties['EventPattern']).toEqual({
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

  it('registers itself', () => {
    const parameters = resourcesOf(echo, 'AWS::SSM::Parameter').map(([, { Properties }]) => Properties);
    const Value = parameters.find(({ Name }) => Name === '/holdfast/dev/services/echo')?.['Value'];
    expect(JSON.parse(String(Value))).toEqual({
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
  ])('are refused for %s', (_, services, message) => {
    const { namespaces } = loadConfig({ environment: 'dev' });
    expect(() => checkServices(services, namespaces)).toThrow(message);
  });
});
