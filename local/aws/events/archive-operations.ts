import type { JsonObject } from '../../../lambdas/contract/json';
import type { Input } from '../input';
import type { Operation } from '../json-service';
import type { Archive } from './archive';
import type { Bus } from './bus';
import { EventsValidationError } from './errors';
import { listed } from './listing';
import { members, timeMember } from './members';
import type { Replay } from './replay';
import type { Replays } from './replays';

/** What these operations need of the service behind them. */
export interface ArchiveHolder {
  bus(nameOrArn?: string): Bus;
  archives(): readonly Archive[];
  archive(name: string): Archive;
  readonly replays: Replays;
}

const ARCHIVE_STATES = ['CREATE_FAILED', 'CREATING', 'DISABLED', 'ENABLED', 'UPDATE_FAILED', 'UPDATING'];
const REPLAY_STATES = ['CANCELLED', 'CANCELLING', 'COMPLETED', 'FAILED', 'RUNNING', 'STARTING'];

/** Archives, which templates make, and replays of what they keep. */
export function archiveOperationsOf(events: ArchiveHolder): Readonly<Record<string, Operation>> {
  return {
    DescribeArchive: (input) => {
      const archive = events.archive(members(input).string('ArchiveName'));
      const { arn, description, pattern } = archive;
      return {
        ArchiveArn: arn,
        ...(description !== undefined && { Description: description }),
        ...(pattern !== undefined && { EventPattern: pattern }),
        ...archiveOutput(archive),
      };
    },
    ListArchives: (input) => {
      const given = members(input);
      const source = given.optionalString('EventSourceArn');
      if (source !== undefined) events.bus(source);
      const { page, ...next } = listed(given, events.archives(), listedArchive, {
        operation: 'ListArchives',
        states: ARCHIVE_STATES,
      });
      return { Archives: page.map(archiveOutput), ...next };
    },
    StartReplay: (input) => started(events.replays.start(startOf(input))),
    DescribeReplay: (input) => replayDescription(events.replays.get(members(input).string('ReplayName'))),
    ListReplays: (input) => {
      const { page, ...next } = listed(members(input), events.replays.list(), listedReplay, {
        operation: 'ListReplays',
        states: REPLAY_STATES,
      });
      return { Replays: page.map(replayOutput), ...next };
    },
    CancelReplay: (input) => {
      const replay = events.replays.get(members(input).string('ReplayName'));
      replay.cancel();
      return { ReplayArn: replay.arn, State: replay.state };
    },
  };
}

function startOf(input: JsonObject) {
  const given = members(input);
  const destination = given.structure('Destination');
  return {
    name: given.string('ReplayName'),
    description: given.optionalString('Description'),
    archiveArn: given.string('EventSourceArn'),
    busArn: destination.string('Arn'),
    filterArns: destination.strings('FilterArns'),
    from: requiredTime(given, 'EventStartTime'),
    until: requiredTime(given, 'EventEndTime'),
  };
}

function requiredTime(input: Input, name: string): Date {
  const time = timeMember(input, name);
  if (time === undefined) throw new EventsValidationError(`${name}: expected a value, got none`);
  return time;
}

function listedArchive({ name, busArn }: Archive) {
  return { name, state: 'ENABLED', source: busArn };
}

function listedReplay({ state, options }: Replay) {
  return { name: options.name, state, source: options.archive.arn };
}

function archiveOutput(archive: Archive): object {
  const { name, busArn, retentionDays, createdAt } = archive;
  const { events, bytes } = archive.size();
  return {
    ArchiveName: name,
    EventSourceArn: busArn,
    State: 'ENABLED',
    RetentionDays: retentionDays,
    SizeBytes: bytes,
    EventCount: events,
    CreationTime: seconds(createdAt),
  };
}

function started({ arn, state, startedAt }: Replay): object {
  return { ReplayArn: arn, State: state, ReplayStartTime: seconds(startedAt) };
}

function replayOutput({ state, options, startedAt, endedAt, lastEventTime }: Replay): object {
  return {
    ReplayName: options.name,
    EventSourceArn: options.archive.arn,
    State: state,
    EventStartTime: options.from / 1000,
    EventEndTime: options.until / 1000,
    ...(lastEventTime !== undefined && { EventLastReplayedTime: lastEventTime / 1000 }),
    ReplayStartTime: seconds(startedAt),
    ...(endedAt !== undefined && { ReplayEndTime: seconds(endedAt) }),
  };
}

function replayDescription(replay: Replay): object {
  const { description, archive, rules } = replay.options;
  return {
    ReplayArn: replay.arn,
    ...(description !== undefined && { Description: description }),
    Destination: { Arn: archive.busArn, ...(rules !== undefined && { FilterArns: [...rules] }) },
    ...replayOutput(replay),
  };
}

function seconds(time: Date): number {
  return time.getTime() / 1000;
}
