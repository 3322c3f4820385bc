import { parseRuleSchedule, parseSchedulerExpression } from '../../local/schedules/expression';
import { ScheduleClock } from '../../local/schedules/schedule-clock';
import { Timetable } from '../../local/schedules/timetable';

const NOON = Date.parse('2026-08-01T12:00:00Z');
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

let timetable: Timetable;
beforeEach(() => jest.useFakeTimers({ now: NOON }));
afterEach(() => {
  timetable.close();
  jest.useRealTimers();
});

/** Seconds since noon, by the wall, at which an expression ran. */
function runsOf(expression: string, { scale = 1, runsAtStart = false } = {}): number[] {
  timetable = new Timetable(new ScheduleClock(scale));
  const runs: number[] = [];
  timetable.add({
    recurrence: parseRuleSchedule(expression),
    runsAtStart,
    run: (due) => {
      expect(due).toBe(Date.now());
      runs.push((due - NOON) / SECOND);
    },
  });
  return runs;
}

it('AWS user guide, rate expressions: a rate runs first when its period is over', () => {
  const runs = runsOf('rate(1 minute)');
  jest.advanceTimersByTime(MINUTE - 1);
  expect(runs).toEqual([]);
  jest.advanceTimersByTime(2 * MINUTE);
  expect(runs).toEqual([60, 120]);
});

it('EventBridge Scheduler user guide: a rate without start date runs at once', () => {
  const runs = runsOf('rate(1 hour)', { runsAtStart: true });
  jest.advanceTimersByTime(HOUR);
  expect(runs).toEqual([0, 3600]);
});

it('a cron expression runs at the full minute', () => {
  jest.setSystemTime(NOON + 59 * SECOND);
  const runs = runsOf('cron(0/2 * * * ? *)');
  jest.advanceTimersByTime(3 * MINUTE);
  expect(runs).toEqual([120]);
});

it('waits longer than one timer can: 25 days', () => {
  const runs = runsOf('rate(30 days)');
  jest.advanceTimersByTime(30 * 24 * HOUR - 1);
  expect(runs).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(runs).toHaveLength(1);
});

describe('a clock that is 60 times as fast', () => {
  it('runs a rate of one minute every second', () => {
    const runs = runsOf('rate(1 minute)', { scale: 60 });
    jest.advanceTimersByTime(3 * SECOND);
    expect(runs).toEqual([1, 2, 3]);
  });

  it('lets the hours of a cron expression come every minute', () => {
    const runs = runsOf('cron(30 * * * ? *)', { scale: 60 });
    jest.advanceTimersByTime(2 * MINUTE);
    expect(runs).toEqual([30, 90]);
  });
});

it('a scale that gives no whole milliseconds loses no time on the long run', () => {
  const runs = runsOf('rate(1 minute)', { scale: 700 });
  jest.advanceTimersByTime(MINUTE);
  expect(runs).toHaveLength(700);
});

it('runs once for all that a sleeping machine missed, and keeps the phase', () => {
  timetable = new Timetable(new ScheduleClock());
  const runs: number[] = [];
  timetable.add({
    recurrence: parseRuleSchedule('rate(1 minute)'),
    runsAtStart: false,
    run: (due) => runs.push((due - NOON) / MINUTE),
  });
  jest.advanceTimersByTime(MINUTE);
  // The clock goes on, the timers do not.
  jest.setSystemTime(Date.now() + 5 * MINUTE);
  jest.advanceTimersByTime(2 * MINUTE);
  expect(runs).toEqual([1, 2, 8]);
});

it('says of an entry that is never due that it will not run', () => {
  timetable = new Timetable(new ScheduleClock());
  const run = jest.fn();
  const add = (expression: string) =>
    timetable.add({ recurrence: parseSchedulerExpression(expression), runsAtStart: false, run });
  expect(add('cron(0 0 1 1 ? 2020)')).toBe(false);
  expect(add('at(2026-08-01T11:59:59)')).toBe(false);
  expect(add('at(2026-08-01T12:00:01)')).toBe(true);
  jest.advanceTimersByTime(HOUR);
  expect(run.mock.calls).toEqual([[NOON + SECOND]]);
});

it('runs nothing after its end', () => {
  const runs = runsOf('rate(1 minute)');
  timetable.close();
  jest.advanceTimersByTime(HOUR);
  expect(runs).toEqual([]);
  expect(jest.getTimerCount()).toBe(0);
});
