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

/** Milliseconds per load. Round by round over all bundles, so that a slow moment of the machine hits each alike. */
function measure(bundles: ReadonlyMap<string, Bundle>): ReadonlyMap<string, readonly number[]> {
  const times = new Map<string, number[]>([...bundles.keys()].map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, bundle] of bundles) times.get(name)?.push(loadMilliseconds(bundle));
  }
  return times;
}

function report(
  bundles: ReadonlyMap<string, Bundle>,
  times: ReadonlyMap<string, readonly number[]>,
  missing: readonly string[],
): void {
  const floor = median(times.get(PEER) ?? []);
  const rows = [['bundle', 'KB', 'KB gzip', 'load ms', 'load / peer']];
  for (const [name, { file }] of bundles) {
    const bytes = readFileSync(file);
    const load = median(times.get(name) ?? []);
    rows.push([
      name,
      (bytes.length / 1024).toFixed(0),
      (gzipSync(bytes).length / 1024).toFixed(0),
      load.toFixed(0),
      (load / floor).toFixed(2),
    ]);
  }
  const peer = missing.length > 0 ? `; the peer lacks ${missing.join(', ')}` : '';
  process.stdout.write(
    `Bundles: size and load, median of ${ROUNDS}, node ${process.version}${peer}\n${table(rows)}\n`,
  );
}

/**
 * Time inside a fresh process, without the start of node itself: all modules, and what the handler's module makes of them.
 * `http` is there before, as on Lambda, whose runtime client loads it before any function.
 */
function loadMilliseconds({ file, environment }: Bundle): number {
  const script = `require('http');const t=process.hrtime.bigint();require(${JSON.stringify(file)});
    process.stdout.write(String(Number(process.hrtime.bigint()-t)/1e6));process.exit(0)`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', AWS_REGION: 'us-east-1', ...environment },
  });
  if (status !== 0) throw new Error(`${file} does not load: ${stderr.slice(-1_000)}`);
  return Number(stdout.split('\n').at(-1));
}
