import { createHash } from 'node:crypto';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { isChannelName, MAX_CHANNEL_LENGTH } from '../contract/channel';
import {
  type Delivery,
  deliveryCommandInput,
  MAX_PUBLICATION_BYTES,
  MAX_REPLY_DATA_BYTES,
  publicationBytes,
} from '../contract/delivery';

export const MAX_IDEMPOTENCY_KEY_LENGTH = 128;
export const MAX_VERSION_EPOCH_LENGTH = 128;

/** A publication that cannot be: bad channel name, idempotency key, version or size. The message says expected and got. */
export class PublicationError extends Error {
  override readonly name = 'PublicationError';
}

/**
 * The idempotency key of a command's n-th publication to a channel: an event that comes twice makes it once. At most 128 characters,
 * hence the hash of the channel.
 */
export function publicationKey(envelopeId: string, channel: string, ordinal: number): string {
  const root = envelopeId.length <= 64 ? envelopeId : createHash('sha256').update(envelopeId).digest('hex');
  return `${root}:${createHash('sha256').update(channel).digest('hex').slice(0, 32)}:${ordinal}`;
}

function checkVersion({ version, versionEpoch }: Delivery): void {
  if (version !== undefined && !(Number.isSafeInteger(version) && version >= 1)) {
    throw new PublicationError(`version: expected an integer from 1 to 2^53-1, got ${String(version)}`);
  }
  if (versionEpoch === undefined) return;
  if (version === undefined) {
    throw new PublicationError('versionEpoch: expected it with a version, got it alone');
  }
  if (versionEpoch.length > MAX_VERSION_EPOCH_LENGTH) {
    throw new PublicationError(
      `versionEpoch: expected at most ${MAX_VERSION_EPOCH_LENGTH} characters, got ${versionEpoch.length}`,
    );
  }
}

function checkPublishedAt({ publishedAt }: Delivery): void {
  if (Number.isSafeInteger(publishedAt) && publishedAt > 0) return;
  throw new PublicationError(`publishedAt: expected whole epoch milliseconds, got ${String(publishedAt)}`);
}

function checkReplyData({ reply }: Delivery): void {
  const bytes = reply?.data ? Buffer.byteLength(JSON.stringify(reply.data)) : 0;
  if (bytes > MAX_REPLY_DATA_BYTES) {
    throw new PublicationError(
      `replyWithOffset: expected at most ${MAX_REPLY_DATA_BYTES} bytes of JSON, got ${bytes}`,
    );
  }
}

/** Throws `PublicationError` for a publication that cannot be. */
export function checkPublication(delivery: Delivery): void {
  const { channel, data, idempotencyKey } = delivery;
  checkVersion(delivery);
  checkPublishedAt(delivery);
  checkReplyData(delivery);
  if (!isChannelName(channel)) {
    throw new PublicationError(
      `channel: expected 1 to ${MAX_CHANNEL_LENGTH} printable ASCII characters without space and braces, ` +
        `got ${JSON.stringify(String(channel).slice(0, MAX_CHANNEL_LENGTH))}`,
    );
  }
  const keyLength = idempotencyKey.length;
  if (keyLength < 1 || keyLength > MAX_IDEMPOTENCY_KEY_LENGTH) {
    throw new PublicationError(
      `idempotencyKey: expected 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} characters, got ${keyLength}`,
    );
  }
  const json: string | undefined = JSON.stringify(data);
  if (json === undefined) throw new PublicationError(`data: expected a JSON value, got ${typeof data}`);
  const bytes = publicationBytes(delivery);
  if (bytes > MAX_PUBLICATION_BYTES) {
    throw new PublicationError(
      `publication: expected at most ${MAX_PUBLICATION_BYTES} bytes of JSON, got ${bytes}`,
    );
  }
}

/** Sends publications to the deliveries queue, their only entrance. Accepted by the queue is accepted for good. */
export class Publications {
  readonly #queue: SQSClient;
  readonly #queueUrl: string;

  constructor(queue: SQSClient, queueUrl: string) {
    this.#queue = queue;
    this.#queueUrl = queueUrl;
  }

  /** Throws `PublicationError` before anything is sent, else what the queue's client throws. */
  async send(delivery: Delivery): Promise<void> {
    checkPublication(delivery);
    await this.#queue.send(new SendMessageCommand(deliveryCommandInput(this.#queueUrl, delivery)));
  }
}
