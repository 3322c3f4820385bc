import { setTimeout as sleep } from 'node:timers/promises';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { JsonValue } from '../contract/json';
import { EXPIRY_ATTRIBUTE, TABLE_KEY } from '../contract/table';
import type { ServiceTable } from './table';

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** An item of `TransactWriteItems` in the document form, on the service's table: `{Put: {Item}}`, `{Update: {Key, ...}}`. */
export type GuardedWrite = {
  readonly [Kind in keyof TransactItem]?: Omit<NonNullable<TransactItem[Kind]>, 'TableName'>;
};

/** `repeated`: it was done before, and nothing was written now. `result` is that of the time when it was done. */
export interface OnceOutcome {
  readonly repeated: boolean;
  readonly result?: JsonValue;
}

/** A condition of a guarded write did not hold, and nothing was written. */
export class ConditionFailedError extends Error {
  override readonly name = 'ConditionFailedError';
  /** Which writes, by their place from 0. */
  readonly writes: readonly number[];

  constructor(writes: readonly number[], options?: ErrorOptions) {
    super(`guarded write: expected its conditions to hold, got writes ${writes.join(', ')} refused`, options);
    this.writes = writes;
  }
}

/** Does writes once per key. */
export interface Guard {
  /** Throws `ConditionFailedError` for conditions of the writes themselves, else what the table's client throws. */
  write(key: string, writes: readonly GuardedWrite[], result?: JsonValue): Promise<OnceOutcome>;
}

/** Longer than anything can come again: dead letters and archived events are kept for 14 days. */
export const GUARD_KEPT_SECONDS = 30 * 24 * 3600;

/** Others write the same items: they are done within milliseconds. */
const CONFLICT_ATTEMPTS = 5;
const CONFLICT_REST_MS = 40;

/** A guard that is an item of the service's table, written in one transaction with what it guards. */
export class TableGuard implements Guard {
  readonly #table: () => ServiceTable;

  constructor(table: () => ServiceTable) {
    this.#table = table;
  }

  async write(key: string, writes: readonly GuardedWrite[], result?: JsonValue): Promise<OnceOutcome> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#transact(key, writes, result);
        return { repeated: false, ...(result !== undefined && { result }) };
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw error;
        const outcome = outcomeOf(error);
        if (outcome !== 'conflict') return outcome;
        if (attempt === CONFLICT_ATTEMPTS) throw error;
      }
      await sleep(Math.random() * CONFLICT_REST_MS * attempt);
    }
  }

  async #transact(key: string, writes: readonly GuardedWrite[], result?: JsonValue): Promise<void> {
    const { name, client } = this.#table();
    const guard = {
      TableName: name,
      Item: {
        [TABLE_KEY.partition]: `once#${key}`,
        [TABLE_KEY.sort]: 'once',
        [EXPIRY_ATTRIBUTE]: Math.ceil(Date.now() / 1000) + GUARD_KEPT_SECONDS,
        ...(result !== undefined && { result: JSON.stringify(result) }),
      },
      ConditionExpression: `attribute_not_exists(${TABLE_KEY.partition})`,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    } as const;
    const named = writes.map((write) => withTable(write, name));
    await client.send(new TransactWriteCommand({ TransactItems: [{ Put: guard }, ...named] }));
  }
}

function withTable(write: GuardedWrite, name: string): TransactItem {
  return Object.fromEntries(
    Object.entries(write).map(([kind, part]) => [kind, { ...part, TableName: name }]),
  );
}

/** The guard is looked at first: where it exists, the conditions of a repeat say nothing. */
function outcomeOf(error: TransactionCanceledException): OnceOutcome | 'conflict' {
  const [guard, ...writes] = error.CancellationReasons ?? [];
  if (guard?.Code === 'ConditionalCheckFailed') {
    const stored = guard.Item?.['result']?.S;
    return { repeated: true, ...(stored !== undefined && { result: JSON.parse(stored) }) };
  }
  const failed = writes.flatMap(({ Code }, index) => (Code === 'ConditionalCheckFailed' ? [index] : []));
  if (failed.length > 0) throw new ConditionFailedError(failed, { cause: error });
  if ([guard, ...writes].some((reason) => reason?.Code === 'TransactionConflict')) return 'conflict';
  throw error;
}
