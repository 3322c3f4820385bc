import type { JsonObject } from '../../lambdas/contract/json';
import { LocalCloud } from '../../local/cloud';
import { Properties, PropertyError, type ResourceRequest } from '../../local/resources/provider';
import { KNOWN_TYPES, providerOf } from '../../local/resources/providers';

function request(type: string, properties: JsonObject): ResourceRequest {
  return { stack: 'app', logicalId: 'Thing', type, properties, assetDirectory: () => '/nowhere' };
}

function cloud(): LocalCloud {
  return new LocalCloud({
    region: 'us-east-1',
    ports: { websocket: 1, serverApi: 2, web: 3, aws: 4 },
    log: { output: () => undefined, warn: () => undefined },
    redisBinary: new Promise(() => undefined),
    redisDirectory: '/nowhere',
  });
}

const SCHEDULE = {
  ScheduleExpression: 'rate(1 minute)',
  FlexibleTimeWindow: { Mode: 'OFF' },
  Target: {
    Arn: 'arn:aws:lambda:us-east-1:000000000000:function:janitor',
    RoleArn: 'arn:aws:iam::000000000000:role/scheduler',
  },
};

describe('properties of a resource', () => {
  const of = (properties: JsonObject) => new Properties(request('AWS::X::Y', properties));

  it('reads numbers and booleans that CloudFormation gives as text', () => {
    const properties = of({ Timeout: '30', Fifo: 'true', Off: false });
    expect(properties.number('Timeout', 3)).toBe(30);
    expect(properties.number('Absent', 3)).toBe(3);
    expect(properties.boolean('Fifo')).toBe(true);
    expect(properties.boolean('Off')).toBe(false);
  });

  it.each([
    ['text', (p: Properties) => p.string('Wrong'), 'expected text'],
    ['a number', (p: Properties) => p.number('Word', 1), 'expected a number'],
    ['a boolean', (p: Properties) => p.boolean('Word'), 'expected true or false'],
    ['a list', (p: Properties) => p.list('Word'), 'expected a list'],
    ['an object', (p: Properties) => p.object('Word'), 'expected an object'],
    ['a nested value', (p: Properties) => p.object('Outer').string('Inner'), 'Outer.Inner: expected text'],
  ])('refuses what is not %s with resource, path, expected and got', (_name, read, message) => {
    const properties = of({ Wrong: {}, Word: 'x', Outer: { Inner: [] } });
    expect(() => read(properties)).toThrow(PropertyError);
    expect(() => read(properties)).toThrow(`app/Thing (AWS::X::Y)`);
    expect(() => read(properties)).toThrow(message);
  });
});

