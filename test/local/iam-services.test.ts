import { Client, eventually } from './gateway-fixture';
import { signedHeaders } from './signed-headers';
import { allow, arnOf, LOGS, lambda, role, runTemplate, type TemplateCloud } from './template-cloud';

const BASE_PORT = 4950;
const SEND = 'sqs:SendMessage';
const READ = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
const queueArn = 'arn:aws:sqs:us-east-1:000000000000:work';

let running: TemplateCloud | undefined;

async function run(resources: object): Promise<TemplateCloud> {
  running = await runTemplate(resources, BASE_PORT);
  return running;
}

afterEach(async () => {
  await running?.close();
  running = undefined;
});

const work = { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'work', VisibilityTimeout: 1 } };

/** Function `fn` with a role of these statements, and a queue `work`. */
const base = (...statements: object[]) => ({
  Role: role([LOGS, ...statements]),
  Fn: lambda('fn', 'Role'),
  Work: work,
});

const permission = (service: string, more: object = {}, functionName: unknown = arnOf('Fn')) => ({
  Type: 'AWS::Lambda::Permission',
  Properties: { FunctionName: functionName, Action: 'lambda:InvokeFunction', Principal: service, ...more },
});

/** Messages of `work`, once there are some. */
async function received({ cloud }: TemplateCloud): Promise<string[]> {
  const { signal } = new AbortController();
  const messages = await cloud.sqs.receive(queueArn, { max: 10, waitMs: 5_000, signal });
  return messages.map(({ body, messageAttributes }) => JSON.stringify({ body, messageAttributes }));
}

function sees(list: readonly string[], text: string): Promise<void> {
  return eventually(() => {
    if (!list.some((line) => line.includes(text))) throw new Error(`no ${text} in ${list.join('\n')}`);
  }, 5_000);
}

describe('a rule', () => {
  const rule = (target: object) => ({
    Type: 'AWS::Events::Rule',
    Properties: { Name: 'orders', EventPattern: { source: ['shop'] }, Targets: [{ Id: 'T', ...target }] },
  });
  const sourceArn = { Condition: { ArnEquals: { 'aws:SourceArn': arnOf('Rule') } } };
  const queuePolicy = (condition: object) => ({
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [{ Ref: 'Work' }],
      PolicyDocument: {
        Statement: [
          allow(SEND, arnOf('Work'), { Principal: { Service: 'events.amazonaws.com' }, ...condition }),
        ],
      },
    },
  });
  const put = ({ cloud }: TemplateCloud) =>
    cloud.events.putEvents([{ Source: 'shop', DetailType: 'order', Detail: '{}' }]);

  it('invokes a function whose permission names it', async () => {
    const stack = await run({
      ...base(),
      Rule: rule({ Arn: arnOf('Fn') }),
      Permission: permission('events.amazonaws.com', { SourceArn: arnOf('Rule') }),
    });
    put(stack);
    await sees(stack.lines, '"source":"shop"');
  });

  it.each([
    ['no permission', undefined],
    ['a permission for another rule', permission('events.amazonaws.com', { SourceArn: `${queueArn}` })],
    ['a permission for another service', permission('s3.amazonaws.com')],
    [
      'a permission for another account',
      permission('events.amazonaws.com', { SourceAccount: '111111111111' }),
    ],
    ['a permission of an alias only', permission('events.amazonaws.com', {}, { Ref: 'Alias' })],
  ])('with %s leaves its event among the dead letters', async (_, given) => {
    const stack = await run({
      ...base(),
      Version: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Fn' } } },
      Alias: {
        Type: 'AWS::Lambda::Alias',
        Properties: {
          FunctionName: { Ref: 'Fn' },
          Name: 'live',
          FunctionVersion: { 'Fn::GetAtt': ['Version', 'Version'] },
        },
      },
      Rule: rule({ Arn: arnOf('Fn'), DeadLetterConfig: { Arn: arnOf('Work') } }),
      Policy: queuePolicy(sourceArn),
      ...(given ? { Permission: given } : {}),
    });
    put(stack);
    expect((await received(stack)).join()).toContain('NO_PERMISSIONS');
    expect(stack.lines).toEqual([]);
  });

  it('whose dead letter queue does not let it in loses its event, and says so', async () => {
    const stack = await run({
      ...base(),
      Rule: rule({ Arn: arnOf('Fn'), DeadLetterConfig: { Arn: arnOf('Work') } }),
    });
    put(stack);
    await sees(stack.warnings, `events.amazonaws.com is not authorized to perform: ${SEND}`);
    expect(stack.cloud.sqs.counts(queueArn).visible).toBe(0);
  });

  it('with a role reaches what the role allows', async () => {
    const stack = await run({
      ...base(),
      RuleRole: role([allow(SEND, arnOf('Work'))], 'events.amazonaws.com'),
      Rule: rule({ Arn: arnOf('Work'), RoleArn: arnOf('RuleRole') }),
    });
    put(stack);
    expect((await received(stack)).join()).toContain('shop');
  });
});

