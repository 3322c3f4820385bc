import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { bundled } from './bundled';
import { CREDENTIALS, messageOf, startStub } from './children';
import type { PostCost } from './poster-load';
import { table } from './statistics';

/** CPU of one post: bare, signed by us, and by the SDK's client, against a service in another process. */
export async function benchPoster(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  try {
    const pemFile = join(directory, 'localhost.pem');
    writeFileSync(pemFile, await selfSigned());
    const load = bundled('poster-load.ts', directory);
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
  const stub = await startStub(protocol === 'https' ? { pemFile } : {});
  try {
    const env = { ...process.env, ...CREDENTIALS, NODE_EXTRA_CA_CERTS: pemFile };
    const url = `${protocol}://localhost:${String(stub.port)}/dev`;
    const load = fork(loadFile, [url], { env, execArgv: [] });
    return (await messageOf(load)) as readonly PostCost[];
  } finally {
    stub.stop();
  }
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
