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

/** Batches need the action of their single form: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html */
export const SQS_NEEDS: Readonly<Record<string, NeedsOf>> = {
  ChangeMessageVisibility: onQueue('ChangeMessageVisibility'),
  ChangeMessageVisibilityBatch: onQueue('ChangeMessageVisibility'),
  DeleteMessage: onQueue('DeleteMessage'),
  DeleteMessageBatch: onQueue('DeleteMessage'),
  GetQueueAttributes: onQueue('GetQueueAttributes'),
  GetQueueUrl: onQueue('GetQueueUrl'),
  ListQueues: onAnything('sqs:ListQueues'),
  PurgeQueue: onQueue('PurgeQueue'),
  ReceiveMessage: onQueue('ReceiveMessage'),
  SendMessage: onQueue('SendMessage'),
  SendMessageBatch: onQueue('SendMessage'),
};
