import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlClient } from '../local/kit';
import { Clients } from '../test/support/clients';
import { probeConnects } from '../test/support/connect-probe';
import { Crowd } from '../test/support/crowd';
import { ServiceCaller } from '../test/support/service-calls';
import startStack from '../test/support/start-stack';
import stopStack from '../test/support/stop-stack';
import { Storm } from '../test/support/storm';
import { controlOf, readTarget, type Target } from '../test/support/target';
import { median, quantile, table } from './statistics';

/** In channels of five; each publishes once a second. */
const BYSTANDERS = 10;
const PUBLISH_EVERY_MS = 1_000;
const ROUNDS = 5;
const ROUND_MS = 5_000;
const REST_MS = 2_000;
const CONNECTS_PER_SECOND = 20;
/** Of the service in trouble, in every round alike. */
const CALLS_PER_SECOND = 10;
const SERVICE = 'service-echo';
const STORM = 2_000;

interface Scene {
  readonly target: Target;
  readonly faults: ControlClient;
  readonly crowd: Crowd;
  readonly caller: ServiceCaller;
}

/** What happens to the service for a round. Resolves with what is ready to happen; that resolves with what was lost. */
type Trouble = (scene: Scene) => Promise<() => Promise<string[]>>;

const troubles: Readonly<Record<string, Trouble>> = {
  'every second invocation crashes': lasting({ share: 0.5, crashWithinMs: 20 }),
  'leaks 20 MB a call': lasting({ leakMb: 20 }),
  'is throttled': lasting({ throttle: true }),
  'is deployed once a second': async ({ faults }) => {
    return async () => {
      for (const end = Date.now() + ROUND_MS; Date.now() < end; await sleep(1_000)) {
        await faults.redeploy({ function: SERVICE });
      }
      return [];
    };
  },
  [`storm of ${STORM} invocations`]: async () => {
    const storm = await Storm.prepare(STORM);
    return async () => {
      const { accepted, answered } = await storm.strike();
      return accepted === answered ? [] : [`storm: ${accepted} accepted, ${answered} answered`];
    };
  },
};

function lasting(fault: object): Trouble {
  return async ({ faults }) => {
    return async () => {
      await faults.set('invocations', { function: SERVICE, ...fault });
      await sleep(ROUND_MS);
      await faults.clear();
      return [];
    };
  };
}

interface Round {
  readonly p50: number;
  readonly p99: number;
}

/** P1: handshakes while one service is in trouble, by those of the quiet round before, and what its bystanders notice. */
export async function benchIsolation(): Promise<void> {
  await startStack();
  const target = readTarget();
  const clients = new Clients(target);
  try {
    const scene: Scene = {
      target,
      faults: controlOf(target),
      crowd: await Crowd.of(clients, BYSTANDERS, 'bystander'),
      caller: await ServiceCaller.open(target, 'caller'),
    };
    const noticed: string[] = [];
    // Sandboxes start.
    await measure(scene, noticed);
    const rows = [['the service', 'quiet p50', 'p99, ms', 'in trouble p50', 'p99, ms', 'p99 ratio']];
    for (const [name, trouble] of Object.entries(troubles)) {
      const pairs: { readonly quiet: Round; readonly troubled: Round }[] = [];
      for (let n = 0; n < ROUNDS; n++) {
        const begin = await trouble(scene);
        await sleep(REST_MS);
        const quiet = await measure(scene, noticed);
        pairs.push({ quiet, troubled: await measure(scene, noticed, begin) });
      }
      rows.push(rowOf(name, pairs));
    }
    noticed.push(...scene.crowd.interruptions, ...scene.crowd.faults());
    process.stdout.write(
      [
        `Handshakes while service echo is in trouble, ${CONNECTS_PER_SECOND} a second, beside ${BYSTANDERS} clients that publish every second and`,
        `${CALLS_PER_SECOND} calls a second of the service; rounds of ${ROUND_MS / 1000} s, medians of ${ROUNDS}, node ${process.version}`,
        table(rows),
        `closed, lost, refused, out of order at bystanders: ${noticed.length === 0 ? 'nothing' : noticed.slice(0, 5).join('; ')}`,
        '',
      ].join('\n'),
    );
  } finally {
    clients.close();
    await stopStack();
  }
}

async function measure(
  { target, crowd, caller }: Scene,
  noticed: string[],
  trouble?: () => Promise<string[]>,
): Promise<Round> {
  const [{ latencies, failures }, lost = []] = await Promise.all([
    probeConnects(target, ROUND_MS, CONNECTS_PER_SECOND),
    trouble?.(),
    crowd.talk(ROUND_MS, PUBLISH_EVERY_MS),
    caller.call((ROUND_MS * CALLS_PER_SECOND) / 1000, 1000 / CALLS_PER_SECOND),
  ]);
  noticed.push(...failures, ...lost);
  if (caller.closedWith !== undefined) noticed.push(`the caller was closed with ${caller.closedWith}`);
  return { p50: median(latencies), p99: quantile(latencies, 0.99) };
}

function rowOf(
  name: string,
  pairs: readonly { readonly quiet: Round; readonly troubled: Round }[],
): string[] {
  const of = (state: 'quiet' | 'troubled', figure: keyof Round) =>
    median(pairs.map((pair) => pair[state][figure]));
  const figures = [of('quiet', 'p50'), of('quiet', 'p99'), of('troubled', 'p50'), of('troubled', 'p99')];
  const ratio = of('troubled', 'p99') / of('quiet', 'p99');
  return [name, ...figures.map((figure) => figure.toFixed(1)), ratio.toFixed(2)];
}
