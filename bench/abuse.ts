import { setTimeout as sleep } from 'node:timers/promises';
import type { Abusers } from '../test/support/abuse';
import { attack } from '../test/support/attack';
import { Clients } from '../test/support/clients';
import { Crowd } from '../test/support/crowd';
import startStack from '../test/support/start-stack';
import stopStack from '../test/support/stop-stack';
import { readTarget } from '../test/support/target';
import { median, quantile, table } from './statistics';

const HONEST = 20;
const ABUSIVE = 60;
const ROUNDS = 3;
const ROUND_MS = 8_000;
/** One publication a second of each. */
const EVERY_MS = 1_000;
/** Sandboxes start, and abuse reaches its rate. */
const WARM_UP_MS = 6_000;

interface Round {
  readonly p50: number;
  readonly p99: number;
}

/** Latency of 20 honest clients, alone and beside 60 abusive sockets, in turn on one stack. */
export async function benchAbuse(): Promise<void> {
  await startStack();
  const clients = new Clients(readTarget());
  try {
    const crowd = await Crowd.of(clients, HONEST, 'bench');
    await crowd.talk(WARM_UP_MS, EVERY_MS);
    const rows = [['round', 'quiet p50', 'p99, ms', 'abused p50', 'p99, ms', 'p50 ratio', 'p99 ratio']];
    const rounds: { readonly quiet: Round; readonly abused: Round }[] = [];
    const counts: Abusers['counts'][] = [];
    for (let n = 1; n <= ROUNDS; n++) {
      const quiet = await measure(crowd);
      const end = attack(readTarget(), ABUSIVE);
      const abused = await crowd
        .talk(WARM_UP_MS, EVERY_MS)
        .then(() => measure(crowd))
        .finally(async () => counts.push(await end()));
      // What the abuse left to do is no part of the next quiet round.
      await sleep(WARM_UP_MS);
      rounds.push({ quiet, abused });
      rows.push(rowOf(String(n), quiet, abused));
    }
    // What abuse leaves to do shows in the quiet rounds after it: only the first one is undisturbed.
    const quiet = rounds[0]?.quiet ?? { p50: Number.NaN, p99: Number.NaN };
    const abused = {
      p50: median(rounds.map((round) => round.abused.p50)),
      p99: median(rounds.map((round) => round.abused.p99)),
    };
    rows.push(rowOf('first, median', quiet, abused));
    const ratio = abused.p99 / quiet.p99;
    const faults = [...crowd.faults(), ...crowd.interruptions];
    const some = `${faults.length}, such as ${faults.slice(0, 3).join('; ')}`;
    process.stdout.write(
      [
        `${HONEST} clients that publish every ${EVERY_MS} ms to channels of five, publish to receipt, ${ROUND_MS / 1000} s a round,`,
        `alone and beside ${ABUSIVE} abusive sockets, on the local runtime, node ${process.version}`,
        table(rows),
        `p99, median of ${ROUNDS} abused rounds by the first quiet one: ${ratio.toFixed(2)} (goal: at most 2)`,
        `faults and interruptions of honest clients: ${faults.length === 0 ? 'none' : some}`,
        `abuse of the last round: ${JSON.stringify(counts.at(-1))}`,
        '',
      ].join('\n'),
    );
  } finally {
    clients.close();
    await stopStack();
  }
}

async function measure(crowd: Crowd): Promise<Round> {
  crowd.latencies = [];
  await crowd.talk(ROUND_MS, EVERY_MS);
  return { p50: median(crowd.latencies), p99: quantile(crowd.latencies, 0.99) };
}

function rowOf(name: string, quiet: Round, abused: Round): string[] {
  const figures = [quiet.p50, quiet.p99, abused.p50, abused.p99].map((figure) => figure.toFixed(1));
  return [name, ...figures, (abused.p50 / quiet.p50).toFixed(2), (abused.p99 / quiet.p99).toFixed(2)];
}
