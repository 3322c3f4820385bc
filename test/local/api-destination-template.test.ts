import {
  DescribeApiDestinationCommand,
  DescribeConnectionCommand,
  EventBridgeClient,
} from '@aws-sdk/client-eventbridge';
import { StubEndpoint } from './stub-endpoint';
import { allow, arnOf, role, runTemplate, type TemplateCloud } from './template-cloud';

const stub = new StubEndpoint();
let app: TemplateCloud;

/** A rule with the event's detail type as its pattern, in the form in which the CDK writes such a target. */
const rule = (detailType: string, roleId: string) => ({
  Type: 'AWS::Events::Rule',
  Properties: {
    EventPattern: { 'detail-type': [detailType] },
    State: 'ENABLED',
    Targets: [
      {
        Arn: arnOf('Destination'),
        Id: 'Target0',
        RoleArn: arnOf(roleId),
        HttpParameters: { PathParameterValues: ['$.detail.id'] },
        DeadLetterConfig: { Arn: arnOf('Dead') },
      },
    ],
  },
});

beforeAll(async () => {
  await stub.start();
  app = await runTemplate(
    {
      Key: {
        Type: 'AWS::SecretsManager::Secret',
        Properties: { Name: 'key', SecretString: '{"k":"hidden"}' },
      },
      Connection: {
        Type: 'AWS::Events::Connection',
        Properties: {
          AuthorizationType: 'API_KEY',
          AuthParameters: {
            ApiKeyAuthParameters: {
              ApiKeyName: 'X-Key',
              ApiKeyValue: {
                'Fn::Join': ['', ['{{resolve:secretsmanager:', { Ref: 'Key' }, ':SecretString:k::}}']],
              },
            },
          },
        },
      },
      Destination: {
        Type: 'AWS::Events::ApiDestination',
        Properties: {
          Name: 'orders',
          ConnectionArn: arnOf('Connection'),
          InvocationEndpoint: `${stub.url}/orders/*`,
          HttpMethod: 'POST',
        },
      },
      Dead: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'dead' } },
      DeadPolicy: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: {
          Queues: [{ Ref: 'Dead' }],
          PolicyDocument: {
            Statement: [
              allow('sqs:SendMessage', arnOf('Dead'), { Principal: { Service: 'events.amazonaws.com' } }),
            ],
          },
        },
      },
      May: role(
        [
          allow('events:InvokeApiDestination', {
            'Fn::Join': ['', [{ 'Fn::GetAtt': ['Destination', 'ArnForPolicy'] }, '/*']],
          }),
        ],
        'events.amazonaws.com',
      ),
      MayNot: role([allow('events:PutEvents', '*')], 'events.amazonaws.com'),
      Allowed: rule('allowed', 'May'),
      Refused: rule('refused', 'MayNot'),
    },
    4960,
  );
});
afterAll(async () => {
  await app?.close();
  await stub.close();
});

const put = async (DetailType: string) => {
  app.cloud.events.putEvents([{ Source: 'shop', DetailType, Detail: '{"id":7}' }]);
  await app.cloud.events.idle();
};

it('a rule of a template reaches an API destination whose role may, with the key of the secret', async () => {
  await put('allowed');
  expect(stub.requests).toMatchObject([{ url: '/orders/7', headers: { 'x-key': 'hidden' } }]);
});

it('a rule whose role lacks events:InvokeApiDestination does not, and the event is a dead letter', async () => {
  stub.requests.length = 0;
  await put('refused');
  expect(stub.requests).toEqual([]);
  const dead = 'arn:aws:sqs:us-east-1:000000000000:dead';
  const signal = new AbortController().signal;
  const [letter] = await app.cloud.sqs.receive(dead, { max: 1, waitMs: 1000, signal });
  expect(letter?.messageAttributes).toMatchObject({
    ERROR_CODE: { stringValue: 'NO_PERMISSIONS' },
    ERROR_MESSAGE: { stringValue: expect.stringContaining('events:InvokeApiDestination') },
    RETRY_ATTEMPTS: { stringValue: '0' },
  });
});

it('both are described by the SDK, without the key', async () => {
  const client = new EventBridgeClient({
    region: 'us-east-1',
    endpoint: app.cloud.awsEndpointUrl,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const destination = await client.send(new DescribeApiDestinationCommand({ Name: 'orders' }));
  expect(destination).toMatchObject({
    ApiDestinationArn: expect.stringMatching(/:api-destination\/orders\/[0-9a-f-]{36}$/),
    ApiDestinationState: 'ACTIVE',
    HttpMethod: 'POST',
    InvocationRateLimitPerSecond: 300,
    CreationTime: expect.any(Date),
  });
  const [, Name = ''] = destination.ConnectionArn?.split('/') ?? [];
  const connection = await client.send(new DescribeConnectionCommand({ Name }));
  expect(connection).toMatchObject({
    ConnectionArn: destination.ConnectionArn,
    ConnectionState: 'AUTHORIZED',
    AuthorizationType: 'API_KEY',
    SecretArn: expect.stringContaining(`secret:events!connection/${Name}/`),
  });
  expect(JSON.stringify(connection)).not.toContain('hidden');
  await expect(client.send(new DescribeConnectionCommand({ Name: 'no' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
  client.destroy();
});