describe('what the local runtime cannot honour', () => {
  it.each([
    [
      'AWS::ApiGatewayV2::Api',
      { ProtocolType: 'GRPC' },
      /ProtocolType: expected WEBSOCKET or HTTP, got "GRPC"/,
    ],
    ['AWS::ApiGatewayV2::Integration', { IntegrationType: 'MOCK' }, /expected AWS_PROXY/],
    ['AWS::ApiGatewayV2::Route', { AuthorizationType: 'JWT' }, /expected NONE, AWS_IAM or CUSTOM/],
    ['AWS::Events::Rule', { Name: 'r' }, /EventPattern or ScheduleExpression must be specified/],
    [
      'AWS::Events::Rule',
      { ScheduleExpression: 'rate(1 minutes)' },
      /expected one of the units minute, hour, day for the value 1, got "rate\(1 minutes\)"/,
    ],
    [
      'AWS::Events::Rule',
      {
        ScheduleExpression: 'rate(1 minute)',
        Targets: [{ Id: 'one', Arn: 'arn:aws:events:us-east-1:000000000000:event-bus/b' }],
      },
      /Targets: expected a function or a queue as target of a schedule/,
    ],
    [
      'AWS::Scheduler::Schedule',
      { ...SCHEDULE, StartDate: '2030-01-01T00:00:00Z' },
      /StartDate: expected none/,
    ],
    ['AWS::Scheduler::Schedule', { ...SCHEDULE, EndDate: '2030-01-01T00:00:00Z' }, /EndDate: expected none/],
    [
      'AWS::Scheduler::Schedule',
      { ...SCHEDULE, ScheduleExpressionTimezone: 'Europe/Paris' },
      /ScheduleExpressionTimezone: expected UTC or Etc\/UTC, got "Europe\/Paris"/,
    ],
    [
      'AWS::Scheduler::Schedule',
      { ...SCHEDULE, FlexibleTimeWindow: { Mode: 'SOON' } },
      /FlexibleTimeWindow.Mode: expected OFF or FLEXIBLE/,
    ],
    ['AWS::Scheduler::Schedule', { ...SCHEDULE, Target: {} }, /Target.Arn/],
    [
      'AWS::SSM::Parameter',
      { Name: '/p', Value: 'v', Type: 'String', Tier: 'Large' },
      /Tier: expected one of Standard, Advanced, Intelligent-Tiering, got "Large"/,
    ],
    ['AWS::Lambda::EventSourceMapping', { EventSourceArn: 'arn:aws:kinesis:::stream/x' }, /expected a queue/],
    [
      'AWS::Lambda::Alias',
      { FunctionName: 'f', Name: 'n', RoutingConfig: {} },
      /RoutingConfig: expected none/,
    ],
    ['AWS::Lambda::Function', { Code: { ZipFile: 'x' }, Role: 'r' }, /Code: expected an asset/],
  ])('%s %j is refused, not skipped', async (type, properties, message) => {
    expect(KNOWN_TYPES.has(type)).toBe(true);
    await expect(async () =>
      providerOf(type)(request(type, properties as JsonObject), cloud()),
    ).rejects.toThrow(message);
  });
});

describe('what the local runtime makes of', () => {
  it('a schedule: its name and its ARN', async () => {
    const properties = { ...SCHEDULE, Name: 'tick', ScheduleExpressionTimezone: 'Etc/UTC' };
    expect(
      await providerOf('AWS::Scheduler::Schedule')(request('AWS::Scheduler::Schedule', properties), cloud()),
    ).toEqual({
      ref: 'tick',
      attributes: { Arn: 'arn:aws:scheduler:us-east-1:000000000000:schedule/default/tick' },
    });
  });

  it('an advanced parameter: one that holds 8 KB', async () => {
    const local = cloud();
    const properties = { Name: '/large', Value: 'x'.repeat(8192), Type: 'String', Tier: 'Advanced' };
    await providerOf('AWS::SSM::Parameter')(request('AWS::SSM::Parameter', properties), local);
    expect(local.ssm.find('/large')).toMatchObject({ tier: 'Advanced', value: properties.Value });
  });

  it.each(['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::Dashboard'])(
    '%s: nothing but a name',
    async (type) => {
      const made = await providerOf(type)(request(type, { AlarmActions: ['arn:aws:sns:::x'] }), cloud());
      expect(made).toEqual({ ref: expect.stringMatching(/^(alarm|dashboard)-[0-9a-f]{8}$/) });
    },
  );
});

describe('what the local runtime does not know', () => {
  it('is told once, and has no effect', async () => {
    const warnings: string[] = [];
    const local = new LocalCloud({
      region: 'us-east-1',
      ports: { websocket: 1, serverApi: 2, web: 3, aws: 4 },
      log: { output: () => undefined, warn: (source, message) => warnings.push(`${source}: ${message}`) },
      redisBinary: new Promise(() => undefined),
      redisDirectory: '/nowhere',
    });
    for (const name of ['one', 'two']) {
      const properties = { QueueName: name, Colour: 'blue', Tags: [], SqsManagedSseEnabled: true };
      await providerOf('AWS::SQS::Queue')(request('AWS::SQS::Queue', properties), local);
    }
    expect(warnings).toEqual(['resources: AWS::SQS::Queue Colour: not known here, it has no effect']);
  });

  it('is refused where functions would miss it', async () => {
    const properties = { FunctionName: 'f', Layers: ['arn'] };
    expect(() =>
      providerOf('AWS::Lambda::Function')(request('AWS::Lambda::Function', properties), cloud()),
    ).toThrow('app/Thing (AWS::Lambda::Function) Layers: expected none, got ["arn"]');
  });
});
