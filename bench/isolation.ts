import { setTimeout as sleep } from 'node:timers/promises';
import { Clients } from '../test/support/clients';
import { probeConnects } from '../test/support/connect-probe';
import { Crowd } from '../test/support/crowd';
import { FaultControlClient } from '../test/support/fault-control';
import { ServiceCaller } from '../test/support/service-calls';
import startStack from '../test/support/start-stack';
import stopStack from '../test/support/stop-stack';
import { Storm } from '../test/support/storm';
import { readTarget, type Target } from '../test/support/target';
import { median, quantile, table } from './statistics';

/** Bystanders in channels of five; each publishes once a second. */
const BYSTANDERS = 10;
const PUBLISH_EVERY_MS = 1_000;
const ROUNDS = 5;
const ROUND_MS = 5_000;
const CONNECTS_PER_SECOND = 10;
/** Of the service in trouble, in every round alike. */
const CALLS_PER_SECOND = 10;
const SERVICE = 'service-echo';

interface Scene {
  readonly target: Target;
  readonly faults: FaultControlClient;
  readonly crowd: Crowd;
  readonly caller: ServiceCaller;
}

/** What happens to the service for a round. */
interface Trouble {
  readonly name: string;
  /** Resolves with what is to be said of it, once it is over. */
  readonly prepare?: () => Promise<Storm>;
  readonly during: (scene: Scene, milliseconds: number, storm?: Storm) => Promise<string>;
}

const troubles: readonly Trouble[] = [
  {
    name: 'crash of every second invocation',
    during: lasting({ function: SERVICE, share: 0.5, crashWithinMs: 20 }),
  },
  { name: 'leak of 20 MB a call', during: lasting({ function: SERVICE, leakMb: 20 }) },
  { name: 'throttle', during: lasting({ function: SERVICE, throttle: true }) },
  {
    name: 'redeploy, once a second',
    during: async ({ faults }, milliseconds) => {
      const until = Date.now() + milliseconds;
      while (Date.now() < until) {
        await faults.kill(SERVICE);
        await sleep(1_000);
      }
      return '';
    },
  },
  {
    name: 'storm of 2,000 calls',
    prepare: () => Storm.prepare(2_000),
    during: async (_, __, storm) => JSON.stringify(await storm?.strike()),
  },
];

function lasting(fault: object): Trouble['during'] {
  return async ({ faults }, milliseconds) => {
    await faults.set('invocations', fault);
    await sleep(milliseconds);
    await faults.clear();
    return '';
  };
}

/** p99 of handshakes while one service is in trouble, by the p99 of the quiet round before. */
export async function benchIsolation(): Promise<void> {
  await startStack();
  const target = readTarget();
  const clients = new Clients(target);
  try {
    const scene: Scene = {
      target,
      faults: new FaultControlClient(target.directory),
      crowd: await Crowd.of(clients, BYSTANDERS, 'bystander'),
      caller: await ServiceCaller.open(target, 'caller'),
    };
    await round(scene);
    const rows = [['trouble', 'quiet p50', 'p99, ms', 'in trouble p50', 'p99, ms', 'p99 ratio']];
    const said: string[] = [];
    for (const trouble of troubles.filter(({ name }) => name.includes(process.env['TROUBLE'] ?? ''))) {
      const pairs: { quiet: Round; troubled: Round }[] = [];
      for (let n = 0; n < ROUNDS; n++) {
        const quiet = await round(scene);
        const troubled = await round(scene, trouble);
        pairs.push({ quiet, troubled });
        said.push(`${trouble.name}: ${JSON.stringify({ quiet, troubled })}`);
        await sleep(2_000);
      }
      const of = (pick: (pair: (typeof pairs)[number]) => number) => median(pairs.map(pick));
      const figures = [
        of(({ quiet }) => quiet.p50),
        of(({ quiet }) => quiet.p99),
        of(({ troubled }) => troubled.p50),
        of(({ troubled }) => troubled.p99),
      ];
      const ratio = (figures[3] ?? Number.NaN) / (figures[1] ?? Number.NaN);
      rows.push([trouble.name, ...figures.map((figure) => figure.toFixed(1)), ratio.toFixed(2)]);
    }
    const faults = [...scene.crowd.faults(), ...scene.crowd.interruptions];
    process.stdout.write(`${table(rows)}\n${said.join('\n')}\n${JSON.stringify(faults.slice(0, 5))}\n`);
  } finally {
    clients.close();
    await stopStack();
  }
}

type Round = Awaited<ReturnType<typeof round>>;
async function round(scene: Scene, trouble?: Trouble) {
  const { target, crowd, caller } = scene;
  const storm = await trouble?.prepare?.();
  if (storm) await sleep(500);
  const [{ latencies, failures }, said] = await Promise.all([
    probeConnects(target, ROUND_MS, CONNECTS_PER_SECOND),
    trouble?.during(scene, ROUND_MS, storm),
    crowd.talk(ROUND_MS, PUBLISH_EVERY_MS),
    caller.call((ROUND_MS * CALLS_PER_SECOND) / 1000, 1000 / CALLS_PER_SECOND),
  ]);
  return {
    p50: median(latencies),
    p99: quantile(latencies, 0.99),
    failures,
    said,
    calls: JSON.stringify(caller.outcomes),
  };
}