describe('a schedule', () => {
  const schedule = {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      FlexibleTimeWindow: { Mode: 'OFF' },
      ScheduleExpression: 'rate(1 hour)',
      Target: {
        Arn: arnOf('Work'),
        Input: '"due"',
        RoleArn: arnOf('Target'),
        RetryPolicy: { MaximumRetryAttempts: 0 },
      },
    },
  };
  const trust = (condition: object) => {
    const { Type, Properties } = role([allow(SEND, arnOf('Work'))], 'scheduler.amazonaws.com');
    const [statement] = Properties.AssumeRolePolicyDocument.Statement;
    return {
      Type,
      Properties: {
        ...Properties,
        AssumeRolePolicyDocument: { Statement: [{ ...statement, Condition: { ArnLike: condition } }] },
      },
    };
  };
  const group = (name: string) => `arn:aws:scheduler:us-east-1:000000000000:schedule-group/${name}`;

  it('sends with its role, which may trust the group alone', async () => {
    const stack = await run({
      Work: work,
      Target: trust({ 'aws:SourceArn': group('default') }),
      Schedule: schedule,
    });
    expect((await received(stack)).join()).toContain('due');
  });

  it.each([
    ['does not trust it', role([allow(SEND, arnOf('Work'))], 'lambda.amazonaws.com'), 'sts:AssumeRole'],
    ['trusts another group', trust({ 'aws:SourceArn': group('other') }), 'sts:AssumeRole'],
    ['may not send', role([], 'scheduler.amazonaws.com'), SEND],
  ])('sends nothing where its role %s', async (_, target, action) => {
    const stack = await run({ Work: work, Target: target, Schedule: schedule });
    await sees(stack.warnings, `not authorized to perform: ${action}`);
    expect(stack.cloud.sqs.counts(queueArn).visible).toBe(0);
  });
});

describe('an event source mapping', () => {
  const mapping = {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: { EventSourceArn: arnOf('Work'), FunctionName: { Ref: 'Fn' } },
  };
  const send = ({ cloud }: TemplateCloud) => cloud.sqs.send(queueArn, 'job', {}, cloud.identities.root());

  it('reads and deletes with the role of its function', async () => {
    const stack = await run({ ...base(allow(READ, arnOf('Work'))), Mapping: mapping });
    send(stack);
    await sees(stack.lines, '"body":"job"');
    await eventually(() =>
      expect(stack.cloud.sqs.counts(queueArn)).toMatchObject({ visible: 0, inFlight: 0 }),
    );
  });

  it('is not made without ReceiveMessage', async () => {
    await expect(run({ ...base(allow(READ.slice(1), arnOf('Work'))), Mapping: mapping })).rejects.toThrow(
      /app\/Mapping .*not authorized to perform: sqs:ReceiveMessage/,
    );
  });

  it('does not read without GetQueueAttributes', async () => {
    const stack = await run({ ...base(allow(READ.slice(0, 2), arnOf('Work'))), Mapping: mapping });
    send(stack);
    await sees(stack.warnings, 'not authorized to perform: sqs:GetQueueAttributes');
    expect(stack.lines).toEqual([]);
  });

  it('hands the same message over again without DeleteMessage', async () => {
    const stack = await run({
      ...base(allow([READ[0] ?? '', READ[2] ?? ''], arnOf('Work'))),
      Mapping: mapping,
    });
    send(stack);
    await eventually(() => expect(stack.lines.length).toBeGreaterThan(1), 5_000);
  });
});

