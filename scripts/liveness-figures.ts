import { CLAIMS, LOOKS_PER_SECOND } from '../lambdas/gateway/core/liveness/janitor';
import { LIVENESS_DEFAULTS, type LivenessConfig } from '../lib/liveness-config';

/** List prices of us-east-1, in dollars. */
const PRICES = {
  message: 1e-6,
  connectionMinute: 0.25e-6,
  lambdaRequest: 0.2e-6,
  /** arm64 */
  lambdaGbSecond: 0.0000133334,
  ecpu: 0.0023e-6,
};

const JANITOR_GB = 0.5;
const MONTH_SECONDS = 30 * 24 * 3600;
const RUNS_PER_MONTH = MONTH_SECONDS / 60;

/** What keeping idle connections costs: a row of `docs/operations.md`. */
export interface LivenessFigures {
  readonly connections: number;
  readonly looksPerSecond: number;
  /** Seconds that the runs of a minute work together, at their rate. */
  readonly busySecondsPerMinute: number;
  readonly scriptsPerSecond: number;
  readonly reconnectsPerSecond: number;
  /** Dollars a month. */
  readonly posts: number;
  readonly janitor: number;
  readonly redis: number;
  readonly sockets: number;
}

/**
 * Figures for connections to which nothing else is posted, each with that many subscriptions: a post per look, and in Redis a
 * script for the connection, one for each subscription, and its share of those that claim and settle.
 */
export function livenessFigures(
  connections: number,
  subscriptions = 1,
  { keepAliveSeconds, plannedReconnectSeconds }: LivenessConfig = LIVENESS_DEFAULTS,
): LivenessFigures {
  const looksPerSecond = connections / keepAliveSeconds;
  const busySecondsPerMinute = (looksPerSecond * 60) / LOOKS_PER_SECOND;
  const scriptsPerSecond = looksPerSecond * (1 + subscriptions + 2 / CLAIMS);
  return {
    connections,
    looksPerSecond,
    busySecondsPerMinute,
    scriptsPerSecond,
    reconnectsPerSecond: connections / plannedReconnectSeconds,
    posts: looksPerSecond * MONTH_SECONDS * PRICES.message,
    janitor:
      RUNS_PER_MONTH * (PRICES.lambdaRequest + busySecondsPerMinute * JANITOR_GB * PRICES.lambdaGbSecond),
    redis: scriptsPerSecond * MONTH_SECONDS * PRICES.ecpu,
    sockets: (connections * MONTH_SECONDS * PRICES.connectionMinute) / 60,
  };
}

const dollars = (amount: number) => `$${amount < 10 ? amount.toFixed(2) : Math.round(amount)}`;

/** The table of `docs/operations.md`. */
export function figuresTable(counts: readonly number[] = [1_000, 10_000, 100_000]): string {
  const rows = counts.map((count) => {
    const figures = livenessFigures(count);
    return [
      count.toLocaleString('en-US'),
      figures.looksPerSecond.toFixed(1),
      figures.busySecondsPerMinute.toFixed(1),
      figures.scriptsPerSecond.toFixed(0),
      figures.reconnectsPerSecond.toFixed(2),
      dollars(figures.posts),
      dollars(figures.janitor),
      dollars(figures.redis),
      dollars(figures.sockets),
    ];
  });
  const head = [
    'idle connections',
    'posts/s',
    'janitor, s of each minute',
    'scripts/s',
    'planned reconnects/s',
    'posts',
    'janitor',
    'Redis',
    'the sockets themselves',
  ];
  return [head, head.map(() => '---:'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

// `npm run figures` prints it.
if (require.main === module) process.stdout.write(`${figuresTable()}\n`);
