import { cpus } from 'node:os';
import type { BenchOptions } from './bench-options';
import type { FanOut } from './courier-fleet';
import { markdownTable, writeImage, writeSection } from './document';
import { lineChart } from './line-chart';
import { median, table } from './statistics';

/** One publication, and what the service and Redis took for it beside the couriers. */
export interface Measured extends FanOut {
  readonly stubMicros: number;
  readonly redisMicros: number;
}

export interface Curve {
  readonly name: string;
  /** How many times slower than the real thing; times and rates are reported as of the real one. */
  readonly slowed: number;
  readonly points: readonly { readonly couriers: number; readonly runs: readonly Measured[] }[];
}

export interface FanOutResult {
  readonly members: number;
  readonly runs: number;
  readonly redis: string;
  readonly curves: readonly Curve[];
}

interface Point {
  readonly couriers: number;
  readonly milliseconds: number;
  readonly postsPerSecond: number;
  /** CPU per post. */
  readonly courierMicros: number;
  readonly stubMicros: number;
  readonly redisMicros: number;
  readonly throttled: number;
  /** To the rate of one courier, where that was measured. */
  readonly ratio: number | undefined;
}

function pointsOf({ points, slowed }: Curve): readonly Point[] {
  const all = points.map(({ couriers, runs }) => {
    const milliseconds = median(runs.map((run) => run.milliseconds)) / slowed;
    return {
      couriers,
      milliseconds,
      postsPerSecond: (1000 * (runs[0]?.posts ?? Number.NaN)) / milliseconds,
      courierMicros: median(runs.map((run) => run.cpuMicros / run.posts)),
      stubMicros: median(runs.map((run) => run.stubMicros / run.posts)),
      redisMicros: median(runs.map((run) => run.redisMicros / run.posts)),
      throttled: median(runs.map((run) => run.throttled)),
    };
  });
  const one = all.find(({ couriers }) => couriers === 1);
  return all.map((point) => ({ ...point, ratio: one && one.milliseconds / point.milliseconds }));
}

function rowsOf(curves: readonly Curve[]): readonly (readonly string[])[] {
  const head = [
    'load',
    'couriers',
    'append to last post, ms',
    'posts/s',
    '/ one courier',
    'CPU/post of couriers, us',
    'stub, us',
    'Redis, us',
    '429s',
  ];
  const rows = curves.flatMap((curve) =>
    pointsOf(curve).map((point) => [
      curve.name,
      String(point.couriers),
      point.milliseconds.toFixed(0),
      point.postsPerSecond.toFixed(0),
      point.ratio?.toFixed(1) ?? '',
      point.courierMicros.toFixed(0),
      point.stubMicros.toFixed(0),
      point.redisMicros.toFixed(1),
      point.throttled.toFixed(0),
    ]),
  );
  return [head, ...rows];
}

const IMAGE = 'fan-out.svg';

function chartOf(curves: readonly Curve[]): string {
  return lineChart({
    title: 'One publication to 10,000 members',
    x: 'couriers',
    y: 'posts/s',
    lines: curves.map((curve) => ({
      name: curve.name,
      points: pointsOf(curve).map(({ couriers, postsPerSecond }) => [couriers, postsPerSecond] as const),
    })),
  });
}

/** Prints the table; with `write` puts it and a picture of it into `docs/`. */
export function reportFanOut({ members, runs, redis, curves }: FanOutResult, { write }: BenchOptions): void {
  const rows = rowsOf(curves);
  const [cpu] = cpus();
  const where = `medians of ${runs}, ${cpus().length} cores (${cpu?.model.trim()}), Redis ${redis}, node ${process.version}`;
  process.stdout.write(`Fan-out to ${members} members, ${where}\n${table(rows)}\n`);
  if (!write) return;
  writeImage(IMAGE, chartOf(curves));
  writeSection(
    'fan-out',
    `${where[0]?.toUpperCase()}${where.slice(1)}.\n\n${markdownTable(rows)}\n\n![Posts per second by couriers](images/${IMAGE})`,
  );
}
