import { isJsonObject, type JsonObject, type JsonValue } from '../../lambdas/contract/json';
import { objectsIn, propertiesOf, resourcesOf, type Template, templateOf, templatesOf } from './assembly';

const templates = templatesOf('dev');

/** One allowed action on one resource, as text. */
interface Allowance {
  readonly action: string;
  readonly resource: string;
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** A resource of a statement in short: intrinsics by what they refer to. */
function short(value: JsonValue): string {
  if (typeof value === 'string') return value;
  if (!isJsonObject(value)) return JSON.stringify(value);
  if (typeof value['Ref'] === 'string') return `<${value['Ref']}>`;
  const attribute = value['Fn::GetAtt'];
  if (Array.isArray(attribute)) return `<${attribute.join('.')}>`;
  const join = value['Fn::Join'];
  if (Array.isArray(join)) return listOf(join[1]).map(short).join('');
  return JSON.stringify(value);
}

function statementsOf(policy: JsonObject): JsonObject[] {
  const document = policy['PolicyDocument'];
  return isJsonObject(document) ? listOf(document['Statement']).filter(isJsonObject) : [];
}

function allowances(policies: readonly JsonObject[]): Allowance[] {
  return policies
    .flatMap(statementsOf)
    .filter((statement) => statement['Effect'] === 'Allow')
    .flatMap((statement) =>
      listOf(statement['Action']).flatMap((action) =>
        listOf(statement['Resource']).map((resource) => ({
          action: String(action),
          resource: short(resource),
        })),
      ),
    );
}

/** What the function of a bundle may do, without logs and network interfaces. */
function allowed(template: Template, rolePrefix: string): string[] {
  const policies = resourcesOf(template, 'AWS::IAM::Policy')
    .filter(([logicalId]) => logicalId.startsWith(rolePrefix))
    .map(([, { Properties }]) => Properties);
  expect(policies).toHaveLength(1);
  return allowances(policies)
    .filter(({ action }) => !/^(logs|ec2):/.test(action))
    .map(({ action, resource }) => `${action} ${withoutHashes(resource)}`)
    .sort();
}

/** Logical ids end in 8 hex digits, names of SSM-valued parameters in 40 and a word. */
function withoutHashes(text: string): string {
  return text
    .replace(/<SsmParameterValueholdfastdev(\w+)[0-9A-F]{32}Parameter>/g, '<ssm:$1>')
    .replace(/([0-9A-F]{8})(\.Arn)?>/g, '$2>')
    .replace(/<AWS::\w+>/g, '');
}

const CACHE_SECRET = 'secretsmanager:GetSecretValue <ssm:statecachesecretarn>';

describe('a function of the gateway may', () => {
  const gateway = templateOf('dev', 'gateway');

  it.each([
    [
      'Connect',
      [
        CACHE_SECRET,
        'secretsmanager:GetSecretValue <JwtSecret>',
        // What leads to the event of a connection is on its way before the connection is.
        'sqs:SendMessage <DeliveriesWakes.Arn>',
      ],
    ],
    [
      'Ingress',
      [
        'events:PutEvents <Bus.Arn>',
        'execute-api:ManageConnections arn::execute-api:::<GatewayApi>/dev/DELETE/@connections/*',
        'execute-api:ManageConnections arn::execute-api:::<GatewayApi>/dev/POST/@connections/*',
        'secretsmanager:GetSecretValue <JwtSecret>',
        'secretsmanager:GetSecretValue <SigningKeysSecret>',
        CACHE_SECRET,
        'sqs:SendMessage <Deliveries.Arn>',
        'sqs:SendMessage <DeliveriesWakes.Arn>',
        'ssm:GetParametersByPath arn::ssm:::parameter/holdfast/dev/services',
      ],
    ],
    ['Disconnect', [CACHE_SECRET, 'sqs:SendMessage <DeliveriesWakes.Arn>']],
    [
      'Courier',
      [
        'execute-api:ManageConnections arn::execute-api:::<GatewayApi>/dev/DELETE/@connections/*',
        'execute-api:ManageConnections arn::execute-api:::<GatewayApi>/dev/POST/@connections/*',
        'events:PutEvents <Bus.Arn>',
        'secretsmanager:GetSecretValue <SigningKeysSecret>',
        CACHE_SECRET,
        ...['Deliveries', 'DeliveriesWakes'].flatMap((queue) =>
          ['DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'].map(
            (action) => `sqs:${action} <${queue}.Arn>`,
          ),
        ),
        'sqs:SendMessage <DeliveriesDeliveriesDeadLetters.Arn>',
        'sqs:SendMessage <DeliveriesWakes.Arn>',
        'ssm:GetParametersByPath arn::ssm:::parameter/holdfast/dev/services',
      ],
    ],
    ['Refusal', ['execute-api:ManageConnections arn::execute-api:::<GatewayApi>/dev/POST/@connections/*']],
    ['Explain', [CACHE_SECRET]],
  ])('%s: this and nothing else', (name, expected) => {
    expect(allowed(gateway, `Functions${name}Role`)).toEqual([...expected].sort());
  });

  it('Janitor: this and nothing else', () => {
    expect(allowed(gateway, 'JanitorFunctionRole')).toEqual(
      [
        'execute-api:ManageConnections arn::execute-api:::<GatewayApi>/dev/DELETE/@connections/*',
        'execute-api:ManageConnections arn::execute-api:::<GatewayApi>/dev/POST/@connections/*',
        CACHE_SECRET,
        'sqs:SendMessage <DeliveriesWakes.Arn>',
      ].sort(),
    );
  });

  it('Api: this and nothing else', () => {
    expect(allowed(gateway, 'ServerApiFunctionRole')).toEqual([
      'execute-api:ManageConnections arn::execute-api:::<GatewayApi>/dev/DELETE/@connections/*',
      'execute-api:ManageConnections arn::execute-api:::<GatewayApi>/dev/POST/@connections/*',
      'secretsmanager:GetSecretValue <ServerApiApiKey>',
      CACHE_SECRET,
      'sqs:SendMessage <Deliveries.Arn>',
      'sqs:SendMessage <DeliveriesWakes.Arn>',
      'sqs:SendMessage <ServerApiRequestDeadLetters.Arn>',
      'ssm:GetParametersByPath arn::ssm:::parameter/holdfast/dev/services',
    ]);
  });

  it('Rotator: this and nothing else', () => {
    expect(allowed(gateway, 'SigningKeysRotatorRole')).toEqual([
      'secretsmanager:DescribeSecret <SigningKeysSecret>',
      'secretsmanager:GetSecretValue <SigningKeysSecret>',
      'secretsmanager:PutSecretValue <SigningKeysSecret>',
      'secretsmanager:UpdateSecretVersionStage <SigningKeysSecret>',
      'ssm:GetParameter arn::ssm:::parameter<SigningKeysPublicKeys>',
      'ssm:PutParameter arn::ssm:::parameter<SigningKeysPublicKeys>',
    ]);
  });
});

it('a service may answer, publish, check signatures, and have its failures answered', () => {
  expect(allowed(templateOf('dev', 'service-echo'), 'ServiceFunctionRole')).toEqual([
    'execute-api:ManageConnections <ssm:postconnectionsarn>',
    'lambda:InvokeFunction <ssm:refusalfunctionarn>',
    'sqs:SendMessage <ssm:deliveriesqueuearn>',
    'ssm:GetParameter arn::ssm:::parameter/holdfast/dev/signing-keys',
  ]);
});

describe('roles', () => {
  const everything = allowances(propertiesOf(templates, 'AWS::IAM::Policy'));

  it('are never allowed an action by wildcard', () => {
    expect(everything.filter(({ action }) => action.includes('*'))).toEqual([]);
  });

  it('are allowed network interfaces on every resource, nothing else, and their code is denied them', () => {
    const wide = everything.filter(({ resource }) => resource === '*').map(({ action }) => action);
    expect(new Set(wide.map((action) => action.split(':')[0]))).toEqual(new Set(['ec2']));
    const denials = propertiesOf(templates, 'AWS::IAM::Policy')
      .flatMap(statementsOf)
      .filter((statement) => statement['Effect'] === 'Deny');
    expect(denials).toHaveLength(7);
    for (const denial of denials) {
      expect(denial).toMatchObject({
        Condition: { ArnEquals: { 'lambda:SourceFunctionArn': expect.anything() } },
      });
      expect(listOf(denial['Action'])).toEqual([...new Set(wide)].sort());
    }
  });

  it('write to the log group of their function and to no other', () => {
    // Template by template: logical ids are those of one.
    for (const template of templates) {
      const writes = allowances(propertiesOf(template, 'AWS::IAM::Policy')).filter(({ action }) =>
        action.startsWith('logs:'),
      );
      const functions = resourcesOf(template, 'AWS::Lambda::Function');
      expect(writes).toHaveLength(2 * functions.length);
      expect(writes.map(({ action }) => action)).not.toContain('logs:CreateLogGroup');
      expect(new Set(writes.map(({ resource }) => resource)).size).toBe(functions.length);
    }
  });
});

describe('secrets', () => {
  it('have no value in a template', () => {
    for (const { SecretString } of propertiesOf(templates, 'AWS::SecretsManager::Secret')) {
      expect([undefined, '{}']).toContain(SecretString);
    }
  });

  it('reach no function by its environment', () => {
    for (const { Environment } of propertiesOf(templates, 'AWS::Lambda::Function')) {
      expect(JSON.stringify(Environment)).not.toContain('resolve:');
    }
  });

  it('are referred to as a value in one place, the user of the cache', () => {
    const users = templates.flatMap(({ Resources }) =>
      Object.entries(Resources)
        .filter(([, { Properties }]) => JSON.stringify(Properties).includes('{{resolve:'))
        .map(([, { Type }]) => Type),
    );
    expect(users).toEqual(['AWS::ElastiCache::User']);
  });
});

it('nothing is open to the world but the three routes and the server API', () => {
  const principals = templates
    .flatMap(({ Resources }) => Object.values(Resources))
    .flatMap(({ Properties }) => [...objectsIn(Properties)])
    .filter((statement) => statement['Effect'] === 'Allow' && 'Principal' in statement)
    .map((statement) => JSON.stringify(statement['Principal']));
  expect(principals.filter((principal) => principal.includes('*'))).toEqual([]);
});
