import { isJsonObject } from '../../../lambdas/contract/json';
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

function onNamed(
  action: string,
  type: 'archive' | 'replay' | 'connection' | 'api-destination',
  member: string,
): NeedsOf {
  return (input, place) => [
    { action: `events:${action}`, resource: arnOf(place, 'events', `${type}/${text(input, member)}`) },
  ];
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
  DescribeArchive: onNamed('DescribeArchive', 'archive', 'ArchiveName'),
  DescribeConnection: onNamed('DescribeConnection', 'connection', 'Name'),
  DescribeApiDestination: onNamed('DescribeApiDestination', 'api-destination', 'Name'),
  DescribeReplay: onNamed('DescribeReplay', 'replay', 'ReplayName'),
  CancelReplay: onNamed('CancelReplay', 'replay', 'ReplayName'),
  // Archive, bus and replay are each required: https://docs.aws.amazon.com/service-authorization/latest/reference/list_events.html
  StartReplay: (input, place) => {
    const { Destination: destination } = input;
    const bus = isJsonObject(destination) ? text(destination, 'Arn') : '';
    const replay = arnOf(place, 'events', `replay/${text(input, 'ReplayName')}`);
    return [text(input, 'EventSourceArn'), bus, replay].map((resource) => ({
      action: 'events:StartReplay',
      resource,
    }));
  },
  ListArchives: onAnything('events:ListArchives'),
  ListReplays: onAnything('events:ListReplays'),
  ListEventBuses: onAnything('events:ListEventBuses'),
  ListRules: onAnything('events:ListRules'),
  TestEventPattern: onAnything('events:TestEventPattern'),
};
