import { Abusers } from '../test/support/abuse';
import { readTarget } from '../test/support/target';

// A process of its own, so that what it sends takes nothing of the loop that measures: abuse from standard input's begin to
// its end, then what came of it as JSON.

async function attack(count: number): Promise<void> {
  const abusers = new Abusers(readTarget(), count);
  for await (const _ of process.stdin);
  await abusers.stop();
  process.stdout.write(JSON.stringify(abusers.counts));
}

attack(Number(process.argv[2])).catch((error: unknown) => {
  process.stderr.write(`attackers: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
