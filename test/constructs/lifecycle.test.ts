import {
  dependenciesOf,
  objectsIn,
  propertiesOf,
  resourcesOf,
  type StackName,
  templateOf,
  templatesOf,
} from './assembly';

/** How many resources of each type a stack has: what is new here is new to the local runtime, too. */
function inventory(stack: StackName): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { Type } of Object.values(templateOf('dev', stack).Resources)) {
    counts[Type] = (counts[Type] ?? 0) + 1;
  }
  return counts;
}

describe('the stacks', () => {
  it('are deployed in an order, and without the CDK each can be deployed alone', () => {
    expect(dependenciesOf('dev')).toEqual({
      'dev-holdfast-state': [],
      'dev-holdfast-gateway': ['dev-holdfast-state'],
      'dev-holdfast-service-chat': ['dev-holdfast-gateway'],
      'dev-holdfast-service-echo': ['dev-holdfast-gateway'],
    });
  });

  it.each(['dev', 'prod', 'other'] as const)('of %s neither export nor import', (variant) => {
    const text = JSON.stringify(templatesOf(variant));
    expect(text).not.toContain('Fn::ImportValue');
    expect(text).not.toContain('Fn::GetStackOutput');
    expect(text).not.toContain('"Export"');
  });

  it('read from SSM only what a stack before them has written', () => {
    const written = new Set(propertiesOf(templatesOf('dev'), 'AWS::SSM::Parameter').map(({ Name }) => Name));
    for (const { Parameters } of templatesOf('dev')) {
      for (const [name, { Default, Type }] of Object.entries(Parameters ?? {})) {
        if (name === 'BootstrapVersion') continue;
        expect(Type).toMatch(/^AWS::SSM::Parameter::Value</);
        expect(written).toContain(Default);
      }
    }
  });

  it('are the same for local and dev but for the name', () => {
    // Hashes of logical ids and assets may follow the name.
    const shape = (variant: 'local' | 'dev') =>
      templatesOf(variant).map(({ Resources }) => Object.values(Resources).map(({ Type }) => Type));
    expect(shape('local')).toEqual(shape('dev'));
  });

  it('need no custom resource, nested stack or transform', () => {
    for (const variant of ['dev', 'prod', 'other'] as const) {
      for (const template of templatesOf(variant)) {
        expect(template).not.toHaveProperty('Transform');
        for (const { Type } of Object.values(template.Resources)) {
          expect(Type).not.toMatch(/^(Custom::|AWS::CloudFormation::)/);
        }
      }
    }
  });

  it('consist of these types of resources', () => {
    expect({
      state: inventory('state'),
      gateway: inventory('gateway'),
      service: inventory('service-echo'),
    }).toMatchInlineSnapshot(`
{
  "gateway": {
    "AWS::ApiGateway::Account": 1,
    "AWS::ApiGatewayV2::Api": 2,
    "AWS::ApiGatewayV2::Integration": 4,
    "AWS::ApiGatewayV2::Route": 5,
    "AWS::ApiGatewayV2::Stage": 2,
    "AWS::Events::Archive": 1,
    "AWS::Events::EventBus": 1,
    "AWS::Events::Rule": 2,
    "AWS::IAM::Policy": 9,
    "AWS::IAM::Role": 10,
    "AWS::Lambda::EventInvokeConfig": 1,
    "AWS::Lambda::EventSourceMapping": 2,
    "AWS::Lambda::Function": 9,
    "AWS::Lambda::Permission": 8,
    "AWS::Logs::LogGroup": 11,
    "AWS::SQS::Queue": 5,
    "AWS::SQS::QueuePolicy": 5,
    "AWS::SSM::Parameter": 17,
    "AWS::SecretsManager::RotationSchedule": 1,
    "AWS::SecretsManager::Secret": 3,
  },
  "service": {
    "AWS::CloudWatch::Alarm": 3,
    "AWS::Events::Rule": 1,
    "AWS::IAM::Policy": 1,
    "AWS::IAM::Role": 1,
    "AWS::Lambda::Alias": 1,
    "AWS::Lambda::EventInvokeConfig": 1,
    "AWS::Lambda::Function": 1,
    "AWS::Lambda::Permission": 1,
    "AWS::Lambda::Version": 1,
    "AWS::Logs::LogGroup": 1,
    "AWS::SQS::Queue": 1,
    "AWS::SQS::QueuePolicy": 1,
    "AWS::SSM::Parameter": 2,
  },
  "state": {
    "AWS::EC2::EgressOnlyInternetGateway": 1,
    "AWS::EC2::Route": 2,
    "AWS::EC2::RouteTable": 2,
    "AWS::EC2::SecurityGroup": 2,
    "AWS::EC2::SecurityGroupEgress": 1,
    "AWS::EC2::SecurityGroupIngress": 1,
    "AWS::EC2::Subnet": 2,
    "AWS::EC2::SubnetRouteTableAssociation": 2,
    "AWS::EC2::VPC": 1,
    "AWS::EC2::VPCCidrBlock": 1,
    "AWS::ElastiCache::ServerlessCache": 1,
    "AWS::ElastiCache::User": 1,
    "AWS::ElastiCache::UserGroup": 1,
    "AWS::SSM::Parameter": 7,
    "AWS::SecretsManager::Secret": 1,
  },
}
`);
  });
});

