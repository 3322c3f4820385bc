import {
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { DynamoDbService } from '../../local/aws/dynamodb/service';
import { Identities } from '../../local/identity';
import { EndpointFixture, REGION } from './endpoint-fixture';

const dynamodb = new DynamoDbService({ region: REGION });
const fixture = new EndpointFixture({ dynamodb });
let client: DynamoDBClient;

const TABLE = {
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
};

beforeAll(async () => {
  await fixture.start();
  client = new DynamoDBClient(fixture.client());
});
afterAll(async () => {
  client.destroy();
  await fixture.close();
  await dynamodb.stop();
});

it('makes a table of the template’s properties, ready for items', async () => {
  const table = await dynamodb.createTable({
    TableName: 'items',
    ...TABLE,
    PointInTimeRecoverySpecification: {},
  });
  const arn = 'arn:aws:dynamodb:us-east-1:000000000000:table/items';
  expect(table).toEqual({ name: 'items', arn });
  const described = await client.send(new DescribeTableCommand({ TableName: 'items' }));
  expect(described.Table).toMatchObject({ TableStatus: 'ACTIVE', TableArn: arn });
  for (const sk of ['1', '2']) {
    await client.send(new PutItemCommand({ TableName: 'items', Item: { pk: { S: 'é"' }, sk: { S: sk } } }));
  }
  const Key = { pk: { S: 'é"' }, sk: { S: '2' } };
  expect((await client.send(new GetItemCommand({ TableName: 'items', Key }))).Item).toEqual(Key);
  const query = new QueryCommand({
    TableName: 'items',
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: 'é"' } },
  });
  expect((await client.send(query)).Count).toBe(2);
});

it('passes the errors of DynamoDB on', async () => {
  const get = client.send(new GetItemCommand({ TableName: 'none', Key: { pk: { S: 'x' } } }));
  await expect(get).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  await dynamodb.createTable({ TableName: 'twice', ...TABLE });
  await expect(dynamodb.createTable({ TableName: 'twice', ...TABLE })).rejects.toMatchObject({
    code: 'ResourceInUseException',
  });
});

it('refuses a property that functions would miss', async () => {
  const streaming = {
    TableName: 'streaming',
    ...TABLE,
    StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
  };
  await expect(dynamodb.createTable(streaming)).rejects.toThrow(/got StreamSpecification/);
});

it('stops without ever having started', async () => {
  await new DynamoDbService({ region: REGION }).stop();
});

it('stops when what is under way is done', async () => {
  const service = new DynamoDbService({ region: REGION });
  await service.createTable({ TableName: 'busy', ...TABLE });
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'DynamoDB_20120810.PutItem',
    'x-amz-date': '20250101T000000Z',
    authorization: 'AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=local',
  };
  const principal = new Identities().root();
  const writes = Array.from({ length: 50 }, (_, n) => {
    const body = JSON.stringify({ TableName: 'busy', Item: { pk: { S: 'a' }, sk: { S: String(n) } } });
    return service.handle({ method: 'POST', path: '/', headers, body, principal });
  });
  // They are on their way, as those of functions are that were killed just now.
  await new Promise((resolve) => setImmediate(resolve));
  await service.stop();
  expect((await Promise.all(writes)).map(({ status }) => status)).toEqual(Array(50).fill(200));
});
