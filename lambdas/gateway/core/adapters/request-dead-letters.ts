import type { RefusedRequest } from '../server-api/bus';
import type { JsonCalls } from './aws/json-service';
import { sendMessage } from './sqs-queues';

/** What an attribute may hold; a reason is shorter. */
const MAX_REASON_LENGTH = 512;

/** The dead-letter queue of requests that came by the bus. */
export class SqsRequestDeadLetters {
  readonly #sqs: JsonCalls;
  readonly #queueUrl: string;

  constructor(sqs: JsonCalls, queueUrl: string) {
    this.#sqs = sqs;
    this.#queueUrl = queueUrl;
  }

  async send({ event, reason }: RefusedRequest): Promise<void> {
    await sendMessage(this.#sqs, {
      QueueUrl: this.#queueUrl,
      MessageBody: JSON.stringify(event),
      MessageAttributes: {
        Reason: { DataType: 'String', StringValue: reason.slice(0, MAX_REASON_LENGTH) },
      },
    });
  }
}
