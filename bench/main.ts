import { parseArgs } from 'node:util';
import { benchAbuse } from './abuse';
import { benchAccess } from './access';
import type { BenchOptions } from './bench-options';
import { benchBundles } from './bundles';
import { benchChat } from './chat';
import { benchCoalescing } from './coalescing';
import { benchEndurance } from './endurance';
import { benchFanOut } from './fan-out';
import { benchHost } from './host';
import { benchIsolation } from './isolation';
import { benchPeer } from './peer';
import { benchPoster } from './poster';
import { benchRedisSize } from './redis-size';
import { benchReload } from './reload';
import { benchRoundTrip } from './round-trip';
import { benchStages } from './stages';

/** `npm run bench [-- name ... [--write] [--minutes N]]`: all benches, or those named. */
const benches: Readonly<Record<string, (options: BenchOptions) => void | Promise<void>>> = {
  bundles: benchBundles,
  poster: benchPoster,
  stages: benchStages,
  coalescing: benchCoalescing,
  'fan-out': benchFanOut,
  'redis-size': benchRedisSize,
  'round-trip': benchRoundTrip,
  chat: benchChat,
  reload: benchReload,
  access: benchAccess,
  abuse: benchAbuse,
  isolation: benchIsolation,
  host: benchHost,
  peer: benchPeer,
  endurance: benchEndurance,
};

/** `--write` puts what was measured into `docs/`, for the benches that do; `--minutes` is for those that run for long. */
const OPTIONS = { write: { type: 'boolean', default: false }, minutes: { type: 'string' } } as const;

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals: names } = parseArgs({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
  });
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
  const unknown = names.filter((name) => !(name in benches));
  if (unknown.length > 0 || (minutes !== undefined && !(minutes > 0))) {
    const got = [...names, ...(values.minutes === undefined ? [] : ['--minutes', values.minutes])].join(' ');
    process.stderr.write(
      `bench: expected ${Object.keys(benches).join(' or ')}, --write, --minutes N, got ${got}\n`,
    );
    process.exitCode = 2;
    return;
  }
  const options: BenchOptions = { write: values.write, ...(minutes === undefined ? {} : { minutes }) };
  for (const [name, bench] of Object.entries(benches)) {
    if (names.length === 0 || names.includes(name)) await bench(options);
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
