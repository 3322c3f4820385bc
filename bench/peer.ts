import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundled } from './bundled';
import { messageOf } from './children';
import { echoes } from './echo-load';
import { installPeer, startPeer } from './echo-peer';
import { median, quantile, table } from './statistics';

const CONNECTIONS = [1, 10, 50];
const GOALS = [1, 2, 2];
const ROUNDS = 3;
const WARM_UP_SECONDS = 3;
const SECONDS = 5;

interface Figures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

interface Side {
  readonly url: string;
  readonly child: ChildProcess;
}

/** Echo through `$default`, answered by `@connections`, here and on serverless-offline: the same function, a fresh server a round. */
export async function benchPeer(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-peer-'));
  try {
    const code = bundled('echo-function.ts', directory);
    const peer = installPeer(directory, code);
    const ours: Figures[][] = [];
    const theirs: Figures[][] = [];
    for (let n = 0; n < ROUNDS; n++) {
      theirs.push(await measure(await startPeer(directory)));
      ours.push(await measure(await startOurs(code)));
    }
    const rows = [
      ['connections', 'peer msg/s', 'p50', 'p99, ms', 'ours msg/s', 'p50', 'p99, ms', 'ours / peer', 'goal'],
    ];
    for (const [index, connections] of CONNECTIONS.entries()) {
      const of = (side: readonly Figures[][], figure: keyof Figures) =>
        median(side.map((round) => round[index]?.[figure] ?? Number.NaN));
      rows.push([
        String(connections),
        of(theirs, 'perSecond').toFixed(0),
        of(theirs, 'p50').toFixed(1),
        of(theirs, 'p99').toFixed(1),
        of(ours, 'perSecond').toFixed(0),
        of(ours, 'p50').toFixed(1),
        of(ours, 'p99').toFixed(1),
        (of(ours, 'perSecond') / of(theirs, 'perSecond')).toFixed(2),
        String(GOALS[index]),
      ]);
    }
    process.stdout.write(
      `Echo through $default and @connections beside ${peer}, isolated; one message in flight a connection, ${SECONDS} s after ${WARM_UP_SECONDS} s, medians of ${ROUNDS} rounds, node ${process.version}\n${table(rows)}\n`,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function startOurs(code: string): Promise<Side> {
  const child = fork(join(__dirname, 'echo-host.ts'), [code]);
  return { url: String(await messageOf(child)), child };
}

async function measure({ url, child }: Side): Promise<Figures[]> {
  const figures: Figures[] = [];
  try {
    for (const connections of CONNECTIONS) {
      await echoes(url, connections, WARM_UP_SECONDS);
      const samples = await echoes(url, connections, SECONDS);
      figures.push({
        perSecond: samples.length / SECONDS,
        p50: median(samples),
        p99: quantile(samples, 0.99),
      });
    }
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  return figures;
}
