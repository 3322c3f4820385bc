import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactGetItemsCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { DynamoDbService } from '../../local/aws/dynamodb/service';
import { EndpointFixture, REGION } from './endpoint-fixture';

const dynamodb = new DynamoDbService({ region: REGION });
const fixture = new EndpointFixture({ dynamodb });
let client: DynamoDBClient;
const TableName = 'items';

beforeAll(async () => {
  await fixture.start();
  client = new DynamoDBClient(fixture.client());
  await dynamodb.createTable({
    TableName,
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
});
afterAll(async () => {
  client.destroy();
  await fixture.close();
  await dynamodb.stop();
});

const keyOf = (pk: string) => ({ pk: { S: pk } });
const put = (pk: string, n = '1'): TransactWriteItem => ({
  Put: { TableName, Item: { ...keyOf(pk), n: { N: n } } },
});
const fresh = (pk: string): TransactWriteItem => ({
  Put: {
    TableName,
    Item: keyOf(pk),
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  },
});
const check = (pk: string, ConditionExpression = 'attribute_exists(pk)'): TransactWriteItem => ({
  ConditionCheck: { TableName, Key: keyOf(pk), ConditionExpression },
});
const add = (pk: string): TransactWriteItem => ({
  Update: {
    TableName,
    Key: keyOf(pk),
    UpdateExpression: 'ADD n :one',
    ExpressionAttributeValues: { ':one': { N: '1' } },
  },
});
const write = (...TransactItems: TransactWriteItem[]) =>
  client.send(new TransactWriteItemsCommand({ TransactItems }));
const itemOf = async (pk: string) =>
  (await client.send(new GetItemCommand({ TableName, Key: keyOf(pk), ConsistentRead: true }))).Item;

it('does all of it where all conditions hold', async () => {
  await write(put('there'));
  await write(
    fresh('a'),
    add('there'),
    { Delete: { TableName, Key: keyOf('never') } },
    check('absent', 'attribute_not_exists(pk)'),
  );
  expect(await itemOf('a')).toEqual(keyOf('a'));
  expect(await itemOf('there')).toEqual({ ...keyOf('there'), n: { N: '2' } });
  // A check leaves nothing behind.
  expect(await itemOf('absent')).toBeUndefined();
});

it('does nothing of it where one does not, and says for each why', async () => {
  await write(put('guard', '7'), put('kept', '1'));
  const failed = write(put('kept', '9'), add('new'), fresh('guard'), check('missing'));
  await expect(failed).rejects.toMatchObject({
    name: 'TransactionCanceledException',
    CancellationReasons: [
      { Code: 'None' },
      { Code: 'None' },
      { Code: 'ConditionalCheckFailed', Item: { ...keyOf('guard'), n: { N: '7' } } },
      { Code: 'ConditionalCheckFailed' },
    ],
  });
  expect(await itemOf('kept')).toMatchObject({ n: { N: '1' } });
  expect(await itemOf('new')).toBeUndefined();
  expect(await itemOf('missing')).toBeUndefined();
});

it('undoes what was done before an expression that is none', async () => {
  const bad = check('there', 'nonsense(');
  await expect(write(put('undone'), bad)).rejects.toMatchObject({ name: 'ValidationException' });
  expect(await itemOf('undone')).toBeUndefined();
});

it('lets one of many that want the same in, and shows nobody what is undone', async () => {
  const seen: unknown[] = [];
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, async (_, index) => {
      seen.push((await itemOf('draft'))?.['n']);
      await write(
        put('draft', String(index)),
        fresh('winner'),
        check('missing-2', 'attribute_not_exists(pk)'),
      );
    }),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const { n } = (await itemOf('draft')) ?? {};
  for (const other of seen) expect([undefined, n?.N]).toContain((other as typeof n)?.N);
});

it('takes a token once', async () => {
  const TransactItems = [add('tokened')];
  const twice = new TransactWriteItemsCommand({ TransactItems, ClientRequestToken: 't' });
  await client.send(twice);
  await client.send(twice);
  expect(await itemOf('tokened')).toMatchObject({ n: { N: '1' } });
  const other = new TransactWriteItemsCommand({ TransactItems: [add('x')], ClientRequestToken: 't' });
  await expect(client.send(other)).rejects.toMatchObject({ name: 'IdempotentParameterMismatchException' });
});

it.each<[string, TransactWriteItem[], string]>([
  ['no action', [], 'ValidationException'],
  [
    'more than a hundred',
    Array.from({ length: 101 }, (_, index) => put(String(index))),
    'ValidationException',
  ],
  ['two on one item', [put('same'), check('same')], 'ValidationException'],
  ['an action of two kinds', [{ ...put('a'), ...check('b') }], 'ValidationException'],
  ['an item without its key', [{ Put: { TableName, Item: { n: { N: '1' } } } }], 'ValidationException'],
  ['another table', [{ Put: { TableName: 'none', Item: keyOf('a') } }], 'ResourceNotFoundException'],
])('refuses %s', async (_, items, name) => {
  await expect(write(...items)).rejects.toMatchObject({ name });
});

it('reads several items as they are at one time', async () => {
  await client.send(new PutItemCommand({ TableName, Item: keyOf('read') }));
  const keys = ['read', 'unread'].map((pk) => ({ Get: { TableName, Key: keyOf(pk) } }));
  const { Responses } = await client.send(new TransactGetItemsCommand({ TransactItems: keys }));
  expect(Responses?.map(({ Item }) => Item)).toEqual([keyOf('read'), undefined]);
});
