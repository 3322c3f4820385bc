import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Centrifuge, StateContext } from 'centrifuge';
import WebSocket from 'ws';
import { type Holdfast, startHoldfast } from '../../local/kit';
import { readLog } from '../support/channel-log';
import { Clients, eventually } from '../support/clients';
import { faultsOf, Sightings } from '../support/sightings';
import { tokenFor } from '../support/target';

/** Ten minutes are 5 s, two hours are a minute, and the janitor comes every half a second. */
const TIME_SCALE = 120;
const IDLE_MS = (10 * 60_000) / TIME_SCALE;
const LIFE_MS = (2 * 3_600_000) / TIME_SCALE;

const CONFIG = {
  liveness: { pingSeconds: 4, keepAliveSeconds: 3, plannedReconnectSeconds: 45, pendingSeconds: 2 },
  limits: {
    connectsPerSecond: 5,
    connectBurst: 30,
    connectionsPerUser: 4,
    commandsPerSecond: 40,
    commandBurst: 100,
  },
};

let stack: Holdfast;
let clients: Clients;
/** Clients of its own live through their two hours while the other tests run. */
let lasting: Clients;
let twoHours: ReturnType<typeof liveThroughTwoHours>;

beforeAll(async () => {
  stack = await startHoldfast({ config: CONFIG, timeScale: TIME_SCALE });
  clients = new Clients(stack);
  lasting = new Clients(stack);
  twoHours = liveThroughTwoHours(lasting);
  // Its own test hears of it.
  twoHours.catch(() => undefined);
}, 90_000);
afterEach(() => clients.close());
afterAll(() => {
  lasting?.close();
  return stack.stop();
});

/** What a client says about its connection from now on. */
function statesOf(client: Centrifuge): (readonly [state: string, code: number])[] {
  const states: (readonly [string, number])[] = [];
  client.on('connecting', ({ code }) => states.push(['connecting', code]));
  client.on('disconnected', ({ code }) => states.push(['disconnected', code]));
  client.on('state', ({ newState }: StateContext) => {
    if (String(newState) === 'connected') states.push(['connected', 0]);
  });
  return states;
}

/** Readers and a publisher from before their connections' two hours until after them: what they missed, and what they went through. */
async function liveThroughTwoHours(clients: Clients) {
  const channel = `room:two-hours-${Date.now()}`;
  const readers = await Promise.all([1, 2, 3, 4].map((n) => clients.connected(`reader-${n}`)));
  const states = readers.map(statesOf);
  const seen = await Promise.all(readers.map((client) => Sightings.of(client, channel)));
  const publisher = await clients.connected('publisher');
  const ends = Date.now() + LIFE_MS + 5_000;
  for (let n = 0; Date.now() < ends; n++) {
    // The publisher's own connection is renewed, too: what fails on the way is not published, or published.
    await publisher.publish(channel, { n }).catch(() => undefined);
    await sleep(150);
  }
  await publisher.ready();
  const { top } = await readLog(publisher, channel);
  await eventually('all readers at the top', () =>
    seen.every(({ position }) => position?.offset === top.offset),
  );
  return { states, faults: seen.flatMap((sightings) => faultsOf(sightings.all)) };
}

/** A bare handshake from an address of this machine; the status, 101 where it succeeds. */
async function handshakeFrom(localAddress: string): Promise<number> {
  const socket = new WebSocket(stack.websocketUrl, { localAddress });
  socket.on('error', () => undefined);
  const status = await Promise.race([
    once(socket, 'open').then(() => 101),
    once(socket, 'unexpected-response').then(([, response]) => Number(response.statusCode)),
  ]);
  socket.terminate();
  return status;
}

