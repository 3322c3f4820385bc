import { once } from 'node:events';
import { setPriority } from 'node:os';
import { BusStorm } from './bus-storm';
import { readTarget } from './target';

const STEPS_BACK = 10;

/** A storm in a process of its own: who measures beside it has its own thread. Strikes when it is told anything. */
async function main(count: number): Promise<void> {
  const storm = await BusStorm.prepare(readTarget(), count);
  // It stands for other machines.
  setPriority(STEPS_BACK);
  process.stdout.write('ready\n');
  await once(process.stdin, 'data');
  process.stdout.write(`${JSON.stringify(await storm.strike())}\n`);
  process.exit(0);
}

main(Number(process.argv[2])).catch((error: unknown) => {
  process.stderr.write(`storm: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
