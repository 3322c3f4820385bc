import { AwsError } from '../../ports';
import type { Input } from '../input';
import {
  BatchEntryIdsNotDistinct,
  EmptyBatchRequest,
  InvalidBatchEntryId,
  TooManyEntriesInBatchRequest,
} from './errors';

const MAX_ENTRIES = 10;
const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/;

/** The entries of a batch, checked as a whole: 1 to 10, with distinct ids. */
export function batchEntries(input: Input): Input[] {
  const entries = input.inputs('Entries');
  if (entries.length === 0) throw new EmptyBatchRequest();
  if (entries.length > MAX_ENTRIES) throw new TooManyEntriesInBatchRequest(entries.length);
  const ids = new Set<string>();
  for (const entry of entries) {
    const id = entry.string('Id');
    if (!ENTRY_ID.test(id)) throw new InvalidBatchEntryId();
    if (ids.has(id)) throw new BatchEntryIdsNotDistinct(id);
    ids.add(id);
  }
  return entries;
}

/** Performs each entry on its own; one that throws an AwsError ends in `Failed`. */
export function performBatch(entries: readonly Input[], perform: (entry: Input) => object): object {
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    const Id = entry.string('Id');
    try {
      Successful.push({ Id, ...perform(entry) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({
        Id,
        SenderFault: error.status < 500,
        Code: error.queryCode ?? error.code,
        Message: error.message,
      });
    }
  }
  return { Successful, Failed };
}
