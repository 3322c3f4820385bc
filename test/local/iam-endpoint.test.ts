import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import {
  BatchGetItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import {
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import type { JsonObject } from '../../lambdas/contract/json';
import { LocalCloud } from '../../local/cloud';
import { findPortBlock } from '../../local/command/port-block';
import type { Principal } from '../../local/ports';
import { signedHeaders } from './signed-headers';

const REGION = 'us-east-1';
const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:000000000000:${resource}`;

let cloud: LocalCloud;
let queueUrl: string;
let secretArn: string;
let callbackUrl: string;
const clients: { destroy(): void }[] = [];
let roles = 0;

beforeAll(async () => {
  const ports = await findPortBlock(4900);
  cloud = new LocalCloud({
    region: REGION,
    ports,
    log: { output() {}, warn() {} },
    redisBinary: new Promise(() => undefined),
    redisDirectory: '/nonexistent',
  });
  await cloud.listen();
  callbackUrl = `http://127.0.0.1:${ports.websocket}/local`;
  queueUrl = cloud.sqs.createQueue({ name: 'queue' }).url;
  secretArn = cloud.secrets.create({ name: 'team/secret', value: 'hidden' }).arn;
  cloud.ssm.put('/app/a', '1');
  cloud.events.createBus('bus');
  await cloud.dynamodb.createTable({
    TableName: 'table',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'owner', AttributeType: 'S' },
    ],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'byOwner',
        KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  });
  cloud.apis.addApi('wapi', 'WEBSOCKET', '$default');
  cloud.apis.addStage('wapi', 'local');
  await cloud.begin();
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await cloud.close();
});

/** Credentials of a function whose role has these statements. */
function caller(...statements: { Action: string; Resource: string; Condition?: JsonObject }[]): Principal {
  const roleArn = `arn:aws:iam::000000000000:role/role-${++roles}`;
  cloud.access.createRole(roleArn, { Version: '2012-10-17', Statement: [] });
  cloud.access.attachInline(roleArn, {
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })),
  });
  return cloud.identities.issue('fn', roleArn, arn('lambda', 'function:fn'));
}

function options({ accessKeyId, secretAccessKey, sessionToken }: Principal, endpoint = cloud.awsEndpointUrl) {
  return {
    region: REGION,
    endpoint,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
  };
}

/** Calls of each service as `principal`. */
function calls(principal: Principal) {
  const config = options(principal);
  const open = <T extends { destroy(): void }>(client: T): T => {
    clients.push(client);
    return client;
  };
  const sqs = open(new SQSClient(config));
  const ssm = open(new SSMClient(config));
  const secrets = open(new SecretsManagerClient(config));
  const events = open(new EventBridgeClient(config));
  const dynamodb = open(new DynamoDBClient(config));
  const connections = open(new ApiGatewayManagementApiClient(options(principal, callbackUrl)));
  const Item = { pk: { S: 'k' }, owner: { S: 'me' } };
  return {
    sendBatch: () =>
      sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: [{ Id: '1', MessageBody: 'x' }] })),
    receive: () => sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl })),
    parameter: (Name = '/app/a') => ssm.send(new GetParameterCommand({ Name })),
    parameters: (...Names: string[]) => ssm.send(new GetParametersCommand({ Names })),
    byPath: (Path: string) => ssm.send(new GetParametersByPathCommand({ Path, Recursive: true })),
    putParameter: (Overwrite: boolean) =>
      ssm.send(new PutParameterCommand({ Name: '/app/a', Value: '2', Type: 'String', Overwrite })),
    secret: (SecretId = 'team/secret', more: { VersionStage?: string } = {}) =>
      secrets.send(new GetSecretValueCommand({ SecretId, ...more })),
    put: (...sources: string[]) =>
      events.send(
        new PutEventsCommand({
          Entries: sources.map((Source) => ({ Source, DetailType: 'd', Detail: '{}', EventBusName: 'bus' })),
        }),
      ),
    putItem: () => dynamodb.send(new PutItemCommand({ TableName: 'table', Item })),
    getItem: (pk = 'k') => dynamodb.send(new GetItemCommand({ TableName: 'table', Key: { pk: { S: pk } } })),
    getItems: () =>
      dynamodb.send(new BatchGetItemCommand({ RequestItems: { table: { Keys: [{ pk: { S: 'k' } }] } } })),
    query: (owner = 'me') =>
      dynamodb.send(
        new QueryCommand({
          TableName: 'table',
          IndexName: 'byOwner',
          KeyConditionExpression: '#o = :o',
          ExpressionAttributeNames: { '#o': 'owner' },
          ExpressionAttributeValues: { ':o': { S: owner } },
        }),
      ),
    scan: () => dynamodb.send(new ScanCommand({ TableName: 'table' })),
    post: () =>
      connections.send(new PostToConnectionCommand({ ConnectionId: 'L0SM9cOFvHcCIhw=', Data: '{}' })),
    connection: () => connections.send(new GetConnectionCommand({ ConnectionId: 'L0SM9cOFvHcCIhw=' })),
    close: () => connections.send(new DeleteConnectionCommand({ ConnectionId: 'L0SM9cOFvHcCIhw=' })),
  };
}

