import fc from 'fast-check';
import { parseRuleSchedule, parseSchedulerExpression } from '../../local/schedules/expression';
import { InvalidScheduleError } from '../../local/schedules/recurrence';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The first `count` times after `from`, `yyyy-mm-ddThh:mm`, all UTC. */
function timesOf(expression: string, from: string, count = 1, parse = parseRuleSchedule): string[] {
  const recurrence = parse(expression);
  const startedAt = Date.parse(`${from}Z`);
  const times: string[] = [];
  let time: number | undefined = startedAt;
  while (times.length < count) {
    time = recurrence.nextAfter(time, startedAt);
    if (time === undefined) break;
    times.push(new Date(time).toISOString().slice(0, 16));
  }
  return times;
}

describe('AWS user guide, rate expressions: a rate', () => {
  it.each([
    ['rate(1 minute)', MINUTE],
    ['rate(5 minutes)', 5 * MINUTE],
    ['rate(1 hour)', HOUR],
    ['rate(12 hours)', 12 * HOUR],
    ['rate(1 day)', DAY],
    ['rate(7 days)', 7 * DAY],
  ])('of %s starts when the rule is made and comes every %d ms', (expression, period) => {
    const { nextAfter } = parseRuleSchedule(expression);
    const startedAt = 1_700_000_012_345;
    expect(nextAfter(startedAt, startedAt)).toBe(startedAt + period);
    expect(nextAfter(startedAt + period, startedAt)).toBe(startedAt + 2 * period);
    expect(nextAfter(startedAt + 2 * period - 1, startedAt)).toBe(startedAt + 2 * period);
  });

  it.each([
    ['rate(1 hours)', 'expected one of the units minute, hour, day for the value 1'],
    ['rate(5 hour)', 'expected one of the units minutes, hours, days for the value 5'],
    ['rate(1 minutes)', 'got "rate(1 minutes)"'],
  ])('of %s is refused: the unit of 1 is singular, of others plural', (expression, message) => {
    expect(() => parseRuleSchedule(expression)).toThrow(InvalidScheduleError);
    expect(() => parseRuleSchedule(expression)).toThrow(message);
  });
});

// https://github.com/localstack/localstack tests/aws/services/events/test_events_schedule.py, marked as validated on AWS.
describe('recorded on AWS (localstack, aws.validated): PutRule refuses', () => {
  it.each([
    ...['rate(10 seconds)', 'rate(10 years)', 'rate(1 minutes)', 'rate(1 hours)', 'rate(1 days)'],
    ...['rate(10 minute)', 'rate(10 hour)', 'rate(10 day)', 'rate()', 'rate(10)', 'rate(10 minutess)'],
    ...['rate(foo minutes)', 'rate(0 minutes)', 'rate(-10 minutes)', 'rate(10 MINUTES)'],
    ...['rate( 10 minutes )', ' rate(10 minutes)'],
    ...['cron(0 1 * * * *)', 'cron(7 20 * * NOT *)', 'cron(INVALID)', 'cron(0 dummy ? * MON-FRI *)'],
    'cron(71 8 1 * ? *)',
  ])('%j', (expression) => {
    expect(() => parseRuleSchedule(expression)).toThrow(/^Parameter ScheduleExpression is not valid: /);
    expect(() => parseRuleSchedule(expression)).toThrow(`got ${JSON.stringify(expression)}`);
  });
});

