import { join } from 'node:path';
import { buildSync } from 'esbuild';

/**
 * The program of another process, as functions are bundled: what runs the TypeScript of a bench wraps each closure, which costs
 * more than a signature. Answers the file.
 */
export function bundled(entry: string, directory: string): string {
  const outfile = join(directory, entry.replace(/\.ts$/, '.js'));
  buildSync({
    entryPoints: [join(__dirname, entry)],
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    outfile,
  });
  return outfile;
}
