import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type Item, itemOf, type Value } from './items';
import type { Key } from './keys';

/** Keys that BatchGetItem takes at once. */
const MAX_BATCH = 100;
/** Times that what DynamoDB left of a batch is asked for again. */
const MAX_BATCH_ROUNDS = 5;

/** A batch was not read to its end: the table is throttled. */
export class UnprocessedKeysError extends Error {
  override readonly name = 'UnprocessedKeysError';
}

export interface Change {
  /** Update expression; names are written `#name`, values `:name`. */
  readonly update: string;
  readonly when: string;
  readonly values: Readonly<Record<string, Value>>;
}

/** Every `#name` of an expression stands for the attribute of that name: many are reserved words. */
function namesIn(...expressions: readonly string[]): { ExpressionAttributeNames?: Record<string, string> } {
  const names = expressions.flatMap((expression) => expression.match(/#\w+/g) ?? []);
  if (names.length === 0) return {};
  return { ExpressionAttributeNames: Object.fromEntries(names.map((name) => [name, name.slice(1)])) };
}

function valuesOf(values: Readonly<Record<string, Value>>): Item {
  return Object.fromEntries(Object.entries(itemOf(values)).map(([name, value]) => [`:${name}`, value]));
}

export interface Range {
  /** Sort keys from this to `to`, both included. */
  readonly from: string;
  readonly to: string;
  readonly newestFirst?: boolean;
  /** @default - all */
  readonly limit?: number;
}

/** One table, read consistently and written under conditions. */
export class Table {
  readonly #client: DynamoDBClient;
  readonly #name: string;

  constructor(client: DynamoDBClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  async get(key: Key): Promise<Item | undefined> {
    const input = { TableName: this.#name, Key: itemOf(key), ConsistentRead: true };
    return (await this.#client.send(new GetItemCommand(input))).Item;
  }

  /** Items that are there, in any order. Throws `UnprocessedKeysError`. */
  async getAll(keys: readonly Key[]): Promise<Item[]> {
    const items: Item[] = [];
    for (let from = 0; from < keys.length; from += MAX_BATCH) {
      items.push(...(await this.#getBatch(keys.slice(from, from + MAX_BATCH))));
    }
    return items;
  }

  async #getBatch(keys: readonly Key[]): Promise<Item[]> {
    const items: Item[] = [];
    let left: Item[] = keys.map((key) => itemOf(key));
    for (let round = 0; left.length > 0; round += 1) {
      if (round === MAX_BATCH_ROUNDS) {
        throw new UnprocessedKeysError(`expected ${keys.length} keys to be read, got ${items.length}`);
      }
      const RequestItems = { [this.#name]: { Keys: left, ConsistentRead: true } };
      const answer = await this.#client.send(new BatchGetItemCommand({ RequestItems }));
      items.push(...(answer.Responses?.[this.#name] ?? []));
      left = answer.UnprocessedKeys?.[this.#name]?.Keys ?? [];
    }
    return items;
  }

  /** A page of DynamoDB ends at 1 MB, which may be before the limit. */
  async query(partition: string, range: Range): Promise<Item[]> {
    const { newestFirst = false, limit = Number.POSITIVE_INFINITY } = range;
    const input = { ...this.#rangeOf(partition, range), ScanIndexForward: !newestFirst };
    const items: Item[] = [];
    let ExclusiveStartKey: Item | undefined;
    do {
      const left = limit - items.length;
      const answer = await this.#client.send(
        new QueryCommand({
          ...input,
          ...(left === Number.POSITIVE_INFINITY ? {} : { Limit: left }),
          ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}),
        }),
      );
      items.push(...(answer.Items ?? []));
      ExclusiveStartKey = answer.LastEvaluatedKey;
    } while (ExclusiveStartKey && items.length < limit);
    return items;
  }

  /** How many of the first `most` items of a range pass a filter. */
  async count(
    partition: string,
    range: Range,
    filter: string,
    values: Readonly<Record<string, Value>>,
    most: number,
  ): Promise<number> {
    const base = this.#rangeOf(partition, range);
    let [passed, looked] = [0, 0];
    let ExclusiveStartKey: Item | undefined;
    do {
      const answer = await this.#client.send(
        new QueryCommand({
          ...base,
          ...namesIn(filter),
          ExpressionAttributeValues: { ...base.ExpressionAttributeValues, ...valuesOf(values) },
          FilterExpression: filter,
          Select: 'COUNT',
          Limit: most - looked,
          ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}),
        }),
      );
      passed += answer.Count ?? 0;
      looked += answer.ScannedCount ?? 0;
      ExclusiveStartKey = answer.LastEvaluatedKey;
    } while (ExclusiveStartKey && looked < most);
    return passed;
  }

  #rangeOf(partition: string, { from, to }: Range) {
    return {
      TableName: this.#name,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: valuesOf({ pk: partition, from, to }),
      ConsistentRead: true,
    };
  }

  /** Adds an item that is not there. Answers whether it was not. */
  add(key: Key, values: Readonly<Record<string, Value | undefined>>): Promise<boolean> {
    const Item = itemOf({ ...values, ...key });
    const condition = { ConditionExpression: 'attribute_not_exists(pk)' };
    return conditional(this.#client.send(new PutItemCommand({ TableName: this.#name, Item, ...condition })));
  }

  /** Changes an item where its condition holds. Answers whether it did. */
  change(key: Key, { update, when, values }: Change): Promise<boolean> {
    return conditional(
      this.#client.send(
        new UpdateItemCommand({
          TableName: this.#name,
          Key: itemOf(key),
          UpdateExpression: update,
          ConditionExpression: when,
          ...namesIn(update, when),
          ExpressionAttributeValues: valuesOf(values),
        }),
      ),
    );
  }
}

async function conditional(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
