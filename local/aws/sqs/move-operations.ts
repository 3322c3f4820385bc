import type { JsonObject } from '../../../lambdas/contract/json';
import { Input } from '../input';
import type { Operation } from '../json-service';
import { InvalidParameterValue } from './errors';
import type { MoveTask, MoveTasks } from './move-tasks';
import { missing } from './operations';

/** StartMessageMoveTask and what belongs to it: how dead letters come back. */
export function moveOperationsOf(tasks: MoveTasks): Readonly<Record<string, Operation>> {
  const read = (members: JsonObject) => new Input(members, missing);
  return {
    StartMessageMoveTask: (members) => {
      const input = read(members);
      const task = tasks.start({
        sourceArn: input.string('SourceArn'),
        destinationArn: input.optionalString('DestinationArn'),
        perSecond: input.optionalInteger('MaxNumberOfMessagesPerSecond'),
      });
      return { TaskHandle: task.handle };
    },
    ListMessageMoveTasks: (members) => {
      const input = read(members);
      const most = input.optionalInteger('MaxResults') ?? 1;
      if (most < 1 || most > 10) {
        throw new InvalidParameterValue(`MaxResults: expected 1 to 10, got ${most}`);
      }
      return { Results: tasks.list(input.string('SourceArn'), most).map(taskOutput) };
    },
    CancelMessageMoveTask: (members) => ({
      ApproximateNumberOfMessagesMoved: tasks.cancel(read(members).string('TaskHandle')).moved,
    }),
  };
}

function taskOutput(task: MoveTask): object {
  const { handle, request, status, moved, toMove, startedAt, failureReason } = task;
  return {
    ...(status === 'RUNNING' && { TaskHandle: handle }),
    Status: status,
    SourceArn: request.sourceArn,
    DestinationArn: request.destinationArn,
    MaxNumberOfMessagesPerSecond: request.perSecond,
    ApproximateNumberOfMessagesMoved: moved,
    ApproximateNumberOfMessagesToMove: toMove,
    FailureReason: failureReason,
    StartedTimestamp: startedAt,
  };
}
