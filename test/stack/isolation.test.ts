import { setTimeout as sleep } from 'node:timers/promises';
import { Clients } from '../support/clients';
import { probeConnects } from '../support/connect-probe';
import { rounds } from '../support/counts';
import { Crowd } from '../support/crowd';
import { ServiceCaller } from '../support/service-calls';
import { Storm } from '../support/storm';
import { controlOf, readTarget } from '../support/target';

const target = readTarget();
const clients = new Clients(target);
const faults = controlOf(target);
const SERVICE = 'service-echo';
const MILLISECONDS = rounds(1_500, 10_000);
const CALLS_PER_SECOND = 10;
const STORM = rounds(200, 2_000);

let crowd: Crowd;
let caller: ServiceCaller;
beforeAll(async () => {
  crowd = await Crowd.of(clients, 5, 'bystander');
  caller = await ServiceCaller.open(target, 'caller', rounds(2_000, 8_000));
}, 30_000);
afterEach(() => faults.clear());
afterAll(() => {
  caller.close();
  clients.close();
});

/** P1: everybody beside the service in trouble connects, stays connected, and gets what was accepted. */
async function bystandersNoticeNothing(trouble: Promise<unknown>): Promise<void> {
  const calls = (MILLISECONDS * CALLS_PER_SECOND) / 1000;
  const [{ latencies, failures }] = await Promise.all([
    probeConnects(target, MILLISECONDS, 10),
    crowd.talk(MILLISECONDS, 500),
    caller.call(calls, 1000 / CALLS_PER_SECOND),
    trouble,
  ]);
  expect(failures).toEqual([]);
  expect(latencies).toHaveLength(MILLISECONDS / 100);
  expect(crowd.interruptions).toEqual([]);
  expect(crowd.faults()).toEqual([]);
  expect(caller.closedWith).toBeUndefined();
}

/** The service works again for its caller, within the time of a cold start or two. */
async function serviceRecovers(): Promise<void> {
  await faults.clear();
  const before = caller.outcomes.answered;
  await caller.call(3, 0);
  expect(caller.outcomes.answered).toBe(before + 3);
}

it.each([
  ['crashes', { share: 0.5, crashWithinMs: 20 }],
  ['leaks 20 MB a call', { leakMb: 20 }],
  ['is throttled', { throttle: true }],
])(
  'P1: one service %s; nobody else notices',
  async (_, fault) => {
    await faults.set('invocations', { function: SERVICE, ...fault });
    await bystandersNoticeNothing(Promise.resolve());
    await serviceRecovers();
  },
  60_000,
);

it('P1: one service is deployed again and again; nobody else notices', async () => {
  const deploy = async () => {
    const until = Date.now() + MILLISECONDS;
    while (Date.now() < until) {
      await faults.redeploy({ function: SERVICE });
      await sleep(500);
    }
  };
  await bystandersNoticeNothing(deploy());
  await serviceRecovers();
}, 60_000);

it('P1: a storm of invocations of one service; nobody else notices, and each that was accepted is answered', async () => {
  const storm = await Storm.prepare(STORM);
  let outcome: unknown;
  await bystandersNoticeNothing(
    storm.strike().then((result) => {
      outcome = result;
    }),
  );
  expect(outcome).toMatchObject({ accepted: STORM, answered: STORM, refused: 0, unanswered: 0 });
}, 120_000);
