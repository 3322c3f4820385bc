import { setTimeout as sleep } from 'node:timers/promises';
import { Clients, eventually } from '../support/clients';
import { rounds } from '../support/counts';
import { upTo } from '../support/publishing';
import { faultsOf, Sightings } from '../support/sightings';
import { readTarget, tokenFor } from '../support/target';

// Functions run the frames of one connection at the same time; an SDK numbers its commands and expects them in this order.

const target = readTarget();
const clients = new Clients(target);
afterEach(() => clients.close());

const run = `${Date.now().toString(36)}${process.pid}`;
const CONNECTIONS = 20;
const SUBSCRIBES = 3;
const ROUNDS = rounds(3, 100);

it('answers frames that did not wait for the connect reply in the order of their ids, and closes no connection', async () => {
  const token = await tokenFor(target, 'alice');
  for (const round of upTo(ROUNDS)) {
    const sockets = await Promise.all(upTo(CONNECTIONS).map(() => clients.raw()));
    for (const socket of sockets) {
      socket.send({ id: 1, connect: { token } });
      for (const n of upTo(SUBSCRIBES)) {
        socket.send({ id: n + 1, subscribe: { channel: `room:early-${run}-${round}-${n}` } });
      }
    }
    const outcomes = await Promise.all(
      sockets.map(async (socket) => {
        const replies: unknown[] = [];
        while (replies.length <= SUBSCRIBES) replies.push(await socket.next());
        return replies;
      }),
    );
    for (const replies of outcomes) {
      expect(replies).toEqual([
        { id: 1, connect: expect.objectContaining({ client: expect.any(String) }) },
        ...upTo(SUBSCRIBES).map((n) => ({
          id: n + 1,
          subscribe: expect.objectContaining({ recoverable: true, positioned: true }),
        })),
      ]);
    }
    expect(sockets.filter(({ closed }) => closed)).toEqual([]);
    clients.close();
  }
}, 300_000);

it('serves an SDK whose subscriptions send themselves before the connect reply', async () => {
  for (const round of upTo(ROUNDS)) {
    const interruptions: unknown[] = [];
    const publisher = await clients.connected('publisher');
    const channel = `room:async-${run}-${round}`;
    const seen = await Promise.all(
      upTo(CONNECTIONS).map(async (n) => {
        const client = await clients.centrifuge(`reader-${n}`);
        client.on('disconnected', (event) => interruptions.push(event));
        client.on('error', (event) => interruptions.push(event));
        client.connect();
        // The first 'connecting' is that of connect(); another would be a lost connection.
        client.on('connecting', (event) => interruptions.push(event));
        // Data that comes later than the socket opens makes a subscribe frame of its own.
        const late = Sightings.of(client, channel, { getData: () => sleep(n, {}) });
        const other = Sightings.of(client, `${channel}-${n}`, { getData: () => sleep(2 * n, {}) });
        return Promise.all([late, other]);
      }),
    );
    await publisher.publish(channel, { round });
    await eventually('the publication at each', () => seen.every(([late]) => late.data.length === 1));
    for (const sightings of seen.flat()) {
      expect(faultsOf(sightings.all)).toEqual([]);
      expect(sightings.subscribes).toBe(1);
    }
    expect(interruptions).toEqual([]);
    clients.close();
  }
}, 300_000);
