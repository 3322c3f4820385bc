import type { JsonObject } from '../../lambdas/contract/json';
import { requestNeeds } from '../../local/iam/needs';
import { Identities } from '../../local/identity';

const needsOf = requestNeeds(
  { account: '000000000000', region: 'us-east-1' },
  { findSecret: () => undefined, partitionKeyOf: () => undefined },
);

function needs(operation: string, input: JsonObject) {
  return needsOf('events', {
    method: 'POST',
    path: '/',
    headers: { 'x-amz-target': `AWSEvents.${operation}` },
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
    ['ListReplays', {}, '*'],
    ['ListArchives', {}, '*'],
  ])('%s needs its own action', (operation, input, resource) => {
    expect(needs(operation, input)).toEqual([[`events:${operation}`, resource]]);
  });

  it('a start without its members needs what no policy has', () => {
    expect(needs('StartReplay', {}).map(([, resource]) => resource)).toEqual(['', '', arn('replay/')]);
  });
});