describe('recorded on AWS (localstack, aws.validated): PutRule takes', () => {
  it.each([
    // 2026-08-01 is a Saturday.
    ['cron(0 2 ? * SAT *)', '2026-08-01T02:00', '2026-08-08T02:00'],
    ['cron(0 12 * * ? *)', '2026-08-01T12:00', '2026-08-02T12:00'],
    ['cron(5,35 14 * * ? *)', '2026-08-01T14:05', '2026-08-01T14:35'],
    ['cron(0 2 ? * SAT#3 *)', '2026-08-15T02:00', '2026-09-19T02:00'],
    ['cron(* * ? * SAT#3 *)', '2026-08-15T00:00', '2026-08-15T00:01'],
    ['cron(0 18 ? * MON-FRI *)', '2026-08-03T18:00', '2026-08-04T18:00'],
    ['cron(0 8 1 * ? *)', '2026-08-01T08:00', '2026-09-01T08:00'],
    ['cron(0/15 * * * ? *)', '2026-08-01T00:15', '2026-08-01T00:30'],
    ['cron(0/10 * ? * MON-FRI *)', '2026-08-03T00:00', '2026-08-03T00:10'],
    ['cron(0/5 8-17 ? * MON-FRI *)', '2026-08-03T08:00', '2026-08-03T08:05'],
    ['cron(0/30 20-23 ? * MON-FRI *)', '2026-08-03T20:00', '2026-08-03T20:30'],
    ['cron(0/30 0-2 ? * MON-FRI *)', '2026-08-03T00:00', '2026-08-03T00:30'],
  ])('%s', (expression, first, second) => {
    expect(timesOf(expression, '2026-08-01T00:00', 2)).toEqual([first, second]);
  });

  it.each(['cron(15 10 ? * 6L 2002-2005)', 'cron(0/5 5 ? JAN 1-5 2022)'])(
    '%s, although its time is over',
    (expression) => {
      expect(timesOf(expression, '2026-08-01T00:00')).toEqual([]);
      expect(timesOf(expression, '2000-01-01T00:00')).toHaveLength(1);
    },
  );
});

