import { isJsonObject, type JsonObject, type JsonValue } from '../../../lambdas/contract/json';
import type { Need } from '../request';
import { arnOf, type NeedsOf, onAnything, type Place, structures, text } from './reader';

/** Name of the partition key of a table, or of one of its indexes. */
export type PartitionKeyOf = (table: string, index: string | undefined) => string | undefined;

const TRANSACTION_ACTIONS: Readonly<Record<string, string>> = {
  ConditionCheck: 'ConditionCheckItem',
  Delete: 'DeleteItem',
  Get: 'GetItem',
  Put: 'PutItem',
  Update: 'UpdateItem',
};

const TABLE_OPERATIONS = [
  'CreateTable',
  'DeleteTable',
  'DescribeContinuousBackups',
  'DescribeTable',
  'DescribeTimeToLive',
  'UpdateTable',
  'UpdateTimeToLive',
];

/**
 * Needs of DynamoDB: the table is the resource of its items, an index one of its own. `dynamodb:LeadingKeys` holds the partition
 * keys that a request names; a request that names none (a scan) does not carry it.
 */
export function dynamoDbNeeds(partitionKeyOf: PartitionKeyOf): Readonly<Record<string, NeedsOf>> {
  const need = (place: Place, action: string, table: string, keys: readonly string[]): Need => ({
    action: `dynamodb:${action}`,
    resource: tableArn(place, table),
    ...(keys.length > 0 ? { context: { 'dynamodb:LeadingKeys': keys } } : {}),
  });
  const keysIn = (table: string, items: readonly (JsonValue | undefined)[]) =>
    leadingKeys(partitionKeyOf(tableName(table), undefined), items);
  const onItem =
    (action: string, member: string): NeedsOf =>
    (input, place) => {
      const table = text(input, 'TableName');
      return [need(place, action, table, keysIn(table, [input[member]]))];
    };
  const reading =
    (action: string): NeedsOf =>
    (input, place) => {
      const table = text(input, 'TableName');
      const index = text(input, 'IndexName') || undefined;
      const keys = queriedKeys(partitionKeyOf(tableName(table), index), input);
      const select = text(input, 'Select');
      return [
        {
          ...need(place, action, table, keys),
          resource: tableArn(place, table) + (index === undefined ? '' : `/index/${index}`),
          context: {
            ...(keys.length > 0 ? { 'dynamodb:LeadingKeys': keys } : {}),
            ...(select === '' ? {} : { 'dynamodb:Select': select }),
          },
        },
      ];
    };
  const transaction: NeedsOf = (input, place) =>
    structures(input['TransactItems']).flatMap((item) =>
      Object.entries(item).map(([kind, part]) => {
        const value = isJsonObject(part) ? part : {};
        const table = text(value, 'TableName');
        const keys = keysIn(table, [value['Key'] ?? value['Item']]);
        return need(place, TRANSACTION_ACTIONS[kind] ?? kind, table, keys);
      }),
    );
  return {
    GetItem: onItem('GetItem', 'Key'),
    PutItem: onItem('PutItem', 'Item'),
    UpdateItem: onItem('UpdateItem', 'Key'),
    DeleteItem: onItem('DeleteItem', 'Key'),
    Query: reading('Query'),
    Scan: reading('Scan'),
    BatchGetItem: (input, place) =>
      tablesOf(input).map(([table, part]) =>
        need(place, 'BatchGetItem', table, keysIn(table, isJsonObject(part) ? structures(part['Keys']) : [])),
      ),
    BatchWriteItem: (input, place) =>
      tablesOf(input).map(([table, part]) =>
        need(place, 'BatchWriteItem', table, keysIn(table, structures(part).map(writtenItem))),
      ),
    TransactGetItems: transaction,
    TransactWriteItems: transaction,
    ListTables: onAnything('dynamodb:ListTables'),
    ...Object.fromEntries(
      TABLE_OPERATIONS.map((name): [string, NeedsOf] => [
        name,
        (input, place) => [need(place, name, text(input, 'TableName'), [])],
      ]),
    ),
  };
}

function tablesOf(input: JsonObject): readonly [string, JsonValue][] {
  const items = input['RequestItems'];
  return isJsonObject(items) ? Object.entries(items) : [];
}

function writtenItem(request: JsonObject): JsonValue | undefined {
  const { PutRequest: put, DeleteRequest: remove } = request;
  if (isJsonObject(put)) return put['Item'];
  return isJsonObject(remove) ? remove['Key'] : undefined;
}

function leadingKeys(name: string | undefined, items: readonly (JsonValue | undefined)[]): string[] {
  return items.flatMap((item) => (isJsonObject(item) && name !== undefined ? valueText(item[name]) : []));
}

/** The value that a key condition sets equal to the partition key. */
function queriedKeys(name: string | undefined, input: JsonObject): string[] {
  const [names, values] = [input['ExpressionAttributeNames'], input['ExpressionAttributeValues']];
  for (const [, left = '', right = ''] of text(input, 'KeyConditionExpression').matchAll(
    /([#\w.-]+)\s*=\s*(:\w+)/g,
  )) {
    const attribute = left.startsWith('#') && isJsonObject(names) ? names[left] : left;
    if (attribute === name && isJsonObject(values)) return valueText(values[right]);
  }
  return [];
}

function valueText(value: JsonValue | undefined): string[] {
  if (!isJsonObject(value)) return [];
  const content = value['S'] ?? value['N'] ?? value['B'];
  return typeof content === 'string' ? [content] : [];
}

function tableName(nameOrArn: string): string {
  return nameOrArn.startsWith('arn:') ? (nameOrArn.split('/')[1] ?? '') : nameOrArn;
}

function tableArn(place: Place, nameOrArn: string): string {
  return nameOrArn.startsWith('arn:') ? nameOrArn : arnOf(place, 'dynamodb', `table/${nameOrArn}`);
}
