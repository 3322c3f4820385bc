import { setTimeout as sleep } from 'node:timers/promises';
import { type Holdfast, startHoldfast } from '../../local/kit';
import { Clients, eventually, type RawSocket } from '../support/clients';
import { upTo } from '../support/publishing';
import { faultsOf, Sightings } from '../support/sightings';
import { tokenFor } from '../support/target';

// A namespace of this kind is nobody's default, so the stack is one with a configuration of its own.

const PUBLICATIONS = 10;
/** Ten of these are well within the second that the namespace gathers. */
const PACE_MS = 60;

let stack: Holdfast;
let clients: Clients;

beforeAll(async () => {
  const board = { publish: 'direct', historySize: 100, recover: true, flushEverySeconds: 1 };
  stack = await startHoldfast({ config: { namespaces: { board } } });
  clients = new Clients(stack);
}, 90_000);
afterEach(() => clients.close());
afterAll(() => stack.stop());

interface PublicationPush {
  readonly push?: { readonly pub?: { readonly offset: number } };
}

/** Offsets of the publications of each frame that has any. */
function publicationFrames({ frames }: RawSocket): number[][] {
  return frames
    .map((frame) => frame.split('\n').map((line) => (JSON.parse(line) as PublicationPush).push?.pub?.offset))
    .map((offsets) => offsets.filter((offset) => offset !== undefined))
    .filter((offsets) => offsets.length > 0);
}

/** The frames in which a subscriber gets ten publications that are made at a pace. */
async function framesOf(channel: string, published: (n: number) => Promise<void>): Promise<number[][]> {
  const reader = await clients.raw(`?token=${await tokenFor(stack, 'bob')}`);
  reader.send({ id: 1, subscribe: { channel } });
  await reader.next();
  const alice = await clients.connected('alice');
  for (const n of upTo(PUBLICATIONS)) {
    await alice.publish(channel, { n });
    await published(n);
    await sleep(PACE_MS);
  }
  await eventually('all publications', () => publicationFrames(reader).flat().length >= PUBLICATIONS);
  return publicationFrames(reader);
}

it('gathers the publications of a second into few frames, in order', async () => {
  const gathered = await framesOf('board:prices', () => Promise.resolve());
  const immediate = await framesOf('room:chat', () => Promise.resolve());

  expect(gathered.flat()).toEqual(upTo(PUBLICATIONS));
  expect(immediate.flat()).toEqual(upTo(PUBLICATIONS));
  expect(gathered.length).toBeLessThanOrEqual(3);
  expect(gathered.length).toBeLessThan(immediate.length);
}, 30_000);

it('has each in the history at once, whenever it is flushed', async () => {
  const channel = 'board:readable';
  const carol = await clients.connected('carol');
  await framesOf(channel, async (n) => {
    expect(await carol.history(channel, { limit: 1, reverse: true })).toMatchObject({ offset: n });
  });
}, 30_000);

it('gives a subscriber that comes between two flushes what follows its reply, and none twice', async () => {
  const channel = 'board:joining';
  const alice = await clients.connected('alice');
  const readers: Sightings[] = [];
  for (const n of upTo(PUBLICATIONS)) {
    await alice.publish(channel, { n });
    readers.push(await Sightings.of(await clients.connected(`reader-${n}`), channel));
  }
  const last = () => readers.every(({ position }) => position?.offset === PUBLICATIONS);
  await eventually('the last publication at all', last);
  for (const { all } of readers) expect(faultsOf(all)).toEqual([]);
}, 30_000);
