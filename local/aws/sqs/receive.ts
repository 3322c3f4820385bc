import type { QueueMessage } from '../../ports';
import type { Input } from '../input';
import { InvalidAttributeName, InvalidParameterValue } from './errors';
import type { ReceivedMessage } from './message';
import { md5OfAttributes, renderAttributes, selectAttributes } from './message-attributes';
import type { ReceiveOptions } from './requests';

const SYSTEM_ATTRIBUTES = [
  'All',
  'SenderId',
  'SentTimestamp',
  'ApproximateReceiveCount',
  'ApproximateFirstReceiveTimestamp',
  'SequenceNumber',
  'MessageDeduplicationId',
  'MessageGroupId',
  'AWSTraceHeader',
  'DeadLetterQueueSourceArn',
];

/** Reads and checks what a ReceiveMessage asks for. `ReceiveRequestAttemptId` is accepted without an effect. */
export function receiveOptions(input: Input, signal: AbortSignal | undefined): ReceiveOptions {
  const max = input.optionalInteger('MaxNumberOfMessages') ?? 1;
  if (max < 1 || max > 10) {
    throw new InvalidParameterValue(
      `Value ${max} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.`,
    );
  }
  return {
    max,
    visibilityMs: secondsInRange(input, 'VisibilityTimeout', 43_200),
    waitMs: secondsInRange(input, 'WaitTimeSeconds', 20),
    signal,
  };
}

/** Milliseconds of a member in seconds; undefined when absent. */
export function secondsInRange(input: Input, name: string, max: number): number | undefined {
  const value = input.optionalInteger(name);
  if (value === undefined) return undefined;
  if (value < 0 || value > max) {
    throw new InvalidParameterValue(
      `Value ${value} for parameter ${name} is invalid. Reason: Must be >= 0 and <= ${max}, if provided.`,
    );
  }
  return value * 1_000;
}

/** Which attributes the caller wants, under the present name of the parameter and the old one. */
export function wantedAttributes(input: Input): { readonly system: string[]; readonly message: string[] } {
  const system = [...input.strings('MessageSystemAttributeNames'), ...input.strings('AttributeNames')];
  for (const name of system) if (!SYSTEM_ATTRIBUTES.includes(name)) throw new InvalidAttributeName(name);
  return { system, message: input.strings('MessageAttributeNames') };
}

/** A received message under the names of the API. */
export function renderMessage(
  received: ReceivedMessage,
  wanted: ReturnType<typeof wantedAttributes>,
): object {
  const { message, receiptHandle } = received;
  const all = wanted.system.includes('All');
  const system = Object.entries(received.attributes).filter(([name]) => all || wanted.system.includes(name));
  const attributes = selectAttributes(message.messageAttributes, wanted.message);
  const md5 = md5OfAttributes(attributes);
  return {
    MessageId: message.messageId,
    ReceiptHandle: receiptHandle,
    MD5OfBody: message.md5OfBody,
    Body: message.body,
    ...(system.length > 0 ? { Attributes: Object.fromEntries(system) } : {}),
    ...(md5 ? { MD5OfMessageAttributes: md5, MessageAttributes: renderAttributes(attributes) } : {}),
  };
}

/** A received message as a poller in this process reads it. */
export function toQueueMessage(received: ReceivedMessage): QueueMessage {
  const { message, receiptHandle, attributes } = received;
  return {
    messageId: message.messageId,
    receiptHandle,
    body: message.body,
    md5OfBody: message.md5OfBody,
    attributes,
    messageAttributes: message.messageAttributes,
  };
}