type Calls = ReturnType<typeof calls>;

const table = arn('dynamodb', 'table/table');
const connection = (method: string) => arn('execute-api', `wapi/local/${method}/@connections/*`);

describe.each<
  [
    name: string,
    action: string,
    resource: () => string,
    status: number,
    call: (as: Calls) => Promise<unknown>,
  ]
>([
  ['sqs', 'sqs:SendMessage', () => arn('sqs', 'queue'), 403, (as) => as.sendBatch()],
  ['sqs', 'sqs:ReceiveMessage', () => arn('sqs', 'queue'), 403, (as) => as.receive()],
  ['ssm', 'ssm:GetParameter', () => arn('ssm', 'parameter/app/a'), 400, (as) => as.parameter()],
  [
    'ssm, by version',
    'ssm:GetParameter',
    () => arn('ssm', 'parameter/app/a'),
    400,
    (as) => as.parameter('/app/a:1'),
  ],
  [
    'ssm, by ARN',
    'ssm:GetParameter',
    () => arn('ssm', 'parameter/app/a'),
    400,
    (as) => as.parameter(arn('ssm', 'parameter/app/a')),
  ],
  ['ssm', 'ssm:GetParameters', () => arn('ssm', 'parameter/app/a'), 400, (as) => as.parameters('/app/a')],
  ['ssm', 'ssm:GetParametersByPath', () => arn('ssm', 'parameter/app'), 400, (as) => as.byPath('/app/')],
  ['ssm', 'ssm:PutParameter', () => arn('ssm', 'parameter/app/a'), 400, (as) => as.putParameter(true)],
  ['secrets, by name', 'secretsmanager:GetSecretValue', () => secretArn, 400, (as) => as.secret()],
  ['secrets, by ARN', 'secretsmanager:GetSecretValue', () => secretArn, 400, (as) => as.secret(secretArn)],
  ['events', 'events:PutEvents', () => arn('events', 'event-bus/bus'), 400, (as) => as.put('a', 'b')],
  ['dynamodb', 'dynamodb:PutItem', () => table, 400, (as) => as.putItem()],
  ['dynamodb', 'dynamodb:GetItem', () => table, 400, (as) => as.getItem()],
  ['dynamodb', 'dynamodb:BatchGetItem', () => table, 400, (as) => as.getItems()],
  ['dynamodb, an index', 'dynamodb:Query', () => `${table}/index/byOwner`, 400, (as) => as.query()],
  ['dynamodb', 'dynamodb:Scan', () => table, 400, (as) => as.scan()],
])('%s: %s', (_, action, resource, status, call) => {
  it('is allowed by the role', async () => {
    await call(calls(caller({ Action: action, Resource: resource() })));
  });

  it.each([
    ['another action', () => ({ Action: `${action}X`, Resource: resource() })],
    ['another resource', () => ({ Action: action, Resource: `${resource()}x` })],
  ])('is refused to a role with %s', async (__, statement) => {
    await expect(call(calls(caller(statement())))).rejects.toMatchObject({
      // SQS still goes by the codes of its query protocol.
      name: action.startsWith('sqs:') ? 'AccessDenied' : 'AccessDeniedException',
      $metadata: { httpStatusCode: status },
      message: expect.stringMatching(
        /^User: arn:aws:sts::000000000000:assumed-role\/role-\d+\/fn is not authorized to perform: \S+ on resource: \S+ because no identity-based policy allows the \S+ action$/,
      ),
    });
  });
});

