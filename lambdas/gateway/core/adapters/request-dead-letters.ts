import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { RefusedRequest } from '../server-api/bus';

/** What an attribute may hold; a reason is shorter. */
const MAX_REASON_LENGTH = 512;

/** The dead-letter queue of requests that came by the bus. */
export class SqsRequestDeadLetters {
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  async send({ event, reason }: RefusedRequest): Promise<void> {
    await this.#client.send(
      new SendMessageCommand({
        QueueUrl: this.#queueUrl,
        MessageBody: JSON.stringify(event),
        MessageAttributes: {
          Reason: { DataType: 'String', StringValue: reason.slice(0, MAX_REASON_LENGTH) },
        },
      }),
    );
  }
}