describe('a destination', () => {
  const failing = {
    Type: 'AWS::Lambda::EventInvokeConfig',
    Properties: {
      FunctionName: { Ref: 'Fn' },
      Qualifier: '$LATEST',
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: arnOf('Work') } },
    },
  };
  const fail = ({ cloud }: TemplateCloud) => cloud.lambda.invoke('fn', '{"fail":true}', 'Event');

  it('is reached with the role of the function', async () => {
    const stack = await run({ ...base(allow(SEND, arnOf('Work'))), Config: failing });
    await fail(stack);
    expect((await received(stack)).join()).toContain('as asked');
  });

  it('is not reached without', async () => {
    const stack = await run({ ...base(), Config: failing });
    await fail(stack);
    await sees(stack.warnings, `assumed-role/app-Role-`);
    expect(stack.cloud.sqs.counts(queueArn).visible).toBe(0);
  });
});

describe('a function', () => {
  it.each([
    ['whose role does not trust Lambda', { Role: role([], 'events.amazonaws.com') }, 'sts:AssumeRole'],
    [
      'in a VPC without interfaces',
      { Fn: lambda('fn', 'Role', { VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] } }) },
      'ec2:CreateNetworkInterface',
    ],
  ])('%s is not made', async (_, more, action) => {
    await expect(run({ ...base(), ...more })).rejects.toThrow(`not authorized to perform: ${action}`);
  });

  it('whose role may not write its log loses its lines', async () => {
    const group = { Type: 'AWS::Logs::LogGroup', Properties: {} };
    const logging = { LoggingConfig: { LogGroup: { Ref: 'Logs' } } };
    const may = allow(['logs:CreateLogStream', 'logs:PutLogEvents'], arnOf('Logs'));
    const stack = await run({
      Logs: group,
      Role: role([may]),
      Silenced: role([allow('logs:CreateLogStream', arnOf('Logs'))]),
      Fn: lambda('fn', 'Role', logging),
      Silent: lambda('silent', 'Silenced', logging),
    });
    for (const name of ['fn', 'silent']) await stack.cloud.lambda.invoke(name, '{}', 'RequestResponse');
    await sees(stack.lines, 'fn: {}');
    await sees(stack.warnings, 'silent: its lines are lost, as on AWS');
    expect(stack.lines.join()).not.toContain('silent');
  });
});

it('a secret is rotated by a function that lets Secrets Manager in, and the start fails otherwise', async () => {
  const secret = {
    Type: 'AWS::SecretsManager::Secret',
    Properties: { SecretString: 'x' },
  };
  const rotation = {
    Type: 'AWS::SecretsManager::RotationSchedule',
    Properties: { SecretId: { Ref: 'Secret' }, RotationLambdaARN: arnOf('Fn') },
  };
  await expect(run({ ...base(), Secret: secret, Rotation: rotation })).rejects.toThrow(
    /secretsmanager\.amazonaws\.com is not authorized to perform: lambda:InvokeFunction/,
  );
  const permitted = permission('secretsmanager.amazonaws.com', { SourceAccount: '000000000000' });
  // The function is let in, and then rotates nothing.
  await expect(run({ ...base(), Secret: secret, Permission: permitted, Rotation: rotation })).rejects.toThrow(
    /finishSecret/,
  );
});

