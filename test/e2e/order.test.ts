import { Clients, eventually } from '../support/clients';
import { rounds } from '../support/counts';
import { publishMany, upTo } from '../support/publishing';
import { faultsOf, Sightings } from '../support/sightings';
import { readTarget } from '../support/target';

const target = readTarget();
const clients = new Clients(target);
afterEach(() => clients.close());

const run = `${Date.now().toString(36)}${process.pid}`;

it.each(upTo(rounds(2, 10)))(
  'shows five subscribers the 300 publications of three clients, each in order and none twice (run %i)',
  async (round) => {
    const channel = `room:order-${run}-${round}`;
    const publishers = ['alice', 'bob', 'carol'];
    const sending = await Promise.all(publishers.map((user) => clients.connected(user)));
    const receiving = await Promise.all(upTo(5).map((n) => clients.connected(`reader-${n}`)));
    const seen = await Promise.all(receiving.map((client) => Sightings.of(client, channel)));

    await Promise.all(
      sending.map((client, index) => publishMany(client, channel, { by: publishers[index], count: 100 })),
    );

    await eventually(
      'all publications at all subscribers',
      () => seen.every(({ all }) => all.length > 300),
      20_000,
    );
    const [first] = seen;
    for (const sightings of seen) {
      expect(faultsOf(sightings.all)).toEqual([]);
      expect(sightings.offsets).toEqual(upTo(300));
      expect(sightings.data).toEqual(first?.data);
    }
    const published = publishers.flatMap((by) => upTo(100).map((n) => JSON.stringify({ by, n })));
    expect(new Set(first?.data.map((data) => JSON.stringify(data)))).toEqual(new Set(published));
  },
  60_000,
);

it('keeps the order in which one client published without waiting', async () => {
  const channel = `room:hurry-${run}`;
  const alice = await clients.connected('alice');
  const bob = await clients.connected('bob');
  const seen = await Sightings.of(bob, channel);

  await publishMany(alice, channel, { count: 50, width: 50 });

  await eventually('all publications', () => seen.all.length > 50, 20_000);
  expect(faultsOf(seen.all)).toEqual([]);
  expect(seen.data).toEqual(upTo(50).map((n) => ({ by: 'publisher', n })));
}, 30_000);

it('answers a publish when the publication is readable: whoever asks for the history then has it', async () => {
  const channel = `room:readable-${run}`;
  const alice = await clients.connected('alice');
  const bob = await clients.connected('bob');
  for (const n of upTo(rounds(20, 200))) {
    await alice.publish(channel, { n });
    const histories = await Promise.all(
      [alice, bob].map((client) => client.history(channel, { limit: 1, reverse: true })),
    );
    for (const { offset, publications } of histories) {
      expect(offset).toBe(n);
      expect(publications).toHaveLength(1);
      expect(publications[0]).toMatchObject({ offset: n, data: { n }, info: { user: 'alice' } });
    }
  }
}, 60_000);
