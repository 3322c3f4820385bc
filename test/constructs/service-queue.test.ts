import { propertiesOf, resource, resourcesOf, type Template, templateOf } from './assembly';

const ordered = templateOf('ordered', 'service-echo');
const queued = templateOf('queued', 'service-echo');
const direct = templateOf('dev', 'service-echo');

const detailTypes = (template: Template) =>
  propertiesOf(template, 'AWS::Events::Rule')
    .map(({ EventPattern }) => Object(EventPattern)['detail-type'])
    .sort();

describe('a service behind a queue', () => {
  it('gets publishes and messages from there, in batches whose failures it tells', () => {
    expect(detailTypes(queued)).toEqual([
      ['holdfast.rpc', 'holdfast.subscribe'],
      ['holdfast.send', 'holdfast.publish'],
    ]);
    const rule = resource(queued, 'AWS::Events::Rule', 'ServiceEventsMessages').Properties;
    const queue = { 'Fn::GetAtt': [expect.stringMatching(/^ServiceQueueMessages/), 'Arn'] };
    const kept = { 'Fn::GetAtt': [expect.stringMatching(/^ServiceUndeliverable/), 'Arn'] };
    expect(rule['Targets']).toEqual([
      expect.objectContaining({ Arn: queue, DeadLetterConfig: { Arn: kept } }),
    ]);
    const mapping = resource(queued, 'AWS::Lambda::EventSourceMapping').Properties;
    expect(JSON.stringify(mapping['FunctionName'])).toMatch(/"Ref":"ServiceEventsAlias/);
    expect(mapping).toMatchObject({
      EventSourceArn: queue,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 5 },
    });
  });

  it('that is ordered gets them from the gateway alone, in the groups of their connections', () => {
    expect(detailTypes(ordered)).toEqual([['holdfast.rpc', 'holdfast.subscribe']]);
    const queue = resource(ordered, 'AWS::SQS::Queue', 'ServiceQueueMessages').Properties;
    expect(queue).toMatchObject({ FifoQueue: true, VisibilityTimeout: 15 });
    expect(resource(ordered, 'AWS::SQS::Queue', 'ServiceQueueDeadLetters').Properties).toMatchObject({
      FifoQueue: true,
    });
    const policy = resource(ordered, 'AWS::SQS::QueuePolicy', 'ServiceQueueMessages').Properties;
    expect(Object(policy['PolicyDocument']).Statement).toContainEqual({
      Action: 'sqs:SendMessage',
      Effect: 'Allow',
      Principal: { AWS: { Ref: expect.stringContaining('ingressrolearn') } },
      Resource: { 'Fn::GetAtt': [expect.stringMatching(/^ServiceQueueMessages/), 'Arn'] },
    });
    const registration = resourcesOf(ordered, 'AWS::SSM::Parameter').find(
      ([, { Properties }]) => Properties['Name'] === '/holdfast/ordered/services/echo',
    );
    expect(JSON.stringify(registration?.[1].Properties['Value'])).toMatch(
      /ordered.*queueUrl.*"Ref":"ServiceQueueMessages\w+".*methods.*say/,
    );
  });

  it('puts aside what fails for good, for tools to find', () => {
    for (const template of [queued, ordered]) {
      const { RedrivePolicy } = resource(template, 'AWS::SQS::Queue', 'ServiceQueueMessages').Properties;
      expect(RedrivePolicy).toEqual({
        deadLetterTargetArn: { 'Fn::GetAtt': [expect.stringMatching(/^ServiceQueueDeadLetters/), 'Arn'] },
        maxReceiveCount: 3,
      });
    }
    const names = propertiesOf(queued, 'AWS::SSM::Parameter').map(({ Name }) => Name);
    expect(names).toContain('/holdfast/queued/dead-letters/service-echo-queue');
  });

  it('is not there for one that the bus invokes', () => {
    expect(resourcesOf(direct, 'AWS::Lambda::EventSourceMapping')).toEqual([]);
    expect(propertiesOf(direct, 'AWS::SQS::Queue')).toHaveLength(1);
  });
});

it('a service has alarms on errors, throttles and each of its queues of dead letters', () => {
  const alarms = (template: Template) =>
    propertiesOf(template, 'AWS::CloudWatch::Alarm').map(({ AlarmName, MetricName }) => [
      AlarmName,
      MetricName,
    ]);
  const common = (environment: string) => [
    [`${environment}-holdfast-service-echo-dead-letters`, 'ApproximateNumberOfMessagesVisible'],
    [`${environment}-holdfast-service-echo-errors`, 'Errors'],
    [`${environment}-holdfast-service-echo-throttles`, 'Throttles'],
  ];
  expect(alarms(direct).sort()).toEqual(common('dev'));
  expect(alarms(queued)).toHaveLength(4);
  for (const { TreatMissingData } of propertiesOf(direct, 'AWS::CloudWatch::Alarm')) {
    expect(TreatMissingData).toBe('notBreaching');
  }
});
