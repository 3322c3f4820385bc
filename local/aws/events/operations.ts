import { isJsonObject, type JsonObject } from '../../../lambdas/contract/json';
import type { Input } from '../input';
import type { Operation } from '../json-service';
import { apiDestinationOperationsOf } from './api-destination-operations';
import type { ApiDestinations } from './api-destinations/api-destinations';
import { type ArchiveHolder, archiveOperationsOf } from './archive-operations';
import type { Bus, Rule } from './bus';
import { EventsValidationError } from './errors';
import { compactJsonObject } from './json-text';
import { members, timeMember } from './members';
import { compilePattern } from './pattern';
import type { PutEventsEntry, PutEventsResult } from './put-events';

/** What the API needs of the service behind it. */
export interface EventBridge extends ArchiveHolder {
  readonly apiDestinations: ApiDestinations;
  buses(): readonly Bus[];
  putEvents(entries: readonly PutEventsEntry[]): PutEventsResult;
}

/** Members that TestEventPattern wants in an event. */
const EVENT_MEMBERS = ['id', 'account', 'source', 'time', 'region', 'resources', 'detail-type'];

/** The operations that functions and users may call; resources are made from templates, not by calls. */
export function operationsOf(events: EventBridge): Readonly<Record<string, Operation>> {
  return {
    PutEvents: (input) => events.putEvents(entriesOf(input)),
    ListEventBuses: (input) => {
      const prefix = members(input).optionalString('NamePrefix') ?? '';
      return {
        EventBuses: events
          .buses()
          .filter(({ name }) => name.startsWith(prefix))
          .map(busOutput),
      };
    },
    DescribeEventBus: (input) => busOutput(events.bus(members(input).optionalString('Name'))),
    ListRules: (input) => {
      const given = members(input);
      const prefix = given.optionalString('NamePrefix') ?? '';
      const rules = [...events.bus(given.optionalString('EventBusName')).rules.values()];
      return { Rules: rules.filter(({ name }) => name.startsWith(prefix)).map(ruleOutput) };
    },
    DescribeRule: (input) => {
      const given = members(input);
      return ruleOutput(events.bus(given.optionalString('EventBusName')).rule(given.string('Name')));
    },
    ListTargetsByRule: (input) => {
      const given = members(input);
      const rule = events.bus(given.optionalString('EventBusName')).rule(given.string('Rule'));
      return { Targets: [...rule.targets.values()] };
    },
    TestEventPattern: (input) => {
      const given = members(input);
      const matches = compilePattern(given.string('EventPattern'));
      return { Result: matches(testEvent(given.string('Event'))) };
    },
    ...archiveOperationsOf(events),
    ...apiDestinationOperationsOf(events.apiDestinations),
  };
}

function entriesOf(input: JsonObject): readonly PutEventsEntry[] {
  return members(input)
    .inputs('Entries')
    .map((entry) => {
      const time = timeMember(entry, 'Time');
      return {
        ...text('Source', entry),
        ...text('DetailType', entry),
        ...text('Detail', entry),
        ...text('EventBusName', entry),
        ...(time !== undefined && { Time: time }),
        Resources: entry.strings('Resources'),
      };
    });
}

function text<Name extends string>(name: Name, entry: Input): { readonly [key in Name]?: string } {
  const value = entry.optionalString(name);
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in Name]?: string });
}

function testEvent(json: string): unknown {
  const event: unknown = compactJsonObject(json) === undefined ? undefined : JSON.parse(json);
  if (!isJsonObject(event)) {
    throw new EventsValidationError('Parameter Event is not valid. Reason: expected a JSON object');
  }
  const missing = EVENT_MEMBERS.filter((name) => !Object.hasOwn(event, name));
  if (missing.length > 0) {
    throw new EventsValidationError(`Parameter Event is not valid. Reason: it lacks ${missing.join(', ')}`);
  }
  return event;
}

function busOutput({ name, arn, createdAt }: Bus): object {
  const seconds = createdAt.getTime() / 1000;
  return { Name: name, Arn: arn, CreationTime: seconds, LastModifiedTime: seconds };
}

function ruleOutput({ name, arn, bus, pattern, schedule, state, description }: Rule): object {
  return {
    Name: name,
    Arn: arn,
    ...(pattern !== undefined && { EventPattern: pattern }),
    ...(schedule !== undefined && { ScheduleExpression: schedule.expression }),
    State: state,
    EventBusName: bus,
    ...(description !== undefined && { Description: description }),
  };
}