describe('AWS user guide, cron expressions:', () => {
  it.each([
    [', lists values', 'cron(0 0 1 JAN,FEB,MAR ? *)', ['2027-01-01T00:00', '2027-02-01T00:00']],
    ['- is a range', 'cron(0 0 14-15 * ? *)', ['2026-08-14T00:00', '2026-08-15T00:00']],
    ['1/10 is every tenth from the first', 'cron(1/10 0 2 * ? *)', ['2026-08-02T00:01', '2026-08-02T00:11']],
    ['*/20 is every twentieth', 'cron(*/20 0 2 * ? *)', ['2026-08-02T00:00', '2026-08-02T00:20']],
    ['10-50/20 steps inside a range', 'cron(10-50/20 0 2 * ? *)', ['2026-08-02T00:10', '2026-08-02T00:30']],
    ['1/2 steps over days', 'cron(0 0 1/2 * ? *)', ['2026-08-03T00:00', '2026-08-05T00:00']],
    ['2026/2 steps over years', 'cron(0 0 1 1 ? 2026/2)', ['2028-01-01T00:00', '2030-01-01T00:00']],
    ['? is any day', 'cron(0 0 7 * ? *)', ['2026-08-07T00:00', '2026-09-07T00:00']],
    ['L is the last day of the month', 'cron(0 0 L * ? *)', ['2026-08-31T00:00', '2026-09-30T00:00']],
    ['L knows leap years', 'cron(0 0 L 2 ? *)', ['2027-02-28T00:00', '2028-02-29T00:00']],
    ['L is the last day of the week', 'cron(1 0 ? * L *)', ['2026-08-01T00:01', '2026-08-08T00:01']],
    ['6L is the last Friday', 'cron(0 0 ? * 6L *)', ['2026-08-28T00:00', '2026-09-25T00:00']],
    ['FRIL is the same', 'cron(0 0 ? * FRIL *)', ['2026-08-28T00:00', '2026-09-25T00:00']],
    ['3#2 is the second Tuesday', 'cron(0 0 ? * 3#2 *)', ['2026-08-11T00:00', '2026-09-08T00:00']],
    ['6#5 is only where there are five', 'cron(0 0 ? * 6#5 *)', ['2026-10-30T00:00', '2027-01-29T00:00']],
    ['1 is Sunday', 'cron(0 0 ? * 1 *)', ['2026-08-02T00:00', '2026-08-09T00:00']],
    // 15 August 2026 is a Saturday, 15 November a Sunday.
    ['15W is the nearest weekday', 'cron(0 0 15W 8,11 ? *)', ['2026-08-14T00:00', '2026-11-16T00:00']],
    ['1W stays in its month', 'cron(0 0 1W 8,11 ? *)', ['2026-08-03T00:00', '2026-11-02T00:00']],
    ['31W stays in its month', 'cron(0 0 31W 10,5 ? *)', ['2026-10-30T00:00', '2027-05-31T00:00']],
    ['31W is not in a month of 30 days', 'cron(0 0 31W 9,10 ? *)', ['2026-10-30T00:00', '2027-10-29T00:00']],
    ['29 February comes in leap years', 'cron(0 0 29 2 ? *)', ['2028-02-29T00:00', '2032-02-29T00:00']],
    ['30 February never comes', 'cron(0 0 30 2 ? *)', []],
    ['the year 2199 is the last', 'cron(0 0 31 12 ? 2199)', ['2199-12-31T00:00']],
  ])('%s', (_rule, expression, expected) => {
    expect(timesOf(expression, '2026-08-01T00:00', 2)).toEqual(expected);
  });

  it.each([
    ['five fields', 'cron(0 0 * * ?)', 'six fields'],
    ['seven fields', 'cron(0 0 0 * * ? *)', 'six fields'],
    ['* in both day fields', 'cron(0 0 * * * *)', '? in exactly one'],
    ['? in both day fields', 'cron(0 0 ? * ? *)', '? in exactly one'],
    ['values in both day fields', 'cron(0 0 1 * 2 *)', '? in exactly one'],
    ['? in another field', 'cron(? 0 * * ? *)', 'the field minutes'],
    ['60 minutes', 'cron(60 0 * * ? *)', '0 to 59'],
    ['24 hours', 'cron(0 24 * * ? *)', '0 to 23'],
    ['day 0', 'cron(0 0 0 * ? *)', '1 to 31'],
    ['day 32', 'cron(0 0 32 * ? *)', '1 to 31'],
    ['month 13', 'cron(0 0 1 13 ? *)', '1 to 12 or JAN to DEC'],
    ['weekday 0', 'cron(0 0 ? * 0 *)', '1 to 7 or SUN to SAT'],
    ['weekday 8', 'cron(0 0 ? * 8 *)', '1 to 7 or SUN to SAT'],
    ['a name of another field', 'cron(0 0 1 MON ? *)', 'the field month'],
    ['a step over weekdays', 'cron(0 0 ? * 2/2 *)', 'no step (/) in the field day-of-week'],
    ['a step of 0', 'cron(0/0 0 * * ? *)', 'a step from 1 to 59'],
    ['a list with #', 'cron(0 0 ? * 3#1,6#3 *)', 'one weekday, # and 1 to 5'],
    ['a sixth weekday of a month', 'cron(0 0 ? * 3#6 *)', 'one weekday, # and 1 to 5'],
    ['L where it means nothing', 'cron(L 0 * * ? *)', 'the field minutes'],
    ['W over weekdays', 'cron(0 0 ? * 3W *)', 'the field day-of-week'],
    ['W over day 32', 'cron(0 0 32W * ? *)', '1 to 31'],
    ['the year 1969', 'cron(0 0 1 1 ? 1969)', '1970 to 2199'],
    ['the year 2200', 'cron(0 0 1 1 ? 2200)', '1970 to 2199'],
    ['an empty item of a list', 'cron(0,,5 0 * * ? *)', 'the field minutes'],
    ['nothing', 'cron()', 'six fields'],
    ['text behind it', 'cron(0 0 * * ? *) x', 'six fields'],
    ['no kind at all', '5 minutes', 'rate(...) or cron(...)'],
    ['a one-time schedule, which rules do not have', 'at(2030-01-02T03:04:05)', 'rate(...) or cron(...)'],
  ])('%s is refused', (_what, expression, message) => {
    expect(() => parseRuleSchedule(expression)).toThrow(InvalidScheduleError);
    expect(() => parseRuleSchedule(expression)).toThrow(message);
  });

  it.each(['cron(0 0 LW * ? *)', 'cron(0 0 L-3 * ? *)', 'cron(0 0 1,L * ? *)', 'cron(0 22-2 * * ? *)'])(
    '%s is not in it, and so refused',
    (expression) => {
      expect(() => parseRuleSchedule(expression)).toThrow(InvalidScheduleError);
    },
  );
});

