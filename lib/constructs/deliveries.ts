import { Duration, Names } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  DeduplicationScope,
  FifoThroughputLimit,
  type IQueue,
  Queue,
  QueueEncryption,
  type QueueProps,
} from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { HoldfastConfig } from '../config';
import { DEAD_LETTERS_KEPT } from './dead-letters';
import { removalPolicyOf } from './durability';

export interface DeliveriesProps {
  readonly config: HoldfastConfig;
}

/** How long a courier may work on a batch: it begins to drain and to answer for 6 s, and its last round takes up to 8 s. */
export const COURIER_TIMEOUT = Duration.seconds(15);

/**
 * Just above the courier's timeout: a batch is never worked on twice at once, and a channel whose courier died waits
 * no longer than it has to, since its group stays locked until then.
 */
const VISIBILITY = Duration.seconds(20);

/**
 * Ten times 20 s outlive a cache failover and a throttled account, and end before a delivery is too old to be repeated;
 * afterwards a message waits among the dead letters.
 */
const MAX_RECEIVES = 10;

/** No timer on `wakes` is longer than 15 minutes, and a wake that is an hour late wakes nobody. */
const WAKES_KEPT = Duration.hours(1);

/**
 * The deliveries queue, only entrance for publications: FIFO in high-throughput mode, where a group is a channel; and
 * the wakes queue, which carries the couriers' timers.
 */
export class Deliveries extends Construct {
  readonly deliveries: Queue;
  readonly deliveriesDeadLetters: Queue;
  readonly wakes: Queue;
  readonly wakesDeadLetters: Queue;

  constructor(scope: Construct, id: string, props: DeliveriesProps) {
    super(scope, id);
    const common = {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: removalPolicyOf(props.config),
    } satisfies QueueProps;
    const fifo = {
      ...common,
      fifo: true,
      deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
    } satisfies QueueProps;

    this.deliveriesDeadLetters = new Queue(this, 'DeliveriesDeadLetters', {
      ...fifo,
      retentionPeriod: DEAD_LETTERS_KEPT,
    });
    this.deliveries = new Queue(this, 'Deliveries', {
      ...fifo,
      visibilityTimeout: VISIBILITY,
      deadLetterQueue: { queue: this.deliveriesDeadLetters, maxReceiveCount: MAX_RECEIVES },
    });
    this.wakesDeadLetters = new Queue(this, 'WakesDeadLetters', {
      ...common,
      retentionPeriod: DEAD_LETTERS_KEPT,
    });
    this.wakes = new Queue(this, 'Wakes', {
      ...common,
      retentionPeriod: WAKES_KEPT,
      visibilityTimeout: VISIBILITY,
      deadLetterQueue: { queue: this.wakesDeadLetters, maxReceiveCount: MAX_RECEIVES },
    });
  }

  /** Makes a function the courier: it is handed both queues, and answers which messages of a batch failed. */
  drainedBy(courier: IFunction): void {
    for (const queue of [this.deliveries, this.wakes]) {
      // Named as `SqsEventSource` names it: a deployed mapping must not be replaced, since Lambda refuses a second one of a queue.
      courier.addEventSourceMapping(`SqsEventSource:${Names.nodeUniqueId(queue.node)}`, {
        eventSourceArn: queue.queueArn,
        // No batching window: a publication is on its way to someone who waits.
        batchSize: 10,
        reportBatchItemFailures: true,
      });
      grantPoll(queue, courier);
    }
  }

  /** Lets a function publish. */
  grantPublish(grantee: IGrantable): Grant {
    return grantSend(this.deliveries, grantee);
  }

  /** Lets a function put deliveries aside that can never be appended. */
  grantPutAside(grantee: IGrantable): Grant {
    return grantSend(this.deliveriesDeadLetters, grantee);
  }

  /** Lets a function set timers and wake partitions. */
  grantWake(grantee: IGrantable): Grant {
    return grantSend(this.wakes, grantee);
  }
}

/** What Lambda's poller needs, as its policy `AWSLambdaSQSQueueExecutionRole` says; `grantConsumeMessages` gives more. */
function grantPoll(queue: IQueue, grantee: IGrantable): Grant {
  return Grant.addToPrincipal({
    grantee,
    actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
    resourceArns: [queue.queueArn],
  });
}

function grantSend(queue: IQueue, grantee: IGrantable): Grant {
  return Grant.addToPrincipal({ grantee, actions: ['sqs:SendMessage'], resourceArns: [queue.queueArn] });
}
