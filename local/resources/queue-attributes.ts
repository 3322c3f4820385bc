/** Attributes of a queue that the template may set, under the names of the API. */
export const QUEUE_ATTRIBUTES: Readonly<Record<string, string>> = {
  ContentBasedDeduplication: 'ContentBasedDeduplication',
  DeduplicationScope: 'DeduplicationScope',
  DelaySeconds: 'DelaySeconds',
  FifoQueue: 'FifoQueue',
  FifoThroughputLimit: 'FifoThroughputLimit',
  MaximumMessageSize: 'MaximumMessageSize',
  MessageRetentionPeriod: 'MessageRetentionPeriod',
  ReceiveMessageWaitTimeSeconds: 'ReceiveMessageWaitTimeSeconds',
  VisibilityTimeout: 'VisibilityTimeout',
};
