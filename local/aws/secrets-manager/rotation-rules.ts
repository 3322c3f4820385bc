import { parseRuleSchedule } from '../../schedules/expression';
import { InvalidScheduleError, type Recurrence } from '../../schedules/recurrence';

/** When a secret is rotated by itself; without either, only when it is asked for. */
export interface RotationRules {
  /** 1 to 1000. */
  readonly automaticallyAfterDays?: number | undefined;
  /** `rate(...)` in days, or in hours from four on, or `cron(...)` at full hours. */
  readonly scheduleExpression?: string | undefined;
}

const MOST_DAYS = 1000;
const RATE = /^rate\((?:([4-9]|[1-9]\d+) hours|1 day|\d+ days)\)$/;
const CRON = /^cron\(0 /;

/** @throws InvalidScheduleError */
export function recurrenceOf({
  automaticallyAfterDays: days,
  scheduleExpression: expression,
}: RotationRules): Recurrence | undefined {
  if (days !== undefined && expression !== undefined) {
    throw new InvalidScheduleError(expression, 'AutomaticallyAfterDays or ScheduleExpression, not both');
  }
  if (days !== undefined) {
    if (!Number.isInteger(days) || days < 1 || days > MOST_DAYS) {
      throw new InvalidScheduleError(String(days), `1 to ${MOST_DAYS} days`);
    }
    return parseRuleSchedule(days === 1 ? 'rate(1 day)' : `rate(${days} days)`);
  }
  if (expression === undefined) return undefined;
  if (!RATE.test(expression) && !CRON.test(expression)) {
    throw new InvalidScheduleError(
      expression,
      'rate(...) in days or in at least 4 hours, or cron(0 ...) at full hours',
    );
  }
  return parseRuleSchedule(expression);
}
