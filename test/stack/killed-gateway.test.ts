import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Centrifuge } from 'centrifuge';
import { seededRandom } from '../../local/faults/random';
import { type ChannelLog, readLog } from '../support/channel-log';
import { Clients, eventually } from '../support/clients';
import { rounds } from '../support/counts';
import { upTo } from '../support/publishing';
import { messagesInQueues } from '../support/queues';
import { sandboxPids } from '../support/sandboxes';
import { faultsOf, Sightings } from '../support/sightings';
import { readTarget } from '../support/target';

const target = readTarget();
const clients = new Clients(target);
afterEach(() => clients.close());

const FUNCTIONS = ['gateway-courier', 'gateway-ingress'] as const;
/** A frame that dies with ingress costs its client the connection after 3 s, so most kills are the courier's. */
const COURIER_SHARE = 0.7;
const PUBLISHERS = ['alice', 'bob', 'carol'];
const SUBSCRIBERS = 6;
/** A channel whose courier died waits 20 s for its messages to be visible again; the others go on meanwhile. */
const CHANNELS = 4;
const SETTLING_MS = 120_000;
const PUBLICATIONS = rounds(100, 600);
const PACE_MS = 120;
const KILLS = 10;
/** How many of the kills have to hit a function at work, for the others prove little. */
const KILLS_IN_FLIGHT = 3;
/** A publication is through ingress and courier in about this time, so a kill after it finds one of them at work. */
const KILL_WITHIN_MS = 20;

interface Outcome {
  readonly channel: string;
  readonly text: string;
  readonly published: boolean;
}

/** Invocations that died under their sandbox, as the runtime reports them. */
function killsInFlight(): number {
  const log = readFileSync(target.logFile ?? '', 'utf8').split('\n');
  return log.filter(
    (line) => FUNCTIONS.some((name) => line.startsWith(name)) && line.includes('Runtime exited'),
  ).length;
}

/** Kills all sandboxes of a function; answers whether there was one. */
function kill(name: (typeof FUNCTIONS)[number]): boolean {
  const pids = sandboxPids(`local-holdfast-${name}`);
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself between the look and the kill.
    }
  }
  return pids.length > 0;
}

async function publish(client: Centrifuge, channel: string, text: string): Promise<Outcome> {
  const published = await client.publish(channel, text).then(
    () => true,
    () => false,
  );
  return { channel, text, published };
}

/** Publishes at a pace, answered or not, and kills one function or the other behind about every tenth publication. */
async function publishAndKill(
  publishers: readonly Centrifuge[],
  channels: readonly string[],
  random: () => number,
): Promise<Outcome[]> {
  const oneOf = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item;
  const outcomes: Promise<Outcome>[] = [];
  const before = killsInFlight();
  let kills = 0;
  while (outcomes.length < PUBLICATIONS || kills < KILLS || killsInFlight() - before < KILLS_IN_FLIGHT) {
    outcomes.push(publish(oneOf(publishers), oneOf(channels), `publication ${outcomes.length}`));
    const pause = PACE_MS * 2 * random();
    const killAfter = random() < KILLS / PUBLICATIONS ? KILL_WITHIN_MS * random() : undefined;
    if (killAfter !== undefined) {
      await sleep(killAfter);
      if (kill(FUNCTIONS[random() < COURIER_SHARE ? 0 : 1])) kills++;
    }
    await sleep(pause);
  }
  return Promise.all(outcomes);
}

/** Waits until nothing is on its way to a channel any more. */
async function settle(): Promise<void> {
  const deadline = Date.now() + SETTLING_MS;
  let quiet = 0;
  // A function that ends may still send what wakes the next, so one look is not enough.
  while (quiet < 5) {
    const left = await messagesInQueues(target);
    quiet = left === 0 ? quiet + 1 : 0;
    if (Date.now() > deadline) throw new Error(`expected empty queues, got ${left} messages`);
    await sleep(200);
  }
}

it.each(upTo(rounds(1, 3)))(
  'shows each subscriber all of the log in order, or says what it lacks, while couriers and ingress are killed (seed %i)',
  async (seed) => {
    const channels = upTo(CHANNELS).map((n) => `room:killed-${Date.now()}-${n}`);
    const publishers = await Promise.all(PUBLISHERS.map((user) => clients.connected(user)));
    const readers = await Promise.all(upTo(SUBSCRIBERS).map((n) => clients.connected(`reader-${n}`)));
    const seen = await Promise.all(
      channels.map((channel) => Promise.all(readers.map((client) => Sightings.of(client, channel)))),
    );
    const ended: unknown[] = [];
    for (const client of [...publishers, ...readers]) client.on('disconnected', (event) => ended.push(event));

    const outcomes = await publishAndKill(publishers, channels, seededRandom(seed));
    await settle();

    const auditor = await clients.connected('auditor');
    for (const [index, channel] of channels.entries()) {
      // Whatever state the channel was left in, it works.
      await auditor.publish(channel, 'the end');
      const published = outcomes.filter((outcome) => outcome.channel === channel && outcome.published);
      await audit(
        await readLog(auditor, channel),
        published.map(({ text }) => text),
        seen[index] ?? [],
      );
    }
    expect(ended).toEqual([]);
    // Not nearly all may have failed, or the rest proves nothing.
    expect(outcomes.filter(({ published }) => published).length).toBeGreaterThan(outcomes.length / 10);
  },
  360_000,
);

/** Compares what the publishers were told and what the subscribers saw with the log. */
async function audit(
  { top, publications }: ChannelLog,
  published: readonly string[],
  seen: readonly Sightings[],
): Promise<void> {
  await eventually(
    'all subscribers at the top',
    () => seen.every(({ position }) => position?.offset === top.offset),
    30_000,
  );
  expect(publications.map(({ offset }) => offset)).toEqual(upTo(top.offset));
  const texts = publications.map(({ data }) => data);
  expect(new Set(texts).size).toBe(texts.length);
  expect(published.filter((text) => !texts.includes(text))).toEqual([]);
  const logged = new Set(publications.map((publication) => JSON.stringify(publication)));
  for (const sightings of seen) {
    expect(faultsOf(sightings.all)).toEqual([]);
    expect(sightings.position).toEqual(top);
    expect(sightings.placed.filter((placed) => !logged.has(JSON.stringify(placed)))).toEqual([]);
  }
}
