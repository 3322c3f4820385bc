import { Duration } from 'aws-cdk-lib';
import type { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { ArnPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Alias } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { EnvironmentConfig } from '../environment-config';
import { DEAD_LETTERS_KEPT } from './dead-letters';
import { removalPolicyOf } from './durability';

export interface ServiceQueueProps {
  readonly config: EnvironmentConfig;
  /** FIFO, a group per connection. */
  readonly ordered: boolean;
  /** Of the function behind it. */
  readonly timeout: Duration;
}

/** A message that failed so often is put aside, so that its connection goes on. */
const MAX_RECEIVES = 3;

/** The queue that a service is behind. */
export class ServiceQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: ServiceQueueProps) {
    super(scope, id);
    const { config, ordered, timeout } = props;
    const common = {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: removalPolicyOf(config),
      ...(ordered ? { fifo: true } : {}),
    };
    this.deadLetters = new Queue(this, 'DeadLetters', { ...common, retentionPeriod: DEAD_LETTERS_KEPT });
    this.queue = new Queue(this, 'Messages', {
      ...common,
      // No message is worked on twice at once, and the group of one whose function died goes on soon.
      visibilityTimeout: timeout.plus(Duration.seconds(5)),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    });
  }

  /** Hands the batches to a function, which answers which messages failed. */
  drainedBy(alias: Alias, maxConcurrency: number | undefined): void {
    alias.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: 10,
        reportBatchItemFailures: true,
        ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
      }),
    );
  }

  /** Makes it a target of a rule. */
  takeFrom(rule: Rule, undeliverable: IQueue): void {
    rule.addTarget(new SqsQueue(this.queue, { deadLetterQueue: undeliverable }));
  }

  /** Lets a role of another stack send to it. */
  allowSend(roleArn: string): void {
    this.queue.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ArnPrincipal(roleArn)],
        actions: ['sqs:SendMessage'],
        resources: [this.queue.queueArn],
      }),
    );
  }
}