describe.each<[method: string, call: (as: Calls) => Promise<unknown>]>([
  ['POST', (as) => as.post()],
  ['GET', (as) => as.connection()],
  ['DELETE', (as) => as.close()],
])('%s @connections', (method, call) => {
  it('is allowed by the role: the connection is only gone', async () => {
    const as = calls(caller({ Action: 'execute-api:ManageConnections', Resource: connection(method) }));
    await expect(call(as)).rejects.toMatchObject({ $metadata: { httpStatusCode: 410 } });
  });

  it('is refused to a role with another method or stage', async () => {
    for (const resource of [connection('PUT'), connection(method).replace('/local/', '/prod/')]) {
      const as = calls(caller({ Action: 'execute-api:ManageConnections', Resource: resource }));
      await expect(call(as)).rejects.toMatchObject({
        name: 'AccessDeniedException',
        $metadata: { httpStatusCode: 403 },
        message: expect.stringContaining(
          `execute-api:ManageConnections on resource: arn:aws:execute-api:us-east-1:********0000:wapi/local/${method}/@connections/{connectionId}`,
        ),
      });
    }
  });
});

describe('wording', () => {
  it('SQS names its action in lower case, and in the query protocol', async () => {
    const { accessKeyId } = caller();
    const body = JSON.stringify({ QueueUrl: queueUrl, MessageBody: 'x' });
    const response = await signedPost(caller(), 'sqs', body, { 'x-amz-target': 'AmazonSQS.SendMessage' });
    expect(accessKeyId).toMatch(/^ASIA/);
    expect(response.headers.get('x-amzn-query-error')).toBe('AccessDenied;Sender');
    expect(await response.text()).toContain('no identity-based policy allows the sqs:sendmessage action');
  });

  it('Secrets Manager names the secret as the caller did', async () => {
    await expect(calls(caller()).secret('team/secret')).rejects.toThrow(/on resource: team\/secret because/);
  });
});