describe('an idle connection', () => {
  it('outlives the idle limit of API Gateway, and its client expects pings', async () => {
    const plain = await clients.raw(`?token=${await tokenFor(stack, 'plain')}`);
    const raw = await clients.raw();
    raw.send({ id: 1, connect: { token: await tokenFor(stack, 'idle') } });
    expect(await raw.next()).toMatchObject({ id: 1, connect: { ping: CONFIG.liveness.pingSeconds } });
    const client = await clients.connected('idle');
    const states = statesOf(client);
    await sleep(3 * IDLE_MS);
    expect(states).toEqual([]);
    expect([plain.closed, raw.closed]).toEqual([undefined, undefined]);
    expect(await raw.next()).toEqual({});
    expect(plain.frames.length).toBeGreaterThan(2);
  }, 40_000);

  it('is left to itself where publications keep it alive', async () => {
    const [alice, bob] = [await clients.connected('alice'), await clients.connected('bob')];
    const raw = await clients.raw(`?token=${await tokenFor(stack, 'reader')}`);
    raw.send({ id: 1, subscribe: { channel: 'room:lively' } });
    await raw.next();
    for (let n = 0; n < 24; n++) {
      await (n % 2 === 0 ? alice : bob).publish('room:lively', { n });
      await sleep(IDLE_MS / 12);
    }
    expect(raw.frames.filter((frame) => frame === '{}')).toEqual([]);
    expect(raw.closed).toBeUndefined();
  }, 40_000);
});

it('a socket that never connects is closed with 3502', async () => {
  const socket = await clients.raw();
  expect(await socket.next()).toEqual({ push: { disconnect: { code: 3502, reason: 'stale' } } });
  expect(await socket.close()).toBe(1000);
});

describe('limits', () => {
  it('answer 429 to a network that connects too often, and 101 to others', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 60; n++) statuses.push(await handshakeFrom('127.0.0.9'));
    expect(new Set(statuses)).toEqual(new Set([101, 429]));
    expect(statuses.slice(0, CONFIG.limits.connectBurst)).toEqual(
      Array<number>(CONFIG.limits.connectBurst).fill(101),
    );
    expect(await handshakeFrom('127.0.0.10')).toBe(101);
  }, 30_000);

  it('end a flood with errors 111 and 3013, while others are served', async () => {
    const flooding = await clients.raw();
    flooding.send({ id: 1, connect: { token: await tokenFor(stack, 'mallory') } });
    await flooding.next();
    const alice = await clients.connected('alice');
    const times: number[] = [];
    // Each frame is more than the burst, and far more than what the rate gives back while it is answered.
    const size = CONFIG.limits.commandBurst + 50;
    for (let first = 2; first < 20 * size && !flooding.closed; first += size) {
      flooding.send(
        Array.from({ length: size }, (_, n) => JSON.stringify({ id: first + n, ping: {} })).join('\n'),
      );
      await eventually(
        'an answer or the end',
        () =>
          flooding.closed !== undefined || flooding.frames.some((frame) => frame.includes(`"id":${first},`)),
      );
      const began = Date.now();
      await alice.publish('room:flood', { first });
      times.push(Date.now() - began);
    }
    await flooding.close();
    const messages = flooding.frames.flatMap((frame) => frame.split('\n').map((line) => JSON.parse(line)));
    expect(messages.filter(({ error }) => error?.code === 111).length).toBeGreaterThan(0);
    expect(messages.flatMap(({ push }) => push?.disconnect?.code ?? [])).toContain(3013);
    expect(times.length).toBeGreaterThan(0);
    expect(Math.max(...times)).toBeLessThan(4_000);
  }, 30_000);

  it('end the connection of a user that is one too many with 3504', async () => {
    const most = CONFIG.limits.connectionsPerUser;
    const open = await Promise.all(Array.from({ length: most }, () => clients.connected('zoe')));
    const states = open.map(statesOf);
    const another = await clients.centrifuge('zoe');
    const ended = new Promise<number>((resolve) => another.on('disconnected', ({ code }) => resolve(code)));
    another.connect();
    expect(await ended).toBe(3504);
    // Its place is free again once a connection is known to have ended.
    open[0]?.disconnect();
    await sleep(1_000);
    await clients.connected('zoe');
    expect(states.slice(1)).toEqual(open.slice(1).map(() => []));
  }, 30_000);
});

it('no client loses or repeats a message when its two hours are over', async () => {
  const { faults, states } = await twoHours;
  expect(faults).toEqual([]);
  for (const of of states) {
    // Once, by our own wish, and never by the limit.
    expect(of).toEqual([
      ['connecting', 3001],
      ['connected', 0],
    ]);
  }
}, 120_000);
