import { InvalidMessageContents, InvalidParameterValue, MissingParameter } from './errors';
import { attributesSize } from './message-attributes';
import type { NewMessage } from './requests';
import type { QueueSettings } from './settings';

const MAX_DELAY_MS = 900_000;
/** FIFO ids: alphanumeric and punctuation, 1 to 128. */
const FIFO_ID = /^[!-~]{1,128}$/;
/** What XML 1.0 cannot carry, lone surrogates included (the `u` flag reads pairs as one). */
const ILLEGAL = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

/** Body and attributes in bytes, as SQS counts a message's size. */
export function messageSize(message: NewMessage): number {
  return Buffer.byteLength(message.body) + attributesSize(message.messageAttributes ?? {});
}

/** Throws what SQS answers when a queue of these settings cannot take the message. */
export function checkMessage(message: NewMessage, settings: QueueSettings): void {
  if (message.body === '') throw new MissingParameter('MessageBody');
  const size = messageSize(message);
  if (size > settings.maxMessageBytes) {
    throw new InvalidParameterValue(
      `One or more parameters are invalid. Reason: Message must be shorter than ${settings.maxMessageBytes} bytes. Got ${size} bytes.`,
    );
  }
  const values = Object.values(message.messageAttributes ?? {}).map(({ stringValue }) => stringValue ?? '');
  if ([message.body, ...values].some((text) => ILLEGAL.test(text))) throw new InvalidMessageContents();
  checkDelay(message.delayMs, settings.fifo);
  checkIds(message, settings);
}

function checkDelay(delayMs: number | undefined, fifo: boolean): void {
  if (delayMs === undefined) return;
  const reason =
    delayMs < 0 || delayMs > MAX_DELAY_MS
      ? 'DelaySeconds must be >= 0 and <= 900'
      : 'The request include parameter that is not valid for this queue type';
  if (delayMs < 0 || delayMs > MAX_DELAY_MS || (fifo && delayMs > 0)) {
    throw new InvalidParameterValue(
      `Value ${delayMs / 1_000} for parameter DelaySeconds is invalid. Reason: ${reason}.`,
    );
  }
}

function checkIds(message: NewMessage, settings: QueueSettings): void {
  const ids = { MessageGroupId: message.groupId, MessageDeduplicationId: message.deduplicationId };
  for (const [name, id] of Object.entries(ids)) {
    if (id !== undefined && !FIFO_ID.test(id)) {
      throw new InvalidParameterValue(
        `Value ${id} for parameter ${name} is invalid. Reason: ${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
      );
    }
  }
  if (!settings.fifo) {
    // A group id is welcome: on AWS it makes a standard queue a fair one.
    if (message.deduplicationId === undefined) return;
    throw new InvalidParameterValue(
      `Value ${message.deduplicationId} for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type.`,
    );
  }
  if (message.groupId === undefined) throw new MissingParameter('MessageGroupId');
  if (message.deduplicationId === undefined && !settings.contentBasedDeduplication) {
    throw new InvalidParameterValue(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }
}
