import { parseCron } from './cron';
import { parseRate } from './rate';
import { InvalidScheduleError, type Recurrence } from './recurrence';

const AT = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/;

/** Reads the `rate(...)` or `cron(...)` of a rule. @throws InvalidScheduleError */
export function parseRuleSchedule(expression: string): Recurrence {
  if (expression.startsWith('rate(')) return parseRate(expression);
  if (expression.startsWith('cron(')) return parseCron(expression);
  throw new InvalidScheduleError(expression, 'rate(...) or cron(...)');
}

/** Reads the expression of an EventBridge Scheduler schedule, which may also be `at(2030-01-02T03:04:05)`. @throws InvalidScheduleError */
export function parseSchedulerExpression(expression: string): Recurrence {
  if (!expression.startsWith('at(')) return parseRuleSchedule(expression);
  const [, text = ''] = AT.exec(expression) ?? [];
  const at = Date.parse(`${text}Z`);
  // The 30th of February would be taken for the 2nd of March.
  if (Number.isNaN(at) || !new Date(at).toISOString().startsWith(text)) {
    throw new InvalidScheduleError(expression, 'at(yyyy-mm-ddThh:mm:ss) with a date that exists');
  }
  return { nextAfter: (time) => (time < at ? at : undefined) };
}

/** Whether an expression counts from the moment at which its schedule was made. */
export function isRate(expression: string): boolean {
  return expression.startsWith('rate(');
}
