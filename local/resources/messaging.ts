import { isJsonObject } from '../../lambdas/contract/json';
import { generatedName } from './naming';
import { Properties, PropertyError, type Provider, type ResourceRequest } from './provider';
import { QUEUE_ATTRIBUTES } from './queue-attributes';

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

/** `AWS::Events::Archive`: keeps events for replays. */
export const archive: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const name = properties.optionalString('ArchiveName') ?? generatedName(request, 48);
  const pattern = patternOf(request.properties['EventPattern']);
  const arn = cloud.events.createArchive({
    name,
    bus: properties.string('SourceArn'),
    description: properties.optionalString('Description'),
    retentionDays: properties.number('RetentionDays', 0),
    ...(pattern === undefined ? {} : { pattern }),
  });
  return { ref: name, attributes: { Arn: arn, ArchiveName: name } };
};

/** `AWS::Events::Rule` with an event pattern, a schedule or both. */
export const rule: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const pattern = patternOf(request.properties['EventPattern']);
  const schedule = properties.optionalString('ScheduleExpression');
  const targets = properties.list('Targets');
  if (schedule !== undefined) {
    for (const target of targets) requireScheduleTarget(request, target);
  }
  const name = properties.optionalString('Name') ?? generatedName(request);
  const bus = properties.optionalString('EventBusName') ?? 'default';
  const state = properties.optionalString('State') === 'DISABLED' ? 'DISABLED' : 'ENABLED';
  const arn = cloud.events.putRule({ name, bus, pattern, schedule, state });
  cloud.events.putTargets(
    arn,
    targets.map(({ raw }) => raw),
  );
  return { ref: name, attributes: { Arn: arn } };
};

/** Functions and queues only: a bus would refuse an event whose source is `aws.events`. */
function requireScheduleTarget(request: ResourceRequest, target: Properties): void {
  const arn = target.string('Arn');
  if (/^arn:[^:]*:(lambda|sqs):/.test(arn)) return;
  throw new PropertyError(request, 'Targets', 'a function or a queue as target of a schedule', arn);
}

/** `AWS::Scheduler::Schedule` in UTC, without start and end; a flexible window is used at its beginning. */
export const schedule: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const zone = properties.optionalString('ScheduleExpressionTimezone') ?? 'UTC';
  if (!['UTC', 'Etc/UTC'].includes(zone)) {
    throw new PropertyError(request, 'ScheduleExpressionTimezone', 'UTC or Etc/UTC', zone);
  }
  const window = properties.object('FlexibleTimeWindow').string('Mode');
  if (!['OFF', 'FLEXIBLE'].includes(window)) {
    throw new PropertyError(request, 'FlexibleTimeWindow.Mode', 'OFF or FLEXIBLE', window);
  }
  const name = properties.optionalString('Name') ?? generatedName(request);
  const arn = cloud.scheduler.createSchedule({
    name,
    group: properties.optionalString('GroupName'),
    expression: properties.string('ScheduleExpression'),
    enabled: properties.optionalString('State') !== 'DISABLED',
    target: properties.object('Target').raw,
  });
  return { ref: name, attributes: { Arn: arn } };
};

/** JSON text of a pattern; templates have it as an object or, by hand, as text. */
function patternOf(value: unknown): string | undefined {
  if (isJsonObject(value)) return JSON.stringify(value);
  return typeof value === 'string' ? value : undefined;
}
