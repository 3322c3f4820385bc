import * as v from 'valibot';
import { type Delivery, deliveryCommandInput } from '../../../contract/delivery';
import type { DeadLetter, DeadLetters } from '../delivery/refusals';
import type { DeliveryQueue, Wake, WakeQueue } from '../ports';
import type { JsonCalls } from './aws/json-service';

const sent = v.object({ MessageId: v.string() });

/** Input of `SendMessage`, as SQS's reference names it. */
export interface Message {
  readonly QueueUrl: string;
  readonly MessageBody: string;
  readonly DelaySeconds?: number;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
  readonly MessageAttributes?: {
    readonly [name: string]: { readonly DataType: 'String'; readonly StringValue: string };
  };
}

export async function sendMessage(sqs: JsonCalls, message: Message): Promise<void> {
  await sqs.call('SendMessage', message, sent);
}

/** The deliveries queue: FIFO, one group per channel. */
export class SqsDeliveryQueue implements DeliveryQueue {
  readonly #sqs: JsonCalls;
  readonly #queueUrl: string;

  constructor(sqs: JsonCalls, queueUrl: string) {
    this.#sqs = sqs;
    this.#queueUrl = queueUrl;
  }

  async send(delivery: Delivery): Promise<void> {
    await sendMessage(this.#sqs, deliveryCommandInput(this.#queueUrl, delivery));
  }
}

/** The wakes queue: standard, a delay per message. */
export class SqsWakeQueue implements WakeQueue {
  readonly #sqs: JsonCalls;
  readonly #queueUrl: string;

  constructor(sqs: JsonCalls, queueUrl: string) {
    this.#sqs = sqs;
    this.#queueUrl = queueUrl;
  }

  async send(wake: Wake, delaySeconds: number): Promise<void> {
    await sendMessage(this.#sqs, {
      QueueUrl: this.#queueUrl,
      MessageBody: JSON.stringify(wake),
      DelaySeconds: delaySeconds,
    });
  }
}

/** The dead-letter queue of the deliveries: FIFO, for those that couriers themselves put aside. */
export class SqsDeadLetters implements DeadLetters {
  readonly #sqs: JsonCalls;
  readonly #queueUrl: string;

  constructor(sqs: JsonCalls, queueUrl: string) {
    this.#sqs = sqs;
    this.#queueUrl = queueUrl;
  }

  async send({ id, group, body, kind }: DeadLetter): Promise<void> {
    await sendMessage(this.#sqs, {
      QueueUrl: this.#queueUrl,
      MessageBody: body,
      MessageGroupId: group,
      MessageDeduplicationId: id,
      MessageAttributes: { Reason: { DataType: 'String', StringValue: kind } },
    });
  }
}
