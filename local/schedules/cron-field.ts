import type { Refuse } from './recurrence';

/** A field of a cron expression whose values are numbers or names. */
export interface FieldRange {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Names of the values from `least` on, in capitals. @default none */
  readonly names?: readonly string[];
  /** Whether `/` may give a step. */
  readonly steps: boolean;
  /** Whether a range may go past the last value, as `MON-SUN` does where Sunday is 1. */
  readonly wraps: boolean;
}

const ITEM = /^(\*|[0-9A-Z]+)(?:-([0-9A-Z]+))?(?:\/(\d{1,4}))?$/;

/** Reads values, ranges, `*` and steps in a list, such as `0/15` or `MON-WED,FRI`. */
export function parseField(text: string, field: FieldRange, refuse: Refuse): ReadonlySet<number> {
  return new Set(text.split(',').flatMap((item) => valuesOf(item, field, refuse)));
}

/** Reads one number or name. */
export function parseValue(text: string, field: FieldRange, refuse: Refuse): number {
  const { names = [], least, most } = field;
  // Names in small letters are taken as well: AWS's own event-driven architecture workshop has `mon-sun`.
  const named = names.indexOf(text.toUpperCase());
  const value = named >= 0 ? named + least : /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : refuse(describe(field));
}

function valuesOf(item: string, field: FieldRange, refuse: Refuse): number[] {
  const [, first = '', last, step] = ITEM.exec(item.toUpperCase()) ?? refuse(describe(field));
  if (step !== undefined && !field.steps) return refuse(`no step (/) in the field ${field.name}`);
  if (first === '*' && last !== undefined) return refuse(describe(field));
  const from = first === '*' ? field.least : parseValue(first, field, refuse);
  // `10/5` goes on to the end of the field.
  const open = first === '*' || step !== undefined;
  const to = last !== undefined ? parseValue(last, field, refuse) : open ? field.most : from;
  if (to < from && field.wraps) return [...steps(from, field.most, 1), ...steps(field.least, to, 1)];
  if (to < from) return refuse(`a range in the field ${field.name} that does not go backwards`);
  return steps(from, to, step === undefined ? 1 : stepOf(step, field, refuse));
}

function stepOf(text: string, field: FieldRange, refuse: Refuse): number {
  const step = Number(text);
  return step >= 1 && step <= field.most
    ? step
    : refuse(`a step from 1 to ${field.most} in the field ${field.name}`);
}

function steps(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}

function describe({ name, least, most, names = [] }: FieldRange): string {
  const named = names.length > 0 ? ` or ${names[0]} to ${names.at(-1)}` : '';
  return `${least} to ${most}${named}, lists, ranges or * in the field ${name}`;
}
