import { InvalidParameterValue, ReceiptHandleIsInvalid } from './errors';
import type { Message } from './message';

/** What a receipt handle says: which message, and which of its receives. */
export interface Receipt {
  readonly receipt: string;
  readonly messageId: string;
}

/** The handle of a message's latest receive. */
export function receiptHandle(queueArn: string, { receipt, messageId }: Message): string {
  return Buffer.from(`${receipt} ${messageId} ${queueArn}`).toString('base64');
}

/** Throws ReceiptHandleIsInvalid for what is no handle of this queue. */
export function parseReceiptHandle(queueArn: string, handle: string): Receipt {
  const [receipt, messageId, arn] = Buffer.from(handle, 'base64').toString().split(' ');
  if (!receipt || !messageId || arn !== queueArn) throw new ReceiptHandleIsInvalid(handle);
  return { receipt, messageId };
}

export function expiredHandle(handle: string): InvalidParameterValue {
  return new InvalidParameterValue(
    `Value ${handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
  );
}
