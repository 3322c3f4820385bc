import { type DayTest, parseDayOfMonth, parseDayOfWeek } from './cron-days';
import { type FieldRange, parseField } from './cron-field';
import { InvalidScheduleError, type Recurrence, type Refuse } from './recurrence';

const MINUTES: FieldRange = { name: 'minutes', least: 0, most: 59, steps: true, wraps: false };
const HOURS: FieldRange = { name: 'hours', least: 0, most: 23, steps: true, wraps: false };
const MONTHS: FieldRange = {
  name: 'month',
  least: 1,
  most: 12,
  names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  steps: true,
  wraps: false,
};
const YEARS: FieldRange = { name: 'year', least: 1970, most: 2199, steps: true, wraps: false };

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const LAST_DAY = Date.UTC(YEARS.most, 11, 31);

/** An expression with its fields read. */
interface Cron {
  /** Minutes of a day, in order. */
  readonly minutesOfDay: readonly number[];
  readonly months: ReadonlySet<number>;
  readonly years: ReadonlySet<number>;
  readonly dayOfMonth: DayTest;
  readonly dayOfWeek: DayTest;
}

/**
 * Reads `cron(minutes hours day-of-month month day-of-week year)` and evaluates it in UTC
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html). What the user guide does not
 * describe is refused: `LW`, `L-3`, ranges of other fields than day-of-week that go backwards, `L`, `W` or `#` in a list.
 * @throws InvalidScheduleError
 */
export function parseCron(expression: string): Recurrence {
  const refuse: Refuse = (expected) => {
    throw new InvalidScheduleError(expression, expected);
  };
  const fields = /^cron\((.+)\)$/.exec(expression)?.[1]?.split(/\s+/) ?? [];
  const [minutes = '', hours = '', dayOfMonth = '', month = '', dayOfWeek = '', year = ''] = fields;
  if (fields.length !== 6) {
    return refuse(
      `six fields, cron(minutes hours day-of-month month day-of-week year), not ${fields.length}`,
    );
  }
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) {
    return refuse('? in exactly one of the fields day-of-month and day-of-week');
  }
  const hourly = [...parseField(minutes, MINUTES, refuse)].sort((a, b) => a - b);
  const daily = [...parseField(hours, HOURS, refuse)].sort((a, b) => a - b);
  const cron: Cron = {
    minutesOfDay: daily.flatMap((hour) => hourly.map((minute) => hour * 60 + minute)),
    months: parseField(month, MONTHS, refuse),
    years: parseField(year, YEARS, refuse),
    dayOfMonth: parseDayOfMonth(dayOfMonth, refuse),
    dayOfWeek: parseDayOfWeek(dayOfWeek, refuse),
  };
  return { nextAfter: (time) => nextOf(cron, time) };
}

/** Looks day after day, until the last year that an expression can name. */
function nextOf(cron: Cron, time: number): number | undefined {
  const earliest = (Math.floor(time / MINUTE_MS) + 1) * MINUTE_MS;
  for (let day = earliest - (earliest % DAY_MS); day <= LAST_DAY; day += DAY_MS) {
    if (!isDayOf(cron, day)) continue;
    const minute = cron.minutesOfDay.find((each) => day + each * MINUTE_MS >= earliest);
    if (minute !== undefined) return day + minute * MINUTE_MS;
  }
  return undefined;
}

function isDayOf({ months, years, dayOfMonth, dayOfWeek }: Cron, midnight: number): boolean {
  const date = new Date(midnight);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
  if (!years.has(year) || !months.has(month)) return false;
  const day = {
    day: date.getUTCDate(),
    weekday: date.getUTCDay() + 1,
    // The day before the next month's first.
    daysInMonth: new Date(Date.UTC(year, month, 0)).getUTCDate(),
  };
  return dayOfMonth(day) && dayOfWeek(day);
}
