import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type Delivery, deliveryCommandInput } from '../../../contract/delivery';
import type { DeadLetter, DeadLetters } from '../delivery/refusals';
import type { DeliveryQueue, Wake, WakeQueue } from '../ports';

/** The deliveries queue: FIFO, one group per channel. */
export class SqsDeliveryQueue implements DeliveryQueue {
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  async send(delivery: Delivery): Promise<void> {
    await this.#client.send(new SendMessageCommand(deliveryCommandInput(this.#queueUrl, delivery)));
  }
}

/** The wakes queue: standard, a delay per message. */
export class SqsWakeQueue implements WakeQueue {
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  async send(wake: Wake, delaySeconds: number): Promise<void> {
    await this.#client.send(
      new SendMessageCommand({
        QueueUrl: this.#queueUrl,
        MessageBody: JSON.stringify(wake),
        DelaySeconds: delaySeconds,
      }),
    );
  }
}

/** The dead-letter queue of the deliveries: FIFO, for those that couriers themselves put aside. */
export class SqsDeadLetters implements DeadLetters {
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  async send({ id, group, body, kind }: DeadLetter): Promise<void> {
    await this.#client.send(
      new SendMessageCommand({
        QueueUrl: this.#queueUrl,
        MessageBody: body,
        MessageGroupId: group,
        MessageDeduplicationId: id,
        MessageAttributes: { Reason: { DataType: 'String', StringValue: kind } },
      }),
    );
  }
}
