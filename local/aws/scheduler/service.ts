import { AwsError, LOCAL_ACCOUNT, type RuntimeLog, type TargetRouter } from '../../ports';
import { isRate, parseSchedulerExpression } from '../../schedules/expression';
import type { Recurrence } from '../../schedules/recurrence';
import type { Timetable } from '../../schedules/timetable';
import { Deliveries, type RetryTiming } from '../events/deliveries';
import { scheduleDelivery } from './schedule-delivery';
import { parseScheduleTarget, type ScheduleTarget } from './schedule-target';

/** Time for calls to targets that are under way when the runtime ends. */
const CLOSE_GRACE_MS = 1000;

export interface SchedulerOptions {
  readonly region: string;
  readonly router: TargetRouter;
  readonly log: RuntimeLog;
  readonly retry?: RetryTiming;
  /** Where schedules run. */
  readonly timetable: Timetable;
}

export interface NewSchedule {
  readonly name: string;
  /** @default default */
  readonly group?: string | undefined;
  /** `rate(...)`, `cron(...)` or `at(...)`, in UTC. */
  readonly expression: string;
  /** @default true */
  readonly enabled?: boolean;
  /** As CloudFormation and the API write it: `{Arn, RoleArn, Input?, SqsParameters?, RetryPolicy?, DeadLetterConfig?}`. */
  readonly target: unknown;
}

interface Schedule {
  readonly name: string;
  readonly arn: string;
  readonly expression: string;
  readonly recurrence: Recurrence;
  readonly enabled: boolean;
  readonly target: ScheduleTarget;
}

/** A schedule of that name is there already. */
export class ScheduleExistsError extends AwsError {
  override readonly name = 'ScheduleExistsError';

  constructor(arn: string) {
    super('ConflictException', `Schedule ${arn} already exists.`, 409);
  }
}

/** EventBridge Scheduler, as far as templates need it: schedules are made from them, not by calls. */
export class SchedulerService {
  readonly #region: string;
  readonly #log: RuntimeLog;
  readonly #deliveries: Deliveries;
  readonly #timetable: Timetable;
  readonly #schedules = new Map<string, Schedule>();

  constructor({ region, router, log, retry = {}, timetable }: SchedulerOptions) {
    this.#region = region;
    this.#log = log;
    this.#deliveries = new Deliveries({ router, log, retry });
    this.#timetable = timetable;
  }

  /** Returns the ARN. @throws InvalidScheduleError, InvalidScheduleTargetError, ScheduleExistsError */
  createSchedule({ name, group = 'default', expression, enabled = true, target }: NewSchedule): string {
    const arn = `arn:aws:scheduler:${this.#region}:${LOCAL_ACCOUNT}:schedule/${group}/${name}`;
    if (this.#schedules.has(arn)) throw new ScheduleExistsError(arn);
    this.#schedules.set(arn, {
      name,
      arn,
      expression,
      recurrence: parseSchedulerExpression(expression),
      enabled,
      target: parseScheduleTarget(name, target),
    });
    return arn;
  }

  /** Puts all enabled schedules to work, once everything that they call is made. */
  start(): void {
    for (const schedule of this.#schedules.values()) {
      const { name, expression, recurrence, enabled } = schedule;
      if (!enabled) continue;
      const run = (due: number): void => this.#run(schedule, due);
      // The user guide: without a start date, a rate invokes its target at once.
      if (!this.#timetable.add({ recurrence, runsAtStart: isRate(expression), run })) {
        this.#log.warn('scheduler', `schedule ${name} never runs: ${expression} has no time to come`);
      }
    }
  }

  /** Ends schedules, gives up waiting retries and lets calls to targets end for a second. */
  close(): Promise<void> {
    this.#timetable.close();
    return this.#deliveries.close(CLOSE_GRACE_MS);
  }

  #run({ name, arn, target }: Schedule, due: number): void {
    const origin = { account: LOCAL_ACCOUNT, region: this.#region };
    this.#deliveries.start(scheduleDelivery({ name, arn, target, due, ...origin }));
  }
}
