import { parseArgs } from 'node:util';
import { functionNameOf } from '../lib/bundling/bundle';
import { FunctionWatch } from './watch-functions/function-watch';

/**
 * Bundles functions whose files are saved, and says so by lines of JSON: `{"ready":true}` once it watches, then
 * `{"function","directory"}` for new code, `{"function","problem"}` where there is none, and `{"outdated":true}` for a file that templates
 * are made of. `npm start` runs it; it ends when its input ends.
 */
function main(): void {
  const { values } = parseArgs({
    options: { environment: { type: 'string' }, directory: { type: 'string' } },
  });
  const { environment, directory } = values;
  if (environment === undefined || directory === undefined) {
    throw new Error('expected --environment NAME and --directory DIR, got fewer');
  }
  const say = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`);
  const watch = new FunctionWatch({
    root: process.cwd(),
    directory,
    built: (name, codeDirectory) =>
      say({ function: functionNameOf(environment, name), directory: codeDirectory }),
    outdated: () => say({ outdated: true }),
    failed: (name, problem) => say({ function: functionNameOf(environment, name), problem }),
  });
  watch.start();
  process.stdin.resume().once('end', () => void watch.close());
  say({ ready: true });
}

main();
