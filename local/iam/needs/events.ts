import { arnOf, type NeedsOf, onAnything, type Place, structures, text } from './reader';

function busArn(place: Place, nameOrArn: string): string {
  return nameOrArn.startsWith('arn:')
    ? nameOrArn
    : arnOf(place, 'events', `event-bus/${nameOrArn || 'default'}`);
}

function onRule(action: string, member: string): NeedsOf {
  return (input, place) => {
    const bus = (text(input, 'EventBusName').split('/').pop() ?? '') || 'default';
    const path = bus === 'default' ? '' : `${bus}/`;
    return [
      { action: `events:${action}`, resource: arnOf(place, 'events', `rule/${path}${text(input, member)}`) },
    ];
  };
}

export const EVENTS_NEEDS: Readonly<Record<string, NeedsOf>> = {
  // Each entry is judged by itself; one that is not allowed refuses them all.
  PutEvents: (input, place) =>
    structures(input['Entries']).map((entry) => ({
      action: 'events:PutEvents',
      resource: busArn(place, text(entry, 'EventBusName')),
      context: { 'events:source': text(entry, 'Source'), 'events:detail-type': text(entry, 'DetailType') },
    })),
  DescribeEventBus: (input, place) => [
    { action: 'events:DescribeEventBus', resource: busArn(place, text(input, 'Name')) },
  ],
  DescribeRule: onRule('DescribeRule', 'Name'),
  ListTargetsByRule: onRule('ListTargetsByRule', 'Rule'),
  ListEventBuses: onAnything('events:ListEventBuses'),
  ListRules: onAnything('events:ListRules'),
  TestEventPattern: onAnything('events:TestEventPattern'),
};
