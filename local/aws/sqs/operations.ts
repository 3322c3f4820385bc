import { createHash } from 'node:crypto';
import type { Principal } from '../../ports';
import type { Input } from '../input';
import type { Caller } from '../json-service';
import { batchEntries, performBatch } from './batch';
import { BatchRequestTooLong, InvalidAttributeName, MissingParameter } from './errors';
import { md5OfAttributes, readMessageAttributes, unreadAttributesSize } from './message-attributes';
import type { Queue } from './queue';
import type { QueueEntry } from './queues';
import { receiveOptions, renderMessage, secondsInRange, wantedAttributes } from './receive';
import type { NewMessage } from './requests';
import { checkMessage } from './send-checks';
import { MAX_MESSAGE_BYTES } from './settings';

/** What SQS answers to a request that lacks a parameter. */
export function missing(name: string): MissingParameter {
  return new MissingParameter(name);
}

export function readMessage(input: Input, principal: Principal): NewMessage {
  const delaySeconds = input.optionalInteger('DelaySeconds');
  const trace = input.map('MessageSystemAttributes').get('AWSTraceHeader');
  return {
    body: input.string('MessageBody'),
    messageAttributes: readMessageAttributes(input),
    groupId: input.optionalString('MessageGroupId'),
    deduplicationId: input.optionalString('MessageDeduplicationId'),
    delayMs: delaySeconds === undefined ? undefined : delaySeconds * 1_000,
    senderId: principal.senderId,
    traceHeader: trace?.optionalString('StringValue'),
  };
}

export function sendMessage(queue: Queue, message: NewMessage): object {
  checkMessage(message, queue.settings);
  const { messageId, sequenceNumber } = queue.send(message);
  const { traceHeader } = message;
  return {
    MessageId: messageId,
    MD5OfMessageBody: createHash('md5').update(message.body).digest('hex'),
    MD5OfMessageAttributes: md5OfAttributes(message.messageAttributes ?? {}),
    MD5OfMessageSystemAttributes:
      traceHeader === undefined
        ? undefined
        : md5OfAttributes({ AWSTraceHeader: { dataType: 'String', stringValue: traceHeader } }),
    SequenceNumber: sequenceNumber,
  };
}

export function sendMessageBatch(input: Input, { queue }: QueueEntry, { principal }: Caller): object {
  const entries = batchEntries(input);
  let bytes = 0;
  for (const entry of entries) {
    bytes += Buffer.byteLength(entry.optionalString('MessageBody') ?? '') + unreadAttributesSize(entry);
  }
  if (bytes > MAX_MESSAGE_BYTES) throw new BatchRequestTooLong(MAX_MESSAGE_BYTES, bytes);
  return performBatch(entries, (entry) => sendMessage(queue, readMessage(entry, principal)));
}

export async function receiveMessage(
  input: Input,
  { queue }: QueueEntry,
  { signal }: Caller,
): Promise<object> {
  const options = receiveOptions(input, signal);
  const wanted = wantedAttributes(input);
  const received = await queue.receive(options);
  return received.length > 0 ? { Messages: received.map((message) => renderMessage(message, wanted)) } : {};
}

export function deleteMessage(input: Input, queue: Queue): object {
  queue.delete(input.string('ReceiptHandle'));
  return {};
}

export function changeMessageVisibility(input: Input, queue: Queue): object {
  const handle = input.string('ReceiptHandle');
  const visibilityMs = secondsInRange(input, 'VisibilityTimeout', 43_200);
  if (visibilityMs === undefined) throw new MissingParameter('VisibilityTimeout');
  queue.changeVisibility(handle, visibilityMs);
  return {};
}

export function getQueueAttributes(input: Input, { queue, attributes }: QueueEntry): object {
  const wanted = input.strings('AttributeNames');
  const { visible, inFlight, delayed } = queue.counts();
  const { redrive } = queue.settings;
  const createdSeconds = String(Math.floor(queue.createdAt / 1_000));
  const all: Record<string, string> = {
    ...attributes,
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    CreatedTimestamp: createdSeconds,
    LastModifiedTimestamp: createdSeconds,
    ...(redrive ? { RedrivePolicy: JSON.stringify(redrive) } : {}),
  };
  for (const name of wanted)
    if (!KNOWN_ATTRIBUTES.has(name) && !(name in all)) throw new InvalidAttributeName(name);
  const selected = Object.entries(all).filter(([name]) => wanted.includes('All') || wanted.includes(name));
  return selected.length > 0 ? { Attributes: Object.fromEntries(selected) } : {};
}

/** Attributes that may be asked for although this queue has none of that name. */
const KNOWN_ATTRIBUTES = new Set([
  'All',
  'Policy',
  'RedrivePolicy',
  'RedriveAllowPolicy',
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
  'FifoQueue',
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'FifoThroughputLimit',
]);
