import { randomUUID } from 'node:crypto';
import { AwsError } from '../../ports';
import { compactJsonObject } from './json-text';

/** An entry of PutEvents, as the API names its members. */
export interface PutEventsEntry {
  readonly Source?: string;
  readonly DetailType?: string;
  /** JSON text of an object. */
  readonly Detail?: string;
  /** Name or ARN. @default the default bus */
  readonly EventBusName?: string;
  readonly Resources?: readonly string[];
  /** @default now */
  readonly Time?: Date;
}

export type PutEventsResultEntry =
  | { readonly EventId: string }
  | { readonly ErrorCode: string; readonly ErrorMessage: string };

export interface PutEventsResult {
  readonly FailedEntryCount: number;
  /** In the order of the request. */
  readonly Entries: readonly PutEventsResultEntry[];
}

/** An event on its way to a bus's rules. */
export interface BusEvent {
  readonly id: string;
  /** The event's JSON text, as targets get it. */
  readonly text: string;
  /** Its parsed form, as patterns and input paths read it. */
  readonly value: unknown;
  /** Its own time, in epoch milliseconds. */
  readonly time: number;
  /** When the bus took it, in epoch milliseconds. */
  readonly ingestedAt: number;
}

/** EventBridge's limits of one request. */
const MOST_ENTRIES = 10;
const MOST_BYTES = 1024 * 1024;
const TIME_BYTES = 14;

class ValidationError extends AwsError {
  constructor(message: string) {
    super('ValidationException', message);
  }
}

/** @throws AwsError ValidationException for what EventBridge refuses as a whole: the number of entries, their size together */
export function checkRequest(entries: readonly PutEventsEntry[]): void {
  if (entries.length < 1 || entries.length > MOST_ENTRIES) {
    throw new ValidationError(
      `1 validation error detected: Value at 'entries' failed to satisfy constraint: expected 1 to ${MOST_ENTRIES} members, got ${entries.length}`,
    );
  }
  const bytes = entries.reduce((sum, entry) => sum + entrySize(entry), 0);
  if (bytes > MOST_BYTES) {
    throw new ValidationError(
      `Total size of the entries in the request is over the limit: expected at most ${MOST_BYTES} bytes, got ${bytes}`,
    );
  }
}

/** Bytes of an entry as EventBridge counts them: 14 for a time, and the UTF-8 text of everything but the bus. */
export function entrySize({ Source, DetailType, Detail, Resources = [], Time }: PutEventsEntry): number {
  const texts = [Source ?? '', DetailType ?? '', Detail ?? '', ...Resources];
  return (
    (Time === undefined ? 0 : TIME_BYTES) + texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  );
}

export interface EventOrigin {
  readonly account: string;
  readonly region: string;
}

/** The event that an entry becomes, or why the entry fails alone. */
export function toEvent(
  entry: PutEventsEntry,
  { account, region }: EventOrigin,
): BusEvent | Extract<PutEventsResultEntry, { ErrorCode: string }> {
  for (const name of ['Source', 'DetailType', 'Detail'] as const) {
    if (!entry[name]) {
      return failure(
        'InvalidArgument',
        `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
      );
    }
  }
  const { Source = '', DetailType = '', Detail = '', Resources = [], Time } = entry;
  if (Source.startsWith('aws.')) {
    return failure('NotAuthorizedForSourceException', 'Not authorized for the source.');
  }
  const detail = compactJsonObject(Detail);
  if (detail === undefined) return failure('MalformedDetail', 'Detail is malformed.');
  const id = randomUUID();
  const ingestedAt = Date.now();
  const time = Time ?? new Date(ingestedAt);
  const head = {
    version: '0',
    id,
    'detail-type': DetailType,
    source: Source,
    account,
    time: isoSeconds(time),
    region,
    resources: Resources,
  };
  const text = `${JSON.stringify(head).slice(0, -1)},"detail":${detail}}`;
  return { id, text, value: JSON.parse(text), time: time.getTime(), ingestedAt };
}

function failure(ErrorCode: string, ErrorMessage: string) {
  return { ErrorCode, ErrorMessage };
}

/** `2030-01-02T03:04:05Z`: events carry no fractions of seconds. */
export function isoSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
