import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Clients, collect, eventually } from '../support/clients';
import { rounds } from '../support/counts';
import { sandboxPids } from '../support/sandboxes';
import { readTarget } from '../support/target';

const target = readTarget();
const clients = new Clients(target);
afterEach(() => clients.close());

const FUNCTION = 'local-holdfast-service-echo';
const CALLS = rounds(300, 3_000);
const IN_FLIGHT = 8;
const KILLS_IN_FLIGHT = 3;

/** Invocations of the service that died under their sandbox, as the runtime reports them. */
function killsInFlight(): number {
  const log = readFileSync(target.logFile ?? '', 'utf8');
  return log.split('\n').filter((line) => line.startsWith('service-echo') && line.includes('Runtime exited'))
    .length;
}

/**
 * Kills sandboxes of the service, until enough of them were busy or the work is done. One that was there at two looks before has
 * started, so it is in the midst of the calls; killed at its start it would only be replaced.
 */
async function killWhile(working: () => boolean): Promise<void> {
  const looks = new Map<number, number>();
  while (working() && killsInFlight() < KILLS_IN_FLIGHT * rounds(2, 10)) {
    for (const pid of sandboxPids(FUNCTION)) {
      const seen = looks.get(pid) ?? 0;
      looks.set(pid, seen + 1);
      if (seen < 2) continue;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself between the look and the kill.
      }
    }
    await sleep(60);
  }
}

async function inParallel(count: number, width: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < count) await work(next++);
    }),
  );
}

// P1: the crash of a business function closes no connection and loses no accepted event.
it('answers or refuses every call, publishes what was accepted once, and closes no socket while its function is killed', async () => {
  const alice = await clients.connected('alice');
  const bob = await clients.connected('bob');
  const channel = `room:kills-${Date.now()}`;
  const seen = await collect(bob, channel);
  const interruptions: string[] = [];
  for (const client of [alice, bob]) {
    client.on('connecting', ({ reason }) => interruptions.push(reason));
    client.on('disconnected', ({ reason }) => interruptions.push(reason));
  }

  const before = killsInFlight();
  const outcomes = {
    said: 0,
    sayRefused: 0,
    sayErrors: [] as unknown[],
    shouted: [] as string[],
    shoutRefused: 0,
  };
  let working = true;
  const killer = killWhile(() => working);
  await inParallel(CALLS, IN_FLIGHT, async (n) => {
    const text = `shout ${n}`;
    const say = alice.rpc('echo.say', { text: `say ${n}` }).then(
      ({ data }) => {
        expect(data).toEqual({ text: `say ${n}`, user: 'alice' });
        outcomes.said++;
      },
      (error: { code: number }) => {
        outcomes.sayRefused++;
        outcomes.sayErrors.push(error.code);
      },
    );
    const shout = bob.rpc('echo.shout', { channel, text }).then(
      () => outcomes.shouted.push(text),
      () => outcomes.shoutRefused++,
    );
    await Promise.all([say, shout]);
  });
  working = false;
  await killer;

  expect(killsInFlight() - before).toBeGreaterThanOrEqual(KILLS_IN_FLIGHT);
  expect(outcomes.said + outcomes.sayRefused).toBe(CALLS);
  // Error 100 came from the gateway; a time-out of the client (1) would mean that nobody answered.
  expect(outcomes.sayErrors.filter((code) => code !== 100)).toEqual([]);
  const texts = () => seen.map(({ data }) => data.text as string);
  await eventually('every accepted shout', () => outcomes.shouted.every((text) => texts().includes(text)));
  await sleep(500);
  expect(new Set(texts()).size).toBe(texts().length);
  expect(seen.map(({ offset }) => offset)).toEqual(seen.map((_, index) => index + 1));
  expect(interruptions).toEqual([]);
  // The kills must not have been most of the run, or the rest proves nothing.
  expect(outcomes.said).toBeGreaterThan(CALLS / 4);
}, 300_000);
