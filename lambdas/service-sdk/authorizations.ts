import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import {
  type Allowance,
  type Authorization,
  authorizationCommandInput,
  MAX_ALLOWANCE_DATA_BYTES,
  MAX_INFO_BYTES,
} from '../contract/delivery';

/** What a service gives with a permission cannot be given: its expiry or a size. The message says expected and got. */
export class AllowanceError extends Error {
  override readonly name = 'AllowanceError';
}

function checkBytes(what: string, value: unknown, most: number): void {
  const bytes = value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value));
  if (bytes > most) throw new AllowanceError(`${what}: expected at most ${most} bytes of JSON, got ${bytes}`);
}

function check({ info, data, expiresAt }: Allowance): void {
  checkBytes('info', info, MAX_INFO_BYTES);
  checkBytes('data', data, MAX_ALLOWANCE_DATA_BYTES);
  if (expiresAt !== undefined && !(Number.isSafeInteger(expiresAt) && expiresAt > 0)) {
    throw new AllowanceError(`expiresAt: expected whole epoch seconds above 0, got ${String(expiresAt)}`);
  }
}

/** Sends answers to subscribes to the deliveries queue. */
export class Authorizations {
  readonly #queue: SQSClient;
  readonly #queueUrl: string;

  constructor(queue: SQSClient, queueUrl: string) {
    this.#queue = queue;
    this.#queueUrl = queueUrl;
  }

  /** Throws `AllowanceError` before anything is sent, else what the queue's client throws. */
  async send(authorization: Authorization): Promise<void> {
    if ('allow' in authorization) check(authorization.allow);
    await this.#queue.send(new SendMessageCommand(authorizationCommandInput(this.#queueUrl, authorization)));
  }
}
