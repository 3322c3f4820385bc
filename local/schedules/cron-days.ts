import { type FieldRange, parseField, parseValue } from './cron-field';
import type { Refuse } from './recurrence';

/** A day as the fields day-of-month and day-of-week see it. */
export interface MonthDay {
  /** From 1. */
  readonly day: number;
  /** 1 is Sunday, 7 Saturday. */
  readonly weekday: number;
  readonly daysInMonth: number;
}

export type DayTest = (day: MonthDay) => boolean;

const DAYS_OF_MONTH: FieldRange = { name: 'day-of-month', least: 1, most: 31, steps: true, wraps: false };
const DAYS_OF_WEEK: FieldRange = {
  name: 'day-of-week',
  least: 1,
  most: 7,
  names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'],
  steps: false,
  wraps: true,
};
const [SUNDAY, SATURDAY] = [1, 7];

/** `?`, `L` (the last day), `15W` (the weekday nearest to the 15th) or values. */
export function parseDayOfMonth(text: string, refuse: Refuse): DayTest {
  if (text === '?') return () => true;
  if (text === 'L') return ({ day, daysInMonth }) => day === daysInMonth;
  const [, nearest] = /^(\d{1,2})W$/.exec(text) ?? [];
  if (nearest === undefined) return memberOf('day', parseField(text, DAYS_OF_MONTH, refuse));
  const target = parseValue(nearest, DAYS_OF_MONTH, refuse);
  return (day) => day.day === nearestWeekday(target, day);
}

/** `?`, `L` (Saturday), `6L` (the last Friday of the month), `6#3` (its third Friday) or values. */
export function parseDayOfWeek(text: string, refuse: Refuse): DayTest {
  if (text === '?') return () => true;
  if (text === 'L') return ({ weekday }) => weekday === SATURDAY;
  const [, last] = /^([0-9A-Z]+)L$/i.exec(text) ?? [];
  if (last !== undefined) {
    const wanted = parseValue(last, DAYS_OF_WEEK, refuse);
    return ({ weekday, day, daysInMonth }) => weekday === wanted && day + 7 > daysInMonth;
  }
  if (!text.includes('#')) return memberOf('weekday', parseField(text, DAYS_OF_WEEK, refuse));
  // The user guide: only one expression where # is used, no list.
  const [, nth = '', count = ''] =
    /^([0-9A-Z]+)#([1-5])$/i.exec(text) ?? refuse('one weekday, # and 1 to 5, such as 3#2');
  const wanted = parseValue(nth, DAYS_OF_WEEK, refuse);
  return ({ weekday, day }) => weekday === wanted && Math.ceil(day / 7) === Number(count);
}

function memberOf(name: 'day' | 'weekday', values: ReadonlySet<number>): DayTest {
  return (day) => values.has(day[name]);
}

/** Day of the month, Monday to Friday, that is nearest to `target` and in the same month; undefined where the month has no such day. */
function nearestWeekday(target: number, { day, weekday, daysInMonth }: MonthDay): number | undefined {
  if (target > daysInMonth) return undefined;
  const weekdayOfTarget = ((((weekday - 1 + target - day) % 7) + 7) % 7) + 1;
  if (weekdayOfTarget === SATURDAY) return target === 1 ? 3 : target - 1;
  if (weekdayOfTarget === SUNDAY) return target === daysInMonth ? target - 2 : target + 1;
  return target;
}
