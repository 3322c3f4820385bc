import { Abusers } from './abuse';
import type { Target } from './target';

// The process of `attack`: abuse from standard input's begin to its end, then what came of it as JSON.

async function main([target = '', sockets = '']: readonly string[]): Promise<void> {
  const abusers = new Abusers(JSON.parse(target) as Target, Number(sockets));
  for await (const _ of process.stdin);
  await abusers.stop();
  process.stdout.write(JSON.stringify(abusers.counts));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`attackers: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
