import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { bundleFunctions } from '../lib/function-bundles';
import { median, table } from './statistics';

const ROUNDS = 9;

/** Bytes of each function's bundle and the time to load it, beside a bundle that holds one AWS SDK client and nothing else. */
export function benchBundles(): void {
  bundleFunctions();
  const root = join(__dirname, '..');
  const peerDirectory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  try {
    const peer = join(peerDirectory, 'index.js');
    buildSync({
      stdin: { contents: "export * from '@aws-sdk/client-eventbridge'", resolveDir: root, loader: 'ts' },
      bundle: true,
      minify: true,
      platform: 'node',
      target: 'node20',
      outfile: peer,
    });
    const functions = join(root, 'build', 'functions');
    const bundles = new Map([['one SDK client (peer)', peer]]);
    for (const name of readdirSync(functions).sort()) bundles.set(name, join(functions, name, 'index.js'));
    // Round by round over all of them, so that a slow moment of the machine hits each alike.
    const times = new Map<string, number[]>([...bundles.keys()].map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, file] of bundles) times.get(name)?.push(loadMilliseconds(file));
    }
    const floor = median(times.get('one SDK client (peer)') ?? []);
    const rows = [['bundle', 'KB', 'KB gzip', 'load ms', 'ratio']];
    for (const [name, file] of bundles) {
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
    process.stdout.write(
      `Bundles: size and load, median of ${ROUNDS}, node ${process.version}\n${table(rows)}\n`,
    );
  } finally {
    rmSync(peerDirectory, { recursive: true, force: true });
  }
}

/** Time inside a fresh process, without the start of node itself. */
function loadMilliseconds(file: string): number {
  const script = `const t=process.hrtime.bigint();try{require(${JSON.stringify(file)})}catch(e){if(e.name!=='EnvironmentError')throw e}
    process.stdout.write(String(Number(process.hrtime.bigint()-t)/1e6));process.exit(0)`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', AWS_REGION: 'us-east-1', ...functionEnvironment },
  });
  if (status !== 0) throw new Error(`${file} does not load: ${stderr}`);
  return Number(stdout.split('\n').at(-1));
}

/** Enough for every handler to get past its environment check; nothing is called. */
const functionEnvironment = Object.fromEntries(
  [
    'ENVIRONMENT',
    'REDIS_HOST',
    'REDIS_USER',
    'REDIS_SECRET_ARN',
    'JWT_SECRET_ARN',
    'ALLOWED_ORIGINS',
    'SIGNING_SECRET_ARN',
    'BUS_NAME',
    'SERVICES_PARAMETER_PATH',
    'SIGNING_KEYS_PARAMETER',
    'SERVICE_NAME',
  ].map((name) => [name, 'bench']),
) as Record<string, string>;
Object.assign(functionEnvironment, {
  REDIS_PORT: '6379',
  RPC_TIMEOUT_SECONDS: '5',
  CALLBACK_URL: 'http://localhost:1/bench',
  DELIVERIES_QUEUE_URL: 'http://localhost:1/bench.fifo',
  WAKES_QUEUE_URL: 'http://localhost:1/bench',
});
