import * as v from 'valibot';

const share = v.optional(
  v.pipe(
    v.number('expected a number from 0 to 1'),
    v.minValue(0, 'expected a number from 0 to 1'),
    v.maxValue(1, 'expected a number from 0 to 1'),
  ),
  1,
);

const milliseconds = v.optional(
  v.pipe(
    v.number('expected milliseconds'),
    v.minValue(0, 'expected milliseconds, 0 or more'),
    v.maxValue(900_000, 'expected at most 900000 milliseconds'),
  ),
  0,
);

/** Part of a function's or queue's name; empty: all. */
const named = v.optional(v.string('expected a part of a name'), '');

const copies = v.optional(
  v.pipe(
    v.number('expected a whole number from 1 to 10'),
    v.integer('expected a whole number from 1 to 10'),
    v.minValue(1, 'expected a whole number from 1 to 10'),
    v.maxValue(10, 'expected a whole number from 1 to 10'),
  ),
  1,
);

/** Faults that last until they are taken back, and what each takes. Times in real milliseconds, shares from 0 to 1. */
export const FAULTS = {
  /** Invocations of functions whose name has `function` in it. */
  invocations: v.strictObject({
    function: named,
    share,
    /** The process is killed at some moment of the first so many milliseconds, if the invocation still runs. */
    crashWithinMs: milliseconds,
    /** The code begins that much later; the function's timeout counts. */
    delayMs: milliseconds,
    /** Refused as where the concurrency is used up. */
    throttle: v.optional(v.boolean('expected true or false'), false),
    /** The process keeps that much more memory for ever. */
    leakMb: v.optional(
      v.pipe(
        v.number('expected megabytes'),
        v.minValue(0, 'expected megabytes, 0 or more'),
        v.maxValue(1_024, 'expected at most 1024 megabytes'),
      ),
      0,
    ),
  }),
  /** Sandboxes of functions whose name has `function` in it start that much later. */
  starts: v.strictObject({ function: named, share, delayMs: milliseconds }),
  /** Most invocations at a time of all functions; the next is throttled. */
  pool: v.strictObject({
    most: v.pipe(
      v.number('expected a whole number'),
      v.integer('expected a whole number'),
      v.minValue(0, 'expected a whole number, 0 or more'),
    ),
  }),
  /** POSTs to `@connections`. */
  posts: v.strictObject({
    share,
    /** `ok` only delays; `hang` never answers; 410 ends the connection as well. */
    answer: v.optional(
      v.picklist(['ok', '410', '429', '500', 'hang'], 'expected ok, 410, 429, 500 or hang'),
      'ok',
    ),
    /** The client gets the message all the same. */
    delivered: v.optional(v.boolean('expected true or false'), false),
    delayMs: milliseconds,
  }),
  /** `$disconnect` is not invoked. */
  disconnects: v.strictObject({ share }),
  /** Events on their way from a bus to a target: `copies` of each, each held up to `holdMs`, so that they overtake each other. */
  events: v.strictObject({ share, copies, holdMs: milliseconds }),
  /** Batches of messages on their way from queues whose name has `queue` in it to a function; as events. */
  messages: v.strictObject({ queue: named, share, copies, holdMs: milliseconds }),
} as const;

export type FaultKind = keyof typeof FAULTS;
export type Fault<Kind extends FaultKind> = v.InferOutput<(typeof FAULTS)[Kind]>;
/** What a caller says of a fault; what it leaves out has its default. */
export type FaultInput<Kind extends FaultKind> = v.InferInput<(typeof FAULTS)[Kind]>;

/** A fault that cannot be; the message says what was expected and got. */
export class FaultError extends Error {
  override readonly name = 'FaultError';
}

export function isFaultKind(name: string): name is FaultKind {
  return Object.hasOwn(FAULTS, name);
}

/** @throws FaultError */
export function readFault<Kind extends FaultKind>(kind: Kind, input: unknown): Fault<Kind> {
  return checked(kind, FAULTS[kind], input) as Fault<Kind>;
}

/** What a schema makes of an input. @throws FaultError */
export function checked<Schema extends v.GenericSchema>(
  name: string,
  schema: Schema,
  input: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  const unknown = issue.type === 'strict_object' && issue.expected === 'never';
  const missing = issue.type === 'strict_object' && !unknown;
  const expected = unknown ? 'expected nothing of that name' : missing ? 'expected a value' : issue.message;
  throw new FaultError(`${name}${path === null ? '' : `.${path}`}: ${expected}, got ${issue.received}`);
}
