import { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { awsOptions, type Target } from './target';

/** Messages of all queues of a target that wait, are being worked on or wait for their time; dead letters aside. */
export async function messagesInQueues(target: Target): Promise<number> {
  const client = new SQSClient(awsOptions(target));
  try {
    const { QueueUrls = [] } = await client.send(new ListQueuesCommand({}));
    const counts = await Promise.all(
      QueueUrls.filter((url) => !url.includes('DeadLetters')).map(async (QueueUrl) => {
        const { Attributes = {} } = await client.send(
          new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
        );
        return (
          Number(Attributes['ApproximateNumberOfMessages']) +
          Number(Attributes['ApproximateNumberOfMessagesNotVisible']) +
          Number(Attributes['ApproximateNumberOfMessagesDelayed'])
        );
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  } finally {
    client.destroy();
  }
}
