import type { JsonObject } from '../../lambdas/contract/json';
import { requestNeeds } from '../../local/iam/needs';
import { Identities } from '../../local/identity';

const needsOf = requestNeeds(
  { account: '000000000000', region: 'us-east-1' },
  { findSecret: () => undefined, partitionKeyOf: () => undefined },
);

function needs(operation: string, input: JsonObject, service = 'events') {
  return needsOf(service, {
    method: 'POST',
    path: '/',
    headers: { 'x-amz-target': `Service.${operation}` },
    body: JSON.stringify(input),
    principal: new Identities().root(),
  }).map(({ action, resource }) => [action, resource]);
}

const arn = (resource: string) => `arn:aws:events:us-east-1:000000000000:${resource}`;

describe('what a call to EventBridge needs (service authorization reference)', () => {
  it('a replay needs its archive, the bus and itself', () => {
    const input = {
      ReplayName: 'r',
      EventSourceArn: arn('archive/a'),
      Destination: { Arn: arn('event-bus/b') },
    };
    expect(needs('StartReplay', input)).toEqual([
      ['events:StartReplay', arn('archive/a')],
      ['events:StartReplay', arn('event-bus/b')],
      ['events:StartReplay', arn('replay/r')],
    ]);
  });

  it.each([
    ['DescribeReplay', { ReplayName: 'r' }, arn('replay/r')],
    ['CancelReplay', { ReplayName: 'r' }, arn('replay/r')],
    ['DescribeArchive', { ArchiveName: 'a' }, arn('archive/a')],
    ['DescribeConnection', { Name: 'c' }, arn('connection/c')],
    ['DescribeApiDestination', { Name: 'd' }, arn('api-destination/d')],
    ['ListReplays', {}, '*'],
    ['ListArchives', {}, '*'],
  ])('%s needs its own action', (operation, input, resource) => {
    expect(needs(operation, input)).toEqual([[`events:${operation}`, resource]]);
  });

  it('a start without its members needs what no policy has', () => {
    expect(needs('StartReplay', {}).map(([, resource]) => resource)).toEqual(['', '', arn('replay/')]);
  });
});

describe('what moving dead letters needs (developer guide, queue permissions for dead-letter queue redrive)', () => {
  const dead = 'arn:aws:sqs:us-east-1:000000000000:dead';
  const other = 'arn:aws:sqs:us-east-1:000000000000:other';

  it('is what receiving, deleting and sending by hand would need, beside its own action', () => {
    const ofSource = ['StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];
    const expected = ofSource.map((action) => [`sqs:${action}`, dead]);
    expect(needs('StartMessageMoveTask', { SourceArn: dead }, 'sqs')).toEqual(expected);
    expect(needs('StartMessageMoveTask', { SourceArn: dead, DestinationArn: other }, 'sqs')).toEqual([
      ...expected,
      ['sqs:SendMessage', other],
    ]);
  });

  it('is asked for the queue in a handle, and for none where it names none', () => {
    const TaskHandle = Buffer.from(JSON.stringify({ taskId: 't', sourceArn: dead })).toString('base64');
    expect(needs('CancelMessageMoveTask', { TaskHandle }, 'sqs')).toEqual([
      ['sqs:CancelMessageMoveTask', dead],
    ]);
    expect(needs('CancelMessageMoveTask', { TaskHandle: 'x' }, 'sqs')).toEqual([
      ['sqs:CancelMessageMoveTask', ''],
    ]);
    expect(needs('ListMessageMoveTasks', { SourceArn: dead }, 'sqs')).toEqual([
      ['sqs:ListMessageMoveTasks', dead],
    ]);
  });
});