describe('cdk destroy', () => {
  it.each(['dev', 'local'] as const)('leaves nothing of %s behind', (variant) => {
    for (const { Resources } of templatesOf(variant)) {
      for (const { DeletionPolicy, UpdateReplacePolicy } of Object.values(Resources)) {
        expect([undefined, 'Delete']).toContain(DeletionPolicy);
        expect([undefined, 'Delete']).toContain(UpdateReplacePolicy);
      }
    }
  });

  it('leaves no snapshot of the dev cache and no log group that Lambda made', () => {
    expect(JSON.stringify(templateOf('dev', 'state'))).not.toMatch(/Snapshot/);
    const logGroups = new Set(resourcesOf(templatesOf('dev'), 'AWS::Logs::LogGroup').map(([id]) => id));
    for (const { LoggingConfig } of propertiesOf(templatesOf('dev'), 'AWS::Lambda::Function')) {
      expect(logGroups).toContain(Object(LoggingConfig).LogGroup.Ref);
    }
  });

  it.each(['AWS::Events::Archive', 'AWS::SQS::Queue', 'AWS::Logs::LogGroup', 'AWS::ApiGateway::Account'])(
    'keeps every %s of prod',
    (type) => {
      const found = resourcesOf(templatesOf('prod'), type);
      expect(found.length).toBeGreaterThan(0);
      for (const [, { DeletionPolicy }] of found) expect(DeletionPolicy).toMatch(/^Retain/);
    },
  );

  it('keeps the secrets of prod that others hold, and only those', () => {
    const kept = resourcesOf(templatesOf('prod'), 'AWS::SecretsManager::Secret')
      .filter(([, { DeletionPolicy }]) => DeletionPolicy === 'Retain')
      .map(([, { Properties }]) => Properties['Name']);
    expect(kept.sort()).toEqual(['/holdfast/prod/api-key', '/holdfast/prod/jwt-secret']);
  });
});

describe('every function', () => {
  const functions = templatesOf('dev').flatMap((template) => propertiesOf(template, 'AWS::Lambda::Function'));

  it('runs on arm64 and a current Node.js, with a role and a log group of its own', () => {
    expect(functions).toHaveLength(11);
    for (const properties of functions) {
      expect(properties).toMatchObject({
        Architectures: ['arm64'],
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        FunctionName: expect.stringMatching(/^dev-holdfast-(gateway|service)-/),
        Environment: { Variables: { ENVIRONMENT: 'dev' } },
      });
      expect(properties).not.toHaveProperty('ReservedConcurrentExecutions');
    }
    // Template by template: logical ids are those of one.
    for (const template of templatesOf('dev')) {
      const own = propertiesOf(template, 'AWS::Lambda::Function');
      for (const part of ['Role', 'LoggingConfig']) {
        expect(new Set(own.map((properties) => JSON.stringify(properties[part]))).size).toBe(own.length);
      }
    }
  });

  it('has a log group that forgets', () => {
    for (const variant of ['dev', 'prod'] as const) {
      for (const properties of propertiesOf(templatesOf(variant), 'AWS::Logs::LogGroup')) {
        expect(properties['RetentionInDays']).toBe(variant === 'dev' ? 7 : 90);
      }
    }
  });
});

it('every intrinsic is one that the local runtime knows', () => {
  const known = /^(Ref|Fn::(GetAtt|Join|Sub|Select|Split|GetAZs|Cidr))$/;
  const used = new Set(
    templatesOf('dev')
      .flatMap(({ Resources, Outputs }) => [...Object.values(Resources), ...Object.values(Outputs ?? {})])
      .flatMap((part) => [...objectsIn(JSON.parse(JSON.stringify(part)))])
      .flatMap((value) => Object.keys(value))
      .filter((key) => key === 'Ref' || key.startsWith('Fn::')),
  );
  for (const key of used) expect(key).toMatch(known);
});
