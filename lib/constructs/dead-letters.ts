import { Duration, Validations } from 'aws-cdk-lib';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { DeadLetterQueue } from '../../lambdas/contract/dead-letters';
import { parameterNames } from '../../lambdas/contract/parameters';
import type { EnvironmentConfig } from '../environment-config';
import { publishParameter } from './contract-parameters';
import { removalPolicyOf } from './durability';

/** As long as SQS keeps anything. */
export const DEAD_LETTERS_KEPT = Duration.days(14);

/** A standard queue for what could not be handed over. */
export function deadLetterQueue(
  scope: Construct,
  id: string,
  config: EnvironmentConfig,
  whose: string,
): Queue {
  const queue = new Queue(scope, id, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: DEAD_LETTERS_KEPT,
    removalPolicy: removalPolicyOf(config),
  });
  Validations.of(queue).acknowledge({
    id: 'AwsSolutions-SQS3',
    reason: `It is the dead-letter queue of ${whose}.`,
  });
  return queue;
}

/**
 * Lets tools find queues of dead letters (`npm run dlq`), by their names.
 * @param queues each with where its letters go that are given another try
 */
export function publishDeadLetters(
  scope: Construct,
  environment: string,
  queues: Readonly<Record<string, readonly [queue: IQueue, redriveTo: string]>>,
): void {
  const { deadLetterQueue: nameOf } = parameterNames(environment);
  for (const [name, [{ queueUrl }, redriveTo]] of Object.entries(queues)) {
    const value: DeadLetterQueue = { queueUrl, redriveTo };
    publishParameter(scope, `DeadLetters-${name}`, nameOf(name), JSON.stringify(value));
  }
}
