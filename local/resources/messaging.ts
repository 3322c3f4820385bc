import { isJsonObject } from '../../lambdas/contract/json';
import { generatedName } from './naming';
import { Properties, PropertyError, type Provider } from './provider';

/** Attributes of a queue that the template may set, under the names of the API. */
const QUEUE_ATTRIBUTES: Readonly<Record<string, string>> = {
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

/** `AWS::SQS::Queue`. */
export const queue: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const fifo = properties.boolean('FifoQueue');
  const name =
    properties.optionalString('QueueName') ?? `${generatedName(request, 75)}${fifo ? '.fifo' : ''}`;
  const attributes: Record<string, string> = {};
  for (const [property, attribute] of Object.entries(QUEUE_ATTRIBUTES)) {
    const value = properties.optionalString(property);
    if (value !== undefined) attributes[attribute] = value;
  }
  const redrive = properties.object('RedrivePolicy');
  const created = cloud.sqs.createQueue({
    name,
    attributes,
    ...(redrive.has('deadLetterTargetArn')
      ? {
          redrive: {
            deadLetterTargetArn: redrive.string('deadLetterTargetArn'),
            maxReceiveCount: redrive.number('maxReceiveCount', 10),
          },
        }
      : {}),
  });
  return { ref: created.url, attributes: { Arn: created.arn, QueueName: name, QueueUrl: created.url } };
};

/** `AWS::Events::EventBus`. */
export const eventBus: Provider = (request, cloud) => {
  const name = new Properties(request).string('Name');
  const arn = cloud.events.createBus(name);
  return { ref: name, attributes: { Arn: arn, Name: name } };
};

/** `AWS::Events::Archive`: keeps events; replays come with the fault tools. */
export const archive: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const name = properties.optionalString('ArchiveName') ?? generatedName(request, 48);
  const pattern = patternOf(request.properties['EventPattern']);
  const arn = cloud.events.createArchive({
    name,
    bus: properties.string('SourceArn'),
    retentionDays: properties.number('RetentionDays', 0),
    ...(pattern === undefined ? {} : { pattern }),
  });
  return { ref: name, attributes: { Arn: arn, ArchiveName: name } };
};

/** `AWS::Events::Rule` with an event pattern; schedules are refused. */
export const rule: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const pattern = patternOf(request.properties['EventPattern']);
  if (pattern === undefined) {
    throw new PropertyError(request, 'EventPattern', 'a pattern', request.properties['EventPattern']);
  }
  const name = properties.optionalString('Name') ?? generatedName(request);
  const bus = properties.optionalString('EventBusName') ?? 'default';
  const state = properties.optionalString('State') === 'DISABLED' ? 'DISABLED' : 'ENABLED';
  const arn = cloud.events.putRule({ name, bus, pattern, state });
  cloud.events.putTargets(
    arn,
    properties.list('Targets').map(({ raw }) => raw),
  );
  return { ref: name, attributes: { Arn: arn } };
};

/** JSON text of a pattern; templates have it as an object or, by hand, as text. */
function patternOf(value: unknown): string | undefined {
  if (isJsonObject(value)) return JSON.stringify(value);
  return typeof value === 'string' ? value : undefined;
}
