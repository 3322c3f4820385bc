import { createHash } from 'node:crypto';

/** Sequence numbers have 20 digits and are not consecutive. */
const FIRST_SEQUENCE_NUMBER = 18_849_496_460_467_696_128n;
const SEQUENCE_STEP = 256n;

/** A value that travels beside a body: `dataType` is String, Number or Binary with an optional `.label`. */
export interface MessageAttribute {
  readonly dataType: string;
  readonly stringValue?: string;
  /** Base64. */
  readonly binaryValue?: string;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** What a message carries from queue to queue. Times are epoch milliseconds. */
export interface MessageContent {
  readonly messageId: string;
  readonly body: string;
  readonly messageAttributes: MessageAttributes;
  readonly senderId: string;
  readonly sentAt: number;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly traceHeader: string | undefined;
  /** Set on a message that was moved here after too many receives. */
  readonly deadLetterSourceArn: string | undefined;
}

/** A message as a queue keeps it. */
export interface Message extends MessageContent {
  readonly md5OfBody: string;
  /** Place in its queue: grows with each send and never changes, so that a FIFO group keeps its order. */
  readonly order: number;
  readonly sequenceNumber: string | undefined;
  firstReceivedAt: number | undefined;
  /** Receives in all queues that it has been in, as ApproximateReceiveCount shows. */
  receiveCount: number;
  /** Receives in this queue, which its redrive policy counts. */
  receivesHere: number;
  state: 'delayed' | 'ready' | 'in-flight';
  /** When its delay or its visibility timeout ends. */
  dueAt: number;
  /** Tells its latest receive from earlier ones. */
  receipt: string | undefined;
}

export interface ReceivedMessage {
  readonly message: Message;
  readonly receiptHandle: string;
  /** By the names of the API: ApproximateReceiveCount, SentTimestamp, SenderId and so on. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A message at the given place of a queue, not received yet. */
export function createMessage(content: MessageContent, order: number, fifo: boolean): Message {
  const { messageId, body, messageAttributes, senderId, sentAt } = content;
  const { groupId, deduplicationId, traceHeader, deadLetterSourceArn } = content;
  return {
    messageId,
    body,
    messageAttributes,
    senderId,
    sentAt,
    groupId,
    deduplicationId,
    traceHeader,
    deadLetterSourceArn,
    md5OfBody: createHash('md5').update(body).digest('hex'),
    order,
    sequenceNumber: fifo ? String(FIRST_SEQUENCE_NUMBER + BigInt(order) * SEQUENCE_STEP) : undefined,
    firstReceivedAt: undefined,
    receiveCount: 0,
    receivesHere: 0,
    state: 'ready',
    dueAt: 0,
    receipt: undefined,
  };
}

/** System attributes of a message under the names of the API. */
export function systemAttributes(message: Message): Record<string, string> {
  const attributes: Record<string, string> = {
    SenderId: message.senderId,
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt ?? message.sentAt),
  };
  const optional = {
    MessageGroupId: message.groupId,
    MessageDeduplicationId: message.deduplicationId,
    SequenceNumber: message.sequenceNumber,
    AWSTraceHeader: message.traceHeader,
    DeadLetterQueueSourceArn: message.deadLetterSourceArn,
  };
  for (const [name, value] of Object.entries(optional)) if (value !== undefined) attributes[name] = value;
  return attributes;
}
