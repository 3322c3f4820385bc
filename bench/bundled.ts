import { basename, join, resolve } from 'node:path';
import { buildSync } from 'esbuild';

/**
 * The program of another process, as functions are bundled: what runs the TypeScript of a bench wraps each closure, which costs
 * more than a signature. Answers the file. `entry` is relative to this folder.
 */
export function bundled(entry: string, directory: string): string {
  const outfile = join(directory, basename(entry).replace(/\.ts$/, '.js'));
  buildSync({
    entryPoints: [resolve(__dirname, entry)],
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    outfile,
  });
  return outfile;
}
