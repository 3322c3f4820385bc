import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalCloud } from '../../local/cloud';
import { findPortBlock } from '../../local/command/port-block';
import { createStacks } from '../../local/stacks';
import { Client, eventually } from './gateway-fixture';

const HASH = 'a'.repeat(64);
const arnOf = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });

/** A template with everything that time matters to, in the form in which the CDK writes it. */
const RESOURCES = {
  Role: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: ['lambda.amazonaws.com', 'scheduler.amazonaws.com'] },
            Action: 'sts:AssumeRole',
          },
        ],
      },
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'],
      Policies: [
        {
          PolicyName: 'send',
          PolicyDocument: {
            Statement: [{ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arnOf('Work') }],
          },
        },
      ],
    },
  },
  Janitor: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      FunctionName: 'janitor',
      Code: { S3Bucket: 'assets', S3Key: `${HASH}.zip` },
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Role: arnOf('Role'),
    },
  },
  Work: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'work' } },
  WorkPolicy: {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [{ Ref: 'Work' }],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'events.amazonaws.com' },
            Action: 'sqs:SendMessage',
            Resource: arnOf('Work'),
            Condition: { ArnEquals: { 'aws:SourceArn': arnOf('Every') } },
          },
        ],
      },
    },
  },
  JanitorPermission: {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      FunctionName: arnOf('Janitor'),
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      SourceArn: arnOf('Every'),
    },
  },
  Every: {
    Type: 'AWS::Events::Rule',
    Properties: {
      Name: 'every',
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Targets: [
        { Arn: arnOf('Janitor'), Id: 'Target0' },
        { Arn: arnOf('Work'), Id: 'Target1', Input: '{"sweep":"rule"}' },
      ],
    },
  },
  Never: {
    Type: 'AWS::Events::Rule',
    Properties: {
      ScheduleExpression: 'cron(* * * * ? *)',
      State: 'DISABLED',
      Targets: [{ Arn: arnOf('Work'), Id: 'Target0', Input: '{"sweep":"disabled"}' }],
    },
  },
  Schedule: {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      FlexibleTimeWindow: { Mode: 'OFF' },
      ScheduleExpression: 'cron(* * * * ? *)',
      ScheduleExpressionTimezone: 'Etc/UTC',
      State: 'ENABLED',
      Target: {
        Arn: arnOf('Work'),
        Input: '"schedule"',
        RetryPolicy: { MaximumEventAgeInSeconds: 86400, MaximumRetryAttempts: 185 },
        RoleArn: arnOf('Role'),
      },
    },
  },
  Alarm: { Type: 'AWS::CloudWatch::Alarm', Properties: { Threshold: 1 } },
  Dashboard: { Type: 'AWS::CloudWatch::Dashboard', Properties: { DashboardBody: { Ref: 'Alarm' } } },
  Registry: {
    Type: 'AWS::SSM::Parameter',
    Properties: { Name: '/large', Type: 'String', Tier: 'Advanced', Value: 'x'.repeat(8192) },
  },
  Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'WEBSOCKET' } },
  Stage: { Type: 'AWS::ApiGatewayV2::Stage', Properties: { ApiId: { Ref: 'Api' }, StageName: 'local' } },
};

let directory: string;
let cloud: LocalCloud;
let websocketPort: number;
const lines: string[] = [];

/** Starts the template with minutes of 60 ms. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'scaled-cloud-'));
  writeAssembly();
  const ports = await findPortBlock(4800);
  websocketPort = ports.websocket;
  cloud = new LocalCloud({
    region: 'us-east-1',
    ports,
    log: { output: (_name, line) => lines.push(line), warn: (_source, message) => lines.push(message) },
    redisBinary: new Promise(() => undefined),
    redisDirectory: directory,
    timeScale: 1000,
  });
  await cloud.listen();
  await createStacks([directory], cloud);
  await cloud.begin();
});
afterAll(async () => {
  await cloud.close();
  rmSync(directory, { recursive: true, force: true });
});

function writeAssembly(): void {
  const write = (name: string, content: object) =>
    writeFileSync(join(directory, name), JSON.stringify(content));
  mkdirSync(join(directory, `asset.${HASH}`));
  writeFileSync(
    join(directory, `asset.${HASH}`, 'index.js'),
    'exports.handler = async (event) => console.log(JSON.stringify(event));',
  );
  write('app.template.json', { Resources: RESOURCES });
  write('app.assets.json', {
    version: '43.0.0',
    files: {
      [HASH]: {
        source: { path: `asset.${HASH}`, packaging: 'zip' },
        destinations: { current: { bucketName: 'assets', objectKey: `${HASH}.zip` } },
      },
    },
  });
  write('manifest.json', {
    version: '43.0.0',
    artifacts: {
      'app.assets': { type: 'cdk:asset-manifest', properties: { file: 'app.assets.json' } },
      app: {
        type: 'aws:cloudformation:stack',
        environment: 'aws://unknown-account/unknown-region',
        properties: { templateFile: 'app.template.json', stackName: 'app' },
        dependencies: ['app.assets'],
      },
    },
  });
}

it('a rule of a template invokes its function with the scheduled event', async () => {
  const line = await eventually(() => {
    const [first] = lines.filter((each) => each.includes('Scheduled Event'));
    if (!first) throw new Error(`no event: ${lines.join('\n')}`);
    return first;
  }, 5_000);
  expect(JSON.parse(line)).toMatchObject({
    source: 'aws.events',
    resources: ['arn:aws:events:us-east-1:000000000000:rule/every'],
    detail: {},
  });
});

it('rules and schedules send to their queue, disabled rules do not', async () => {
  const queueArn = cloud.arn('sqs', 'work');
  const bodies: string[] = [];
  const until = Date.now() + 1_000;
  while (Date.now() < until) {
    const { signal } = new AbortController();
    const messages = await cloud.sqs.receive(queueArn, { max: 10, waitMs: 50, signal });
    bodies.push(...messages.map(({ body }) => body));
  }
  expect(new Set(bodies)).toEqual(new Set(['{"sweep":"rule"}', '"schedule"']));
  // Sixteen minutes have gone by.
  expect(bodies.filter((body) => body === '"schedule"').length).toBeGreaterThan(5);
});

it('an idle connection ends after its ten minutes, which are 600 ms', async () => {
  const client = await Client.open(`ws://127.0.0.1:${websocketPort}/local`);
  const opened = Date.now();
  expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' });
  expect(Date.now() - opened).toBeGreaterThanOrEqual(590);
});

it('queues are not scaled: a delay of a second is one', async () => {
  const { arn } = cloud.sqs.createQueue({ name: 'delayed', attributes: { DelaySeconds: '1' } });
  const sent = Date.now();
  cloud.sqs.send(arn, 'late', {}, cloud.identities.root());
  const { signal } = new AbortController();
  const [message] = await cloud.sqs.receive(arn, { max: 1, waitMs: 3_000, signal });
  expect(message?.body).toBe('late');
  expect(Date.now() - sent).toBeGreaterThanOrEqual(990);
});

it('an advanced parameter of a template is read whole', () => {
  expect(cloud.ssm.find('/large')?.value).toHaveLength(8192);
});
