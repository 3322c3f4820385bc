import { InvalidScheduleError, type Recurrence } from './recurrence';

const RATE = /^rate\((\S+)\s+(\S+)\)$/;
const MINUTE_MS = 60_000;

/** The unit of a value of 1 is singular, of any other plural. */
const UNITS: Readonly<Record<string, number>> = {
  minute: MINUTE_MS,
  hour: 60 * MINUTE_MS,
  day: 24 * 60 * MINUTE_MS,
};

/**
 * Reads `rate(5 minutes)` (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html).
 * @throws InvalidScheduleError
 */
export function parseRate(expression: string): Recurrence {
  const [, count = '', unit = ''] = RATE.exec(expression) ?? [];
  if (!/^[1-9]\d{0,8}$/.test(count)) {
    throw new InvalidScheduleError(expression, 'rate(value unit) with a positive whole number as value');
  }
  const value = Number(count);
  const units = Object.keys(UNITS).map((singular) => (value === 1 ? singular : `${singular}s`));
  if (!units.includes(unit)) {
    throw new InvalidScheduleError(expression, `one of the units ${units.join(', ')} for the value ${value}`);
  }
  return every(value * (UNITS[value === 1 ? unit : unit.slice(0, -1)] ?? MINUTE_MS));
}

function every(periodMs: number): Recurrence {
  return {
    nextAfter: (time, startedAt) => {
      const periods = Math.floor((time - startedAt) / periodMs) + 1;
      return startedAt + Math.max(1, periods) * periodMs;
    },
  };
}
