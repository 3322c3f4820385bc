import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundleDirectory } from '../lib/bundling/bundle';
import { bundleFunctions } from '../lib/function-bundles';
import { functionEnvironments } from './function-environments';
import { buildNaivePeer } from './naive-peer';
import { median, table } from './statistics';

const ROUNDS = 15;

const PEER = 'naive gateway function (peer)';

interface Bundle {
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Bytes of each function's bundle and the time to load it, beside a bundle that imports what a naive gateway function would. */
export function benchBundles(): void {
  const root = join(__dirname, '..');
  const functions = bundleFunctions(root);
  const peerDirectory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  try {
    const peer = buildNaivePeer(root, peerDirectory);
    const environments = functionEnvironments();
    const bundles = new Map<string, Bundle>([[PEER, { file: peer.file, environment: {} }]]);
    for (const { name } of functions) {
      const file = join(root, bundleDirectory(name), 'index.js');
      bundles.set(name, { file, environment: environments.get(name) ?? {} });
    }
    report(bundles, measure(bundles), peer.missing);
  } finally {
    rmSync(peerDirectory, { recursive: true, force: true });
  }
}

/** `lambda`: behind Node's `http`, which Lambda's runtime client loads before any function. `alone`: with nothing before it. */
const STARTS = ['lambda', 'alone'] as const;

type Start = (typeof STARTS)[number];

/** Milliseconds of each load, by the bundle's name and the start. */
type Loads = ReadonlyMap<string, { readonly [Each in Start]: readonly number[] }>;

/** Round by round over all bundles, so that a slow moment of the machine hits each alike. */
function measure(bundles: ReadonlyMap<string, Bundle>): Loads {
  const loads = new Map(
    [...bundles.keys()].map((name) => [name, { lambda: [], alone: [] } as Record<Start, number[]>]),
  );
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, bundle] of bundles) {
      for (const start of STARTS) loads.get(name)?.[start].push(loadMilliseconds(bundle, start));
    }
  }
  return loads;
}

function report(bundles: ReadonlyMap<string, Bundle>, loads: Loads, missing: readonly string[]): void {
  const medianOf = (name: string, start: Start) => median(loads.get(name)?.[start] ?? []);
  const rows = [['bundle', 'KB', 'KB gzip', 'load ms', '/ peer', 'alone ms', '/ peer']];
  for (const [name, { file }] of bundles) {
    const bytes = readFileSync(file);
    rows.push([
      name,
      (bytes.length / 1024).toFixed(0),
      (gzipSync(bytes).length / 1024).toFixed(0),
      ...STARTS.flatMap((start) => [
        medianOf(name, start).toFixed(0),
        (medianOf(name, start) / medianOf(PEER, start)).toFixed(2),
      ]),
    ]);
  }
  const peer = missing.length > 0 ? `; the peer lacks ${missing.join(', ')}` : '';
  process.stdout.write(
    `Bundles: size, and CPU time of the load, median of ${ROUNDS}, node ${process.version}${peer}\n${table(rows)}\n`,
  );
}

/**
 * CPU time inside a fresh process, without the start of node itself: all modules, and what the handler's module makes of them.
 * The clock on the wall would measure what else the machine does.
 */
function loadMilliseconds({ file, environment }: Bundle, start: Start): number {
  const before = start === 'lambda' ? "require('http');" : '';
  const script = `${before}const begun=process.cpuUsage();require(${JSON.stringify(file)});
    const {user,system}=process.cpuUsage(begun);process.stdout.write(String((user+system)/1000));process.exit(0)`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', AWS_REGION: 'us-east-1', ...environment },
  });
  if (status !== 0) throw new Error(`${file} does not load: ${stderr.slice(-1_000)}`);
  return Number(stdout.split('\n').at(-1));
}
