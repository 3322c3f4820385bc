import { sourceOf } from '../../aws/sqs/move-tasks';
import type { Need } from '../request';
import { arnOf, type NeedsOf, onAnything, text } from './reader';

/** SQS names its actions in lower case when it refuses one. */
function onQueue(action: string): NeedsOf {
  return (input, place) => {
    const name = text(input, 'QueueName') || (text(input, 'QueueUrl').split('/').pop() ?? '');
    return [
      {
        action: `sqs:${action}`,
        resource: arnOf(place, 'sqs', name),
        actionText: `sqs:${action.toLowerCase()}`,
      },
    ];
  };
}

function onArn(action: string, resource: string): readonly Need[] {
  return [{ action: `sqs:${action}`, resource, actionText: `sqs:${action.toLowerCase()}` }];
}

/**
 * Whoever moves messages needs what moving by hand would: developer guide, "Configuring queue permissions for dead-letter queue redrive".
 * Queues that the messages came from are not known here, and their permission is not looked at.
 */
const startMove: NeedsOf = (input) => {
  const source = text(input, 'SourceArn');
  const destination = text(input, 'DestinationArn');
  return [
    ...['StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'].flatMap((action) =>
      onArn(action, source),
    ),
    ...(destination === '' ? [] : onArn('SendMessage', destination)),
  ];
};

/** Of a handle that names no queue, what the service refuses anyway. */
function sourceOfTask(handle: string): string {
  try {
    return sourceOf(handle);
  } catch {
    return '';
  }
}

/** Batches need the action of their single form: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html */
export const SQS_NEEDS: Readonly<Record<string, NeedsOf>> = {
  ChangeMessageVisibility: onQueue('ChangeMessageVisibility'),
  ChangeMessageVisibilityBatch: onQueue('ChangeMessageVisibility'),
  DeleteMessage: onQueue('DeleteMessage'),
  DeleteMessageBatch: onQueue('DeleteMessage'),
  GetQueueAttributes: onQueue('GetQueueAttributes'),
  GetQueueUrl: onQueue('GetQueueUrl'),
  ListDeadLetterSourceQueues: onQueue('ListDeadLetterSourceQueues'),
  StartMessageMoveTask: startMove,
  ListMessageMoveTasks: (input) => onArn('ListMessageMoveTasks', text(input, 'SourceArn')),
  CancelMessageMoveTask: (input) => onArn('CancelMessageMoveTask', sourceOfTask(text(input, 'TaskHandle'))),
  ListQueues: onAnything('sqs:ListQueues'),
  PurgeQueue: onQueue('PurgeQueue'),
  ReceiveMessage: onQueue('ReceiveMessage'),
  SendMessage: onQueue('SendMessage'),
  SendMessageBatch: onQueue('SendMessage'),
};
