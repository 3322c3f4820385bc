import { benchAccess } from './access';
import { benchBundles } from './bundles';
import { benchCoalescing } from './coalescing';
import { benchPoster } from './poster';
import { benchRedisSize } from './redis-size';
import { benchRoundTrip } from './round-trip';
import { benchStages } from './stages';

/** `npm run bench [-- name ...]`: all benches, or those named. */
const benches: Readonly<Record<string, () => void | Promise<void>>> = {
  bundles: benchBundles,
  poster: benchPoster,
  stages: benchStages,
  coalescing: benchCoalescing,
  'redis-size': benchRedisSize,
  'round-trip': benchRoundTrip,
  access: benchAccess,
};

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in benches));
  if (unknown.length > 0) {
    process.stderr.write(`bench: expected ${Object.keys(benches).join(' or ')}, got ${unknown.join(' ')}\n`);
    process.exitCode = 2;
    return;
  }
  for (const [name, bench] of Object.entries(benches)) {
    if (names.length === 0 || names.includes(name)) await bench();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