describe('conditions', () => {
  it('judge each event of a request, and one refuses them all', async () => {
    const as = calls(
      caller({
        Action: 'events:PutEvents',
        Resource: '*',
        Condition: { StringEquals: { 'events:source': 'mine' } },
      }),
    );
    await as.put('mine', 'mine');
    await expect(as.put('mine', 'other')).rejects.toThrow(/not authorized to perform: events:PutEvents/);
  });

  it('keep a function to its own items, by keys of tables and indexes', async () => {
    const as = calls(
      caller({
        Action: 'dynamodb:*',
        Resource: '*',
        Condition: {
          'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['k', 'me'] },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
      }),
    );
    await as.putItem();
    await as.getItem('k');
    await as.getItems();
    await as.query('me');
    for (const call of [() => as.getItem('other'), () => as.query('other'), () => as.scan()]) {
      await expect(call()).rejects.toThrow(/not authorized to perform: dynamodb:/);
    }
  });

  it('see stages of secrets and overwriting of parameters', async () => {
    const Condition = { StringEquals: { 'secretsmanager:VersionStage': 'AWSCURRENT' } };
    const as = calls(
      caller(
        { Action: 'secretsmanager:*', Resource: '*', Condition },
        { Action: 'ssm:*', Resource: '*', Condition: { Bool: { 'ssm:Overwrite': 'true' } } },
      ),
    );
    await as.secret();
    await expect(as.secret(secretArn, { VersionStage: 'AWSPREVIOUS' })).rejects.toThrow(/not authorized/);
    await as.putParameter(true);
    await expect(as.putParameter(false)).rejects.toThrow(/not authorized/);
  });
});

it('one parameter of several that is not allowed refuses them all', async () => {
  const as = calls(caller({ Action: 'ssm:GetParameters', Resource: arn('ssm', 'parameter/app/*') }));
  await as.parameters('/app/a', '/app/b');
  await expect(as.parameters('/app/a', '/other')).rejects.toThrow(/on resource: \S+parameter\/other because/);
});

it('a resource policy alone allows, and its deny wins', async () => {
  const queue = cloud.sqs.createQueue({ name: 'shared' });
  const principal = caller();
  const body = JSON.stringify({ QueueUrl: queue.url, MessageBody: 'x' });
  const send = () => signedPost(principal, 'sqs', body, { 'x-amz-target': 'AmazonSQS.SendMessage' });
  expect((await send()).status).toBe(403);
  const statement = { Principal: { AWS: principal.arn }, Action: 'sqs:*', Resource: queue.arn };
  cloud.access.addResourcePolicy(queue.arn, { Statement: { Effect: 'Allow', ...statement } });
  expect((await send()).status).toBe(200);
  cloud.access.addResourcePolicy(queue.arn, { Statement: { Effect: 'Deny', ...statement } });
  expect((await send()).status).toBe(403);
});

it('the developer may do everything, with any credentials', async () => {
  for (const accessKeyId of ['local', 'AKIAMINE']) {
    const as = calls({ ...cloud.identities.root(), accessKeyId, secretAccessKey: 'whatever' });
    await as.sendBatch();
    await as.secret();
    await expect(as.post()).rejects.toMatchObject({ $metadata: { httpStatusCode: 410 } });
  }
});

it('an operation that nobody has mapped to an action is for administrators', async () => {
  const listTags = (principal: Principal) =>
    signedPost(principal, 'dynamodb', '{"ResourceArn":"x"}', {
      'x-amz-target': 'DynamoDB_20120810.ListTagsOfResource',
    });
  expect((await listTags(caller({ Action: 'dynamodb:*', Resource: table }))).status).toBe(400);
  expect(await (await listTags(caller())).text()).toContain('dynamodb:ListTagsOfResource on resource: *');
});

it('everybody may ask who he is', async () => {
  const response = await signedPost(caller(), 'sts', 'Action=GetCallerIdentity&Version=2011-06-15');
  expect(response.status).toBe(200);
});

describe('signatures', () => {
  const messages = {
    secret: /^The request signature we calculated does not match the signature you provided\./,
    token: /^The security token included in the request is invalid\.$/,
  };
  const all = { Action: '*', Resource: '*' };

  it.each<[name: string, call: (as: Calls) => Promise<unknown>, status: number]>([
    ['sqs', (as) => as.receive(), 403],
    ['ssm', (as) => as.parameter(), 400],
    ['secretsmanager', (as) => as.secret(), 400],
    ['events', (as) => as.put('a'), 400],
    ['dynamodb', (as) => as.scan(), 400],
    ['execute-api', (as) => as.post(), 403],
  ])('with a wrong secret or token are refused by %s', async (service, call, httpStatusCode) => {
    const principal = caller(all);
    await expect(call(calls({ ...principal, secretAccessKey: 'guessed' }))).rejects.toMatchObject({
      name: service === 'sqs' ? 'SignatureDoesNotMatch' : 'InvalidSignatureException',
      message: expect.stringMatching(messages.secret),
      $metadata: { httpStatusCode },
    });
    await expect(call(calls({ ...principal, sessionToken: 'old' }))).rejects.toMatchObject({
      name: service === 'sqs' ? 'InvalidClientTokenId' : 'UnrecognizedClientException',
      message: expect.stringMatching(messages.token),
      $metadata: { httpStatusCode },
    });
  });

  it('cover body, path and signed headers', async () => {
    const principal = caller(all);
    const target = { 'x-amz-target': 'AmazonSSM.GetParameter' };
    const { host } = new URL(cloud.awsEndpointUrl);
    const headers = signedHeaders(principal, 'ssm', REGION, {
      method: 'POST',
      path: '/',
      headers: { ...target, host },
      body: '{"Name":"/app/a"}',
    });
    const send = async (path: string, more: Record<string, string>, body: string) => {
      const url = `${cloud.awsEndpointUrl}${path}`;
      const response = await fetch(url, { method: 'POST', headers: { ...headers, ...more }, body });
      return response.status;
    };
    expect(await send('/', {}, '{"Name":"/app/a"}')).toBe(200);
    expect(await send('/', {}, '{"Name":"/app/b"}')).toBe(400);
    expect(await send('/x', {}, '{"Name":"/app/a"}')).toBe(400);
    expect(await send('/?x=1', {}, '{"Name":"/app/a"}')).toBe(400);
    expect(await send('/', { 'x-amz-target': 'AmazonSSM.GetParameters' }, '{"Name":"/app/a"}')).toBe(400);
    expect(await send('/', { authorization: headers['authorization']?.replace(/.$/, 'g') ?? '' }, '{}')).toBe(
      400,
    );
  });
});

async function signedPost(
  principal: Principal,
  service: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const url = cloud.awsEndpointUrl;
  const signable = { method: 'POST', path: '/', headers: { ...headers, host: new URL(url).host }, body };
  return fetch(url, { method: 'POST', headers: signedHeaders(principal, service, REGION, signable), body });
}
