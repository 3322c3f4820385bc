import { type Delivery, deliveryCommandInput } from '../../../lambdas/contract/delivery';
import type { DeliveryQueue, Wake, WakeQueue } from '../../../lambdas/gateway/core/ports';
import { SqsService } from '../../../local/aws/sqs/service';
import { QueuePoller } from '../../../local/lambda/queue-poller';
import type { Invoker, Principal } from '../../../local/ports';

const REGION = 'eu-west-1';

const SENDER: Principal = {
  accessKeyId: 'test',
  secretAccessKey: 'test',
  sessionToken: 'test',
  arn: 'arn:aws:iam::000000000000:root',
  senderId: '000000000000',
};

/** The deliveries and the wakes queue of the local runtime, with its pollers. */
export class StormQueues implements DeliveryQueue {
  readonly wakes: WakeQueue;
  readonly #sqs = new SqsService({ region: REGION, baseUrl: () => 'http://localhost' });
  readonly #deliveries: string;
  readonly #wakes: string;
  #pollers: readonly QueuePoller[] = [];

  constructor(visibilitySeconds: number) {
    const attributes = { VisibilityTimeout: visibilitySeconds };
    const fifo = {
      FifoQueue: true,
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    };
    this.#deliveries = this.#sqs.createQueue({
      name: 'deliveries.fifo',
      attributes: { ...attributes, ...fifo },
    }).arn;
    this.#wakes = this.#sqs.createQueue({ name: 'wakes', attributes }).arn;
    this.wakes = { send: (wake, delaySeconds) => this.#wake(wake, delaySeconds) };
  }

  /** Has couriers work on both queues, so many batches of each at a time. */
  poll(invoker: Invoker, maximumConcurrency: number): void {
    this.#pollers = [this.#deliveries, this.#wakes].map((queueArn) => {
      const log = { output: () => undefined, warn: () => undefined };
      const mapping = { queueArn, functionArn: 'courier', reportBatchItemFailures: true, maximumConcurrency };
      return new QueuePoller({ ...mapping, source: this.#sqs, invoker, log });
    });
    for (const poller of this.#pollers) poller.start();
  }

  async send(delivery: Delivery): Promise<void> {
    const { MessageBody, MessageGroupId, MessageDeduplicationId } = deliveryCommandInput('', delivery);
    const options = { groupId: MessageGroupId, deduplicationId: MessageDeduplicationId };
    this.#sqs.send(this.#deliveries, MessageBody, options, SENDER);
  }

  /** Messages that are not done with. */
  get messages(): number {
    return this.#sqs.arns().reduce((sum, arn) => {
      const { visible, inFlight, delayed } = this.#sqs.counts(arn);
      return sum + visible + inFlight + delayed;
    }, 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.#pollers.map((poller) => poller.close()));
    this.#sqs.close();
  }

  async #wake(wake: Wake, delaySeconds: number): Promise<void> {
    this.#sqs.send(this.#wakes, JSON.stringify(wake), { delayMs: delaySeconds * 1000 }, SENDER);
  }
}