describe('API Gateway', () => {
  const api = (protocol: 'HTTP' | 'WEBSOCKET', routeKey: string, more: object = {}) => ({
    Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: protocol } },
    Stage: { Type: 'AWS::ApiGatewayV2::Stage', Properties: { ApiId: { Ref: 'Api' }, StageName: 'local' } },
    Integration: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: { ApiId: { Ref: 'Api' }, IntegrationType: 'AWS_PROXY', IntegrationUri: arnOf('Fn') },
    },
    Route: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: { Ref: 'Api' },
        RouteKey: routeKey,
        Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] },
        ...more,
      },
    },
  });
  const permitted = (path: string) => ({
    Permission: permission('apigateway.amazonaws.com', {
      SourceArn: { 'Fn::Sub': `arn:aws:execute-api:us-east-1:000000000000:\${Api}${path}` },
    }),
  });

  it('opens a WebSocket where the function of $connect lets it in', async () => {
    const stack = await run({ ...base(), ...api('WEBSOCKET', '$connect'), ...permitted('/*$connect') });
    const client = await Client.open(`${stack.websocketUrl}/local`);
    client.socket.terminate();
  });

  it.each(['/*$default', '/prod/$connect'])('answers 500 where it does so only for %s', async (path) => {
    const stack = await run({ ...base(), ...api('WEBSOCKET', '$connect'), ...permitted(path) });
    await expect(Client.open(`${stack.websocketUrl}/local`)).rejects.toThrow(/500/);
    await sees(
      stack.warnings,
      'apigateway.amazonaws.com is not authorized to perform: lambda:InvokeFunction',
    );
  });

  it.each([
    ['/*/*/orders/{id}', 200],
    ['/local/GET/orders/{id}', 200],
    ['/*/POST/orders/{id}', 500],
  ])('serves GET /orders/1 by a permission for %s with %d', async (path, status) => {
    const stack = await run({ ...base(), ...api('HTTP', 'GET /orders/{id}'), ...permitted(path) });
    expect((await fetch(`${stack.serverApiUrl}/local/orders/1`)).status).toBe(status);
  });

  it('takes signed requests of roles that may invoke the route', async () => {
    const invoke = (path: string) =>
      role([
        allow('execute-api:Invoke', {
          'Fn::Sub': `arn:aws:execute-api:us-east-1:000000000000:\${Api}/local/${path}`,
        }),
      ]);
    const stack = await run({
      ...base(),
      ...api('HTTP', 'POST /orders', { AuthorizationType: 'AWS_IAM' }),
      ...permitted('/*/*/orders'),
      Caller: {
        ...invoke('POST/orders'),
        Properties: { ...invoke('POST/orders').Properties, RoleName: 'caller' },
      },
      Other: {
        ...invoke('POST/users'),
        Properties: { ...invoke('POST/users').Properties, RoleName: 'other' },
      },
    });
    const url = new URL(`${stack.serverApiUrl}/local/orders`);
    const post = async (roleName: string, body = '{}', sent = body) => {
      const principal = stack.cloud.identities.issue(roleName, `arn:aws:iam::000000000000:role/${roleName}`);
      const signable = { method: 'POST', path: url.pathname, headers: { host: url.host }, body };
      const headers = signedHeaders(principal, 'execute-api', 'us-east-1', signable);
      return (await fetch(url, { method: 'POST', headers, body: sent })).status;
    };
    expect(await post('caller')).toBe(200);
    expect(await post('other')).toBe(403);
    expect(await post('caller', '{}', '{"x":1}')).toBe(403);
    expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(403);
    await sees(stack.lines, '"accessKey":"ASIA');
  });
});

describe('properties that would change what is allowed', () => {
  it.each<[resource: object, message: RegExp]>([
    [
      {
        ...role([]),
        Properties: { ...role([]).Properties, PermissionsBoundary: 'arn:aws:iam::aws:policy/x' },
      },
      /PermissionsBoundary: expected none/,
    ],
    [permission('events.amazonaws.com', { PrincipalOrgID: 'o-1' }), /PrincipalOrgID: expected none/],
    [
      { Type: 'AWS::IAM::Policy', Properties: { Users: ['u'], PolicyDocument: { Statement: [] } } },
      /Users: expected none/,
    ],
    [
      role([allow(SEND, '*', { Condition: { StringEquals: { 'aws:PrincipalTag/team': 'x' } } })]),
      /aws:PrincipalTag/,
    ],
  ])('stop the start: %#', async (resource, message) => {
    await expect(run({ ...base(), More: resource })).rejects.toThrow(message);
  });
});