describe('AWS event-driven architecture workshop, scheduling expressions:', () => {
  it('mon-sun is every day: names may be in small letters, and Sunday is both ends of the week', () => {
    const week = timesOf('cron(0 0 ? * mon-sun *)', '2026-08-01T00:00', 7);
    expect(new Set(week.map((time) => new Date(`${time}Z`).getUTCDay())).size).toBe(7);
  });

  it('a range of weekdays that goes past Saturday takes what is between', () => {
    const times = timesOf('cron(0 0 ? * FRI-MON *)', '2026-08-01T00:00', 4);
    expect(times).toEqual(['2026-08-02T00:00', '2026-08-03T00:00', '2026-08-07T00:00', '2026-08-08T00:00']);
  });
});

it('AWS user guide, scheduled rules: a minute is the finest step and all times are UTC', () => {
  const { nextAfter } = parseRuleSchedule('cron(* * * * ? *)');
  const half = Date.parse('2026-08-01T23:59:30.500Z');
  expect(nextAfter(half, half)).toBe(Date.parse('2026-08-02T00:00:00Z'));
  expect(nextAfter(Date.parse('2026-08-02T00:00:00Z'), half)).toBe(Date.parse('2026-08-02T00:01:00Z'));
});

describe('EventBridge Scheduler user guide, schedule types: a one-time schedule', () => {
  it('is due once', () => {
    const from = '2026-08-01T00:00';
    const times = timesOf('at(2026-08-02T03:04:05)', from, 2, parseSchedulerExpression);
    expect(times).toEqual(['2026-08-02T03:04']);
  });

  it.each(['at(2026-02-30T00:00:00)', 'at(2026-08-02)', 'at(2026-08-02T03:04:05Z)', 'at()'])(
    '%s is refused',
    (expression) => {
      expect(() => parseSchedulerExpression(expression)).toThrow(InvalidScheduleError);
    },
  );
});

/** Values of a field, and the text that a person could write for them. */
function someOf(
  least: number,
  most: number,
): fc.Arbitrary<{ text: string; has: (value: number) => boolean }> {
  const value = fc.integer({ min: least, max: most });
  return fc.oneof(
    fc.constant({ text: '*', has: () => true }),
    fc.uniqueArray(value, { minLength: 1, maxLength: 4 }).map((values) => ({
      text: values.join(','),
      has: (one: number) => values.includes(one),
    })),
    fc.tuple(value, value).map(([a, b]) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      return { text: `${from}-${to}`, has: (one: number) => one >= from && one <= to };
    }),
    fc.tuple(value, fc.integer({ min: 1, max: most })).map(([from, step]) => ({
      text: `${from}/${step}`,
      has: (one: number) => one >= from && (one - from) % step === 0,
    })),
  );
}

it('gives the very minutes that a walk over every minute finds', () => {
  const start = fc.integer({ min: Date.UTC(2023, 0, 1), max: Date.UTC(2029, 0, 1) });
  const fields = fc.record({
    minute: someOf(0, 59),
    hour: someOf(0, 23),
    month: someOf(1, 12),
    day: someOf(1, 31),
    start,
  });
  fc.assert(
    fc.property(fields, ({ minute, hour, month, day, start: from }) => {
      const cron = parseRuleSchedule(`cron(${minute.text} ${hour.text} ${day.text} ${month.text} ? *)`);
      const isDue = (time: number): boolean => {
        const date = new Date(time);
        return (
          minute.has(date.getUTCMinutes()) &&
          hour.has(date.getUTCHours()) &&
          day.has(date.getUTCDate()) &&
          month.has(date.getUTCMonth() + 1)
        );
      };
      let walked = Math.floor(from / MINUTE) * MINUTE + MINUTE;
      const end = from + 3 * DAY;
      while (walked <= end && !isDue(walked)) walked += MINUTE;
      const found = cron.nextAfter(from, from);
      if (walked <= end) expect(found).toBe(walked);
      else expect(found === undefined || (found > end && isDue(found))).toBe(true);
    }),
    { numRuns: 300 },
  );
});
