import * as v from 'valibot';

/** A queue of dead letters, as the value of SSM parameter `/holdfast/<env>/dead-letters/<name>`, in JSON. */
export interface DeadLetterQueue {
  readonly queueUrl: string;
  /** Where a letter goes that is given another try: the URL of a queue, or the ARN of a function that takes it as its event. */
  readonly redriveTo: string;
}

const deadLetterQueue = v.object({
  queueUrl: v.pipe(v.string(), v.minLength(1)),
  redriveTo: v.pipe(v.string(), v.minLength(1)),
});

/** Reads the value of such a parameter; undefined where it is none. */
export function parseDeadLetterQueue(json: string): DeadLetterQueue | undefined {
  try {
    const parsed = v.safeParse(deadLetterQueue, JSON.parse(json));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

/** Attribute of a dead letter: why it is one. Queues and rules of AWS have attributes of their own. */
export const REASON_ATTRIBUTE = 'Reason';

/**
 * Attribute of a message that was a dead letter: `redriven`, or `forced` where a publication that may be in its log already is
 * published all the same.
 */
export const REDRIVEN_ATTRIBUTE = 'Redriven';

export type Redriven = 'redriven' | 'forced';

/** Whether the attribute says that a message was a dead letter. */
export function redrivenOf(attribute: string | undefined): Redriven | undefined {
  if (attribute === undefined) return undefined;
  return attribute === 'forced' ? 'forced' : 'redriven';
}
