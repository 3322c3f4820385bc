import type { AccessControl } from '../iam/access-control';
import { GuardedQueueSource } from '../iam/guards';
import type { RoleCaller } from '../iam/request';
import { QueuePoller } from '../lambda/queue-poller';
import { generatedId, generatedName } from './naming';
import { Properties, PropertyError, type Provider } from './provider';

/** `AWS::Lambda::Function` with code from an asset of the assembly. */
export const lambdaFunction: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const code = properties.object('Code');
  if (!code.has('S3Key')) throw new PropertyError(request, 'Code', 'an asset of the assembly', code.raw);
  const name = properties.optionalString('FunctionName') ?? generatedName(request);
  const roleArn = properties.string('Role');
  const reserved = properties.has('ReservedConcurrentExecutions')
    ? properties.number('ReservedConcurrentExecutions', 0)
    : undefined;
  const deadLetters = properties.object('DeadLetterConfig').optionalString('TargetArn');
  const logGroup = properties.object('LoggingConfig').optionalString('LogGroup');
  const lambda = cloud.access.assume(roleArn, 'lambda.amazonaws.com', name);
  if (properties.object('VpcConfig').has('SubnetIds')) requireInterfaces(cloud.access, lambda);
  const arn = cloud.lambda.createFunction({
    name,
    codeDir: request.assetDirectory(code.string('S3Key')),
    handler: properties.string('Handler'),
    runtime: properties.string('Runtime'),
    timeoutSeconds: properties.number('Timeout', 3),
    memoryMb: properties.number('MemorySize', 128),
    environment: variables(properties.object('Environment').object('Variables')),
    principal: cloud.identities.issue(name, roleArn, cloud.lambda.registry.arnOf(name)),
    ...(reserved === undefined ? {} : { reservedConcurrency: reserved }),
    ...(deadLetters === undefined ? {} : { deadLetterArn: deadLetters }),
    ...(logGroup === undefined ? {} : { logGroup }),
  });
  return { ref: name, attributes: { Arn: arn } };
};

/** What Lambda does with the role of a function to give it interfaces in a VPC; without them a function is not made. */
const INTERFACE_ACTIONS = [
  'CreateNetworkInterface',
  'DescribeNetworkInterfaces',
  'DescribeSubnets',
  'DeleteNetworkInterface',
  'AssignPrivateIpAddresses',
  'UnassignPrivateIpAddresses',
];

function requireInterfaces(access: AccessControl, lambda: RoleCaller): void {
  for (const action of INTERFACE_ACTIONS) access.require(lambda, { action: `ec2:${action}`, resource: '*' });
}

function variables(properties: Properties): Record<string, string> {
  return Object.fromEntries(Object.keys(properties.raw).map((name) => [name, properties.string(name)]));
}

/** `AWS::Lambda::Version`. */
export const version: Provider = (request, cloud) => {
  const name = new Properties(request).string('FunctionName');
  const number = cloud.lambda.publishVersion(name);
  const arn = cloud.lambda.arnOf(name, number);
  return { ref: arn, attributes: { Version: number, FunctionArn: arn } };
};

/** `AWS::Lambda::Alias`; weighted routing is refused. */
export const alias: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const arn = cloud.lambda.createAlias(
    properties.string('FunctionName'),
    properties.string('Name'),
    properties.string('FunctionVersion'),
  );
  return { ref: arn, attributes: { AliasArn: arn } };
};

/** `AWS::Lambda::EventInvokeConfig`. */
export const eventInvokeConfig: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const destinations = properties.object('DestinationConfig');
  const onFailureArn = destinations.object('OnFailure').optionalString('Destination');
  const onSuccessArn = destinations.object('OnSuccess').optionalString('Destination');
  cloud.lambda.configureAsync(properties.string('FunctionName'), properties.string('Qualifier'), {
    maxRetries: properties.number('MaximumRetryAttempts', 2),
    maxEventAgeSeconds: properties.number('MaximumEventAgeInSeconds', 21_600),
    ...(onFailureArn === undefined ? {} : { onFailureArn }),
    ...(onSuccessArn === undefined ? {} : { onSuccessArn }),
  });
  return { ref: generatedId(request, 'invoke-config') };
};

/** `AWS::Lambda::EventSourceMapping` of a queue. Polling starts once all stacks are made. */
export const eventSourceMapping: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const queueArn = properties.string('EventSourceArn');
  if (!queueArn.includes(':sqs:')) throw new PropertyError(request, 'EventSourceArn', 'a queue', queueArn);
  const concurrency = properties.object('ScalingConfig');
  const { definition } = cloud.lambda.registry.resolve(properties.string('FunctionName')).version;
  const lambda = cloud.access.assume(definition.principal.arn, 'lambda.amazonaws.com', definition.name);
  // Lambda makes no mapping of a queue that the function's role cannot read.
  cloud.access.require(lambda, { action: 'sqs:ReceiveMessage', resource: queueArn });
  cloud.pollers.push(
    new QueuePoller({
      queueArn,
      functionArn: cloud.lambda.arnOf(properties.string('FunctionName')),
      source: new GuardedQueueSource(cloud.sqs, cloud.access, lambda),
      invoker: cloud.lambda,
      log: cloud.log,
      faults: cloud.faults,
      batchSize: properties.number('BatchSize', 10),
      maximumBatchingWindowSeconds: properties.number('MaximumBatchingWindowInSeconds', 0),
      reportBatchItemFailures: properties
        .strings('FunctionResponseTypes')
        .includes('ReportBatchItemFailures'),
      visibilityTimeoutMs: cloud.sqs.visibilityMs(queueArn),
      ...(concurrency.has('MaximumConcurrency')
        ? { maximumConcurrency: concurrency.number('MaximumConcurrency', 2) }
        : {}),
    }),
  );
  return { ref: generatedId(request, 'mapping') };
};
