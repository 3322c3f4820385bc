import { benchAbuse } from './abuse';
import { benchAccess } from './access';
import type { BenchOptions } from './bench-options';
import { benchBundles } from './bundles';
import { benchChat } from './chat';
import { benchCoalescing } from './coalescing';
import { benchFanOut } from './fan-out';
import { benchHost } from './host';
import { benchIsolation } from './isolation';
import { benchPeer } from './peer';
import { benchPoster } from './poster';
import { benchRedisSize } from './redis-size';
import { benchReload } from './reload';
import { benchRoundTrip } from './round-trip';
import { benchStages } from './stages';

/** `npm run bench [-- name ... [--write]]`: all benches, or those named. */
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
};

/** Puts what was measured into `docs/`, for the benches that do. */
const WRITE = '--write';

async function main(args: readonly string[]): Promise<void> {
  const write = args.includes(WRITE);
  const names = args.filter((arg) => arg !== WRITE);
  const unknown = names.filter((name) => !(name in benches));
  if (unknown.length > 0) {
    process.stderr.write(`bench: expected ${Object.keys(benches).join(' or ')}, got ${unknown.join(' ')}\n`);
    process.exitCode = 2;
    return;
  }
  for (const [name, bench] of Object.entries(benches)) {
    if (names.length === 0 || names.includes(name)) await bench({ write });
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
