import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { generate } from 'selfsigned';
import type { PostCost } from './poster-load';
import { table } from './statistics';

/** Credentials of a function's role, in their usual lengths. */
const CREDENTIALS = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'ASIA0123456789ABCDEF',
  AWS_SECRET_ACCESS_KEY: 'x'.repeat(40),
  AWS_SESSION_TOKEN: 'x'.repeat(900),
};

/** CPU of one post: bare, signed by us, and by the SDK's client, against a service in another process. */
export async function benchPoster(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  try {
    const pemFile = join(directory, 'localhost.pem');
    writeFileSync(pemFile, await selfSigned());
    const load = bundledLoad(directory);
    for (const protocol of ['http', 'https'] as const) {
      const costs = await costsBy(protocol, pemFile, load);
      process.stdout.write(
        `CPU per post over ${protocol}, 64 at once, medians, node ${process.version}\n${report(costs)}\n`,
      );
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** As functions are bundled: what runs the TypeScript of a bench wraps each closure, which costs more than a signature. */
function bundledLoad(directory: string): string {
  const outfile = join(directory, 'load.js');
  buildSync({
    entryPoints: [join(__dirname, 'poster-load.ts')],
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    outfile,
  });
  return outfile;
}

async function selfSigned(): Promise<string> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  return key + cert;
}

async function costsBy(
  protocol: 'http' | 'https',
  pemFile: string,
  loadFile: string,
): Promise<readonly PostCost[]> {
  const stub = fork(join(__dirname, 'poster-stub.ts'), protocol === 'https' ? [pemFile] : []);
  try {
    const port = await messageOf(stub);
    const env = { ...process.env, ...CREDENTIALS, NODE_EXTRA_CA_CERTS: pemFile };
    const url = `${protocol}://localhost:${String(port)}/dev`;
    const load = fork(loadFile, [url], { env, execArgv: [] });
    return (await messageOf(load)) as readonly PostCost[];
  } finally {
    stub.kill();
  }
}

function messageOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`child: expected a message, got its end with ${code}`)));
  });
}

function report(costs: readonly PostCost[]): string {
  const bare = costs[0]?.micros ?? Number.NaN;
  const last = costs.at(-1)?.micros ?? Number.NaN;
  const rows = costs.map(({ name, micros, perSecond }) => [
    name,
    micros.toFixed(0),
    (micros / bare).toFixed(2),
    (last / micros).toFixed(1),
    (1e6 / micros).toFixed(0),
    perSecond.toFixed(0),
  ]);
  return table([['way', 'CPU, us', '/ bare', 'SDK / this', 'posts/s per core', 'posts/s here'], ...rows]);
}
