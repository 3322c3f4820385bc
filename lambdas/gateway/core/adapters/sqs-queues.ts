import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type Delivery, deliveryDeduplicationId, deliveryGroupId } from '../../../contract/delivery';
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
    await this.#client.send(
      new SendMessageCommand({
        QueueUrl: this.#queueUrl,
        MessageBody: JSON.stringify(delivery),
        MessageGroupId: deliveryGroupId(delivery.channel),
        MessageDeduplicationId: deliveryDeduplicationId(delivery.idempotencyKey),
      }),
    );
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
