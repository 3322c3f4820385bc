import { isJsonObject, type JsonObject } from '../../../lambdas/contract/json';
import { AwsError, type AwsResponse } from '../../ports';

const MAX_ITEMS = 100;
/** As long as DynamoDB remembers a client's token. */
const TOKEN_KEPT_MS = 10 * 60_000;

/** What transactions are made of. */
export interface TransactionParts {
  /** Calls an operation on single items. Rejects with `AwsError` where it is refused. */
  call(operation: string, input: JsonObject): Promise<JsonObject>;
  /** Names of the key's attributes; undefined for a table that is not there. */
  keyNamesOf(table: string): readonly string[] | undefined;
}

interface Action {
  readonly kind: string;
  readonly part: JsonObject;
  readonly key: JsonObject;
}

interface Reason {
  readonly Code: string;
  readonly Message?: string;
  readonly Item?: JsonObject;
}

/** An action that was done, and the item as it was before. */
interface Done extends Action {
  readonly before: JsonObject | undefined;
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

/**
 * `TransactWriteItems` and `TransactGetItems` over operations on single items, which dynalite has: nothing else may run meanwhile,
 * and what was done is undone where a condition does not hold.
 */
export class Transactions {
  readonly #parts: TransactionParts;
  readonly #tokens = new Map<string, { readonly request: string; readonly at: number }>();

  constructor(parts: TransactionParts) {
    this.#parts = parts;
  }

  async get(input: JsonObject): Promise<AwsResponse> {
    const responses: JsonObject[] = [];
    for (const item of itemsOf(input)) {
      const part = item['Get'];
      if (!isJsonObject(part)) throw invalid('TransactItems can only contain one of Get');
      const { Item } = await this.#parts.call('GetItem', { ...part, ConsistentRead: true });
      responses.push(isJsonObject(Item) ? { Item } : {});
    }
    return json(200, { Responses: responses });
  }

  async write(input: JsonObject): Promise<AwsResponse> {
    const actions = itemsOf(input).map((item) => this.#actionOf(item));
    const places = actions.map(({ part, key }) => JSON.stringify([part['TableName'], key]));
    if (new Set(places).size < places.length) {
      throw invalid('Transaction request cannot include multiple operations on one item');
    }
    const { ClientRequestToken: token, ...request } = input;
    if (this.#isRepeat(String(token ?? ''), JSON.stringify(request))) return json(200, {});
    const reasons = await this.#attempt(actions);
    if (reasons.every(({ Code }) => Code === 'None')) {
      if (token !== undefined) {
        this.#tokens.set(String(token), { request: JSON.stringify(request), at: Date.now() });
      }
      return json(200, {});
    }
    const codes = reasons.map(({ Code }) => Code).join(', ');
    return json(400, {
      __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
      Message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
      CancellationReasons: reasons.map((reason) => ({ ...reason })),
    });
  }

  /** Tries every action, as DynamoDB tells of each, and leaves either all of them or none. */
  async #attempt(actions: readonly Action[]): Promise<readonly Reason[]> {
    const done: Done[] = [];
    const reasons: Reason[] = [];
    try {
      for (const action of actions) {
        const before = await this.#read(action);
        const reason = await this.#act(action, before);
        reasons.push(reason);
        if (reason.Code === 'None') done.push({ ...action, before });
      }
    } catch (error) {
      await this.#undo(done);
      throw error;
    }
    const checks = done.filter(({ kind }) => kind === 'ConditionCheck');
    await this.#undo(done.length < actions.length ? done : checks);
    return reasons;
  }

  async #act({ kind, part, key }: Action, before: JsonObject | undefined): Promise<Reason> {
    const { ReturnValuesOnConditionCheckFailure: wanted, ...plain } = part;
    const { Key: _, ...check } = plain;
    try {
      // A check has no operation of its own: the item is put as it was, and what it was is kept.
      if (kind === 'ConditionCheck') await this.#parts.call('PutItem', { ...check, Item: before ?? key });
      else await this.#parts.call(`${kind}Item`, plain);
      return { Code: 'None' };
    } catch (error) {
      if (!(error instanceof AwsError) || error.code !== 'ConditionalCheckFailedException') throw error;
      const shown = wanted === 'ALL_OLD' && before !== undefined;
      return {
        Code: 'ConditionalCheckFailed',
        Message: 'The conditional request failed',
        ...(shown && { Item: before }),
      };
    }
  }

  async #read({ part, key }: Action): Promise<JsonObject | undefined> {
    const { TableName = '' } = part;
    const { Item } = await this.#parts.call('GetItem', { TableName, Key: key, ConsistentRead: true });
    return isJsonObject(Item) ? Item : undefined;
  }

  async #undo(done: readonly Done[]): Promise<void> {
    for (const { part, key, before } of done) {
      const { TableName = '' } = part;
      if (before === undefined) await this.#parts.call('DeleteItem', { TableName, Key: key });
      else await this.#parts.call('PutItem', { TableName, Item: before });
    }
  }

  #actionOf(item: JsonObject): Action {
    const [[kind, part] = [], ...others] = Object.entries(item);
    const isKnown = ['ConditionCheck', 'Delete', 'Put', 'Update'].includes(kind ?? '');
    if (kind === undefined || !isKnown || others.length > 0 || !isJsonObject(part)) {
      throw invalid('TransactItems can only contain one of Check, Put, Update or Delete');
    }
    const names = this.#parts.keyNamesOf(String(part['TableName']));
    if (names === undefined) {
      throw new AwsError('ResourceNotFoundException', 'Requested resource not found');
    }
    const holder = part[kind === 'Put' ? 'Item' : 'Key'];
    const given = isJsonObject(holder) ? holder : {};
    const key = Object.fromEntries(names.map((name) => [name, given[name] ?? null]));
    if (Object.values(key).includes(null)) {
      throw invalid('The provided key element does not match the schema');
    }
    return { kind, part, key };
  }

  #isRepeat(token: string, request: string): boolean {
    const now = Date.now();
    for (const [former, { at }] of this.#tokens) if (now - at > TOKEN_KEPT_MS) this.#tokens.delete(former);
    const known = this.#tokens.get(token);
    if (known !== undefined && known.request !== request) {
      throw new AwsError(
        'IdempotentParameterMismatchException',
        'The request uses the same client token as a previous, but non-identical request.',
      );
    }
    return known !== undefined;
  }
}

function itemsOf(input: JsonObject): readonly JsonObject[] {
  const given = input['TransactItems'];
  const items = Array.isArray(given) ? given.filter(isJsonObject) : [];
  if (items.length < 1 || items.length > MAX_ITEMS) {
    throw invalid(
      `1 validation error detected: Value at 'transactItems' failed to satisfy constraint: ` +
        `Member must have length between 1 and ${MAX_ITEMS}`,
    );
  }
  return items;
}

function json(status: number, body: JsonObject): AwsResponse {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify(body),
  };
}
