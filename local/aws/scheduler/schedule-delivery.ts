import { randomBytes } from 'node:crypto';
import type { Delivery } from '../events/deliveries';
import { isoSeconds } from '../events/put-events';
import { scheduledEvent } from '../events/scheduled-event';
import type { ScheduleTarget } from './schedule-target';

export interface DueSchedule {
  readonly name: string;
  readonly arn: string;
  readonly target: ScheduleTarget;
  /** When it was due, in milliseconds since the epoch. */
  readonly due: number;
  readonly account: string;
  readonly region: string;
}

const KEYWORD = /<aws\.scheduler\.(schedule-arn|scheduled-time|execution-id|attempt-number)>/g;

/**
 * One run of a schedule on its way to its target. The target's input may name context attributes
 * (https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html); without an input the target
 * gets a notification whose detail is text.
 */
export function scheduleDelivery(run: DueSchedule): Delivery {
  const { name, arn, target, due, account, region } = run;
  const scheduledTime = isoSeconds(new Date(due));
  const notification = scheduledEvent({
    origin: { account, region },
    source: 'aws.scheduler',
    resource: arn,
    due,
    detail: '{}',
  });
  let executionId = '';
  return {
    sender: `schedule ${name}`,
    what: `its run of ${scheduledTime}`,
    target,
    actor: {
      service: 'scheduler.amazonaws.com',
      roleArn: target.RoleArn,
      // A role's trust may be limited to a group of schedules.
      sourceArn: arn.replace(/:schedule\/([^/]+)\/.*$/, ':schedule-group/$1'),
    },
    acceptedAt: Date.now(),
    input: (attempt) => {
      executionId = randomBytes(8).toString('hex');
      const values: Readonly<Record<string, string>> = {
        'schedule-arn': arn,
        'scheduled-time': scheduledTime,
        'execution-id': executionId,
        'attempt-number': String(attempt),
      };
      return (target.Input ?? notification.text).replace(KEYWORD, (_, key: string) => values[key] ?? '');
    },
    deadLetter: () => ({
      body: target.Input ?? notification.text,
      attributes: {
        SCHEDULE_ARN: arn,
        SCHEDULED_TIME: scheduledTime,
        EXECUTION_ID: executionId,
        IS_PAYLOAD_TRUNCATED: 'false',
      },
    }),
  };
}
