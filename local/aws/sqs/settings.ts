import { InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue } from './errors';

export interface Redrive {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

/** How a queue behaves; times in milliseconds, sizes in bytes. */
export interface QueueSettings {
  readonly fifo: boolean;
  readonly delayMs: number;
  readonly visibilityMs: number;
  readonly retentionMs: number;
  readonly waitMs: number;
  readonly maxMessageBytes: number;
  readonly contentBasedDeduplication: boolean;
  readonly deduplicationScope: 'queue' | 'messageGroup';
  readonly redrive: Redrive | undefined;
}

/** Attributes under the names of the SQS API and of `AWS::SQS::Queue`. */
export type QueueAttributes = Readonly<Record<string, string | number | boolean>>;

/** The largest message and the largest batch: 1 MiB, which SQS allows since August 2025 (256 KiB before). */
export const MAX_MESSAGE_BYTES = 1_048_576;

const DEFAULTS: Readonly<Record<string, string>> = {
  DelaySeconds: '0',
  VisibilityTimeout: '30',
  MessageRetentionPeriod: '345600',
  MaximumMessageSize: String(MAX_MESSAGE_BYTES),
  ReceiveMessageWaitTimeSeconds: '0',
  SqsManagedSseEnabled: 'true',
};
const FIFO_DEFAULTS: Readonly<Record<string, string>> = {
  FifoQueue: 'true',
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  FifoThroughputLimit: 'perQueue',
};
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  DelaySeconds: [0, 900],
  VisibilityTimeout: [0, 43_200],
  MessageRetentionPeriod: [60, 1_209_600],
  MaximumMessageSize: [1_024, MAX_MESSAGE_BYTES],
  ReceiveMessageWaitTimeSeconds: [0, 20],
};
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  FifoQueue: ['true'],
  ContentBasedDeduplication: ['true', 'false'],
  DeduplicationScope: ['queue', 'messageGroup'],
  FifoThroughputLimit: ['perQueue', 'perMessageGroupId'],
};
/** Kept and shown, without an effect here. */
const SHOWN = [
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
  'SqsManagedSseEnabled',
  'Policy',
  'RedriveAllowPolicy',
];

/**
 * Completes and checks a new queue's attributes as SQS does. Throws InvalidAttributeName, InvalidAttributeValue or
 * InvalidParameterValue.
 */
export function completeAttributes(name: string, given: QueueAttributes): Record<string, string> {
  const fifo = name.endsWith('.fifo');
  if (!/^[A-Za-z0-9_-]{1,80}$/.test(fifo ? name.slice(0, -5) : name) || name.length > 80) {
    throw new InvalidParameterValue(
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length. ' +
        `A FIFO queue's name ends in .fifo. Got: ${name}`,
    );
  }
  const attributes: Record<string, string> = { ...DEFAULTS, ...(fifo ? FIFO_DEFAULTS : {}) };
  for (const [key, value] of Object.entries(given)) {
    // CloudFormation says `FifoQueue: false` where the API wants nothing.
    if (key === 'FifoQueue' && String(value) === 'false' && !fifo) continue;
    if (key in FIFO_DEFAULTS && !fifo)
      throw new InvalidAttributeName(`${key} (expected a FIFO queue: a name that ends in .fifo)`);
    checkAttribute(key, String(value));
    attributes[key] = String(value);
  }
  if (
    attributes['FifoThroughputLimit'] === 'perMessageGroupId' &&
    attributes['DeduplicationScope'] !== 'messageGroup'
  ) {
    throw new InvalidAttributeValue(
      'FifoThroughputLimit',
      'DeduplicationScope messageGroup beside it',
      'queue',
    );
  }
  return attributes;
}

function checkAttribute(name: string, value: string): void {
  const range = RANGES[name];
  const choices = CHOICES[name];
  if (range) {
    const number = Number(value);
    if (value.trim() === '' || !Number.isInteger(number) || number < range[0] || number > range[1]) {
      throw new InvalidAttributeValue(name, `an integer from ${range[0]} to ${range[1]}`, value);
    }
  } else if (choices) {
    if (!choices.includes(value)) throw new InvalidAttributeValue(name, choices.join(' or '), value);
  } else if (!SHOWN.includes(name)) throw new InvalidAttributeName(name);
}

export function queueSettings(
  attributes: Readonly<Record<string, string>>,
  redrive: Redrive | undefined,
): QueueSettings {
  const milliseconds = (name: string): number => Number(attributes[name]) * 1_000;
  return {
    fifo: attributes['FifoQueue'] === 'true',
    delayMs: milliseconds('DelaySeconds'),
    visibilityMs: milliseconds('VisibilityTimeout'),
    retentionMs: milliseconds('MessageRetentionPeriod'),
    waitMs: milliseconds('ReceiveMessageWaitTimeSeconds'),
    maxMessageBytes: Number(attributes['MaximumMessageSize']),
    contentBasedDeduplication: attributes['ContentBasedDeduplication'] === 'true',
    deduplicationScope: attributes['DeduplicationScope'] === 'messageGroup' ? 'messageGroup' : 'queue',
    redrive,
  };
}
