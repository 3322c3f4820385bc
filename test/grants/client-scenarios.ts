import { strict as assert } from 'node:assert';
import { Redis } from 'iovalkey';
import type { RawSocket } from '../support/clients';
import { call, type Message, nextWith, publicationOf, publish, rpc, SOON_MS, subscribe } from './commands';
import type { Scenario } from './scenarios';
import { until } from './until';
import type { World } from './world';

const ATTEMPTS = 3;

async function saysEcho(world: World): Promise<void> {
  const socket = await world.connected('caller');
  const { rpc: reply } = await call(socket, 1, rpc('echo.say', { text: 'hi' }));
  assert.deepEqual(reply, { data: { text: 'hi', user: 'caller' } });
}

/** A sandbox of each service that takes work and dies under it. */
async function dies(world: World): Promise<void> {
  await diesUnder(world, 'echo', rpc('echo.say', { text: 'hi' }));
  await diesUnder(world, 'chat', rpc('chat.unread', {}));
}

async function diesUnder(world: World, service: string, command: object): Promise<void> {
  const { lambda } = world.cloud;
  const name = `local-holdfast-service-${service}`;
  await lambda.warm(`${name}:rpc`);
  const socket = await world.connected('unlucky');
  const stopped = lambda.sandboxes().filter(({ functionName }) => functionName === name);
  for (const { pid } of stopped) process.kill(pid, 'SIGSTOP');
  socket.send({ id: 1, ...command });
  await until('work for a stopped sandbox', () =>
    lambda.sandboxes().some(({ functionName, busy }) => functionName === name && busy),
  );
  for (const { pid } of stopped) process.kill(pid, 'SIGKILL');
  const reply = await nextWith(socket, 'id');
  assert.equal((reply['error'] as Message | undefined)?.['code'], 100);
}

/**
 * A reader that the server subscribed, and that has a first publication. On a busy machine a post may come too late and the
 * courier close the connection, as it should: then another one tries.
 */
async function readerOf(world: World, writer: RawSocket): Promise<{ reader: RawSocket; channel: string }> {
  for (let attempt = 1; ; attempt++) {
    const channel = world.fresh('room:vanishing');
    const reader = await world.socket();
    const token = await world.token('reader', { channels: [channel] });
    const { connect } = await call(reader, 1, { connect: { token } });
    assert.ok(channel in ((connect as { subs?: object }).subs ?? {}));
    await call(writer, attempt, publish(channel, { n: 1 }));
    try {
      assert.deepEqual(await publicationOf(reader), { n: 1 });
      return { reader, channel };
    } catch (error) {
      if (!reader.closed || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The log of a channel that a client is subscribed to by the server vanishes: the courier closes its connection. */
async function logIsLost(world: World): Promise<void> {
  const writer = await world.connected('writer');
  const { reader, channel } = await readerOf(world, writer);
  const redis = new Redis(world.cloud.redis?.operatorUrl ?? '');
  try {
    const keys = await redis.keys(`*{ch:${channel}}*`);
    assert.notEqual(keys.length, 0);
    for (const key of keys) await redis.del(key);
  } finally {
    redis.disconnect();
  }
  await call(writer, ATTEMPTS + 1, publish(channel, { n: 2 }));
  await reader.close(10_000);
}

/** What clients do, and what is done about them. */
export const clientScenarios: readonly Scenario[] = [
  {
    name: 'a client connects by its command',
    run: async (world) => {
      const socket = await world.socket();
      const { connect } = await call(socket, 1, { connect: { token: await world.token('alice') } });
      assert.equal(typeof (connect as Message)['client'], 'string');
    },
  },
  { name: 'a client connects by its handshake and calls a service', run: saysEcho },
  {
    name: 'a bad token ends the connection',
    run: async (world) => {
      const socket = await world.socket();
      socket.send({ id: 1, connect: { token: 'bad' } });
      // Before the janitor would close it as silent.
      await socket.close(4_000);
    },
  },
  {
    name: 'a subscriber gets a publication, its history and who is there',
    run: async (world) => {
      const [reader, writer] = [await world.connected('reader'), await world.connected('writer')];
      const [room, hall] = [world.fresh('room:talk'), world.fresh('hall:talk')];
      await call(reader, 1, subscribe(hall));
      await call(writer, 1, publish(room, { n: 0 }));
      await call(reader, 2, subscribe(room));
      await call(writer, 2, publish(room, { n: 1 }));
      assert.deepEqual(await publicationOf(reader), { n: 1 });
      const { presence } = await call(reader, 4, { presence: { channel: hall } });
      assert.equal(Object.keys((presence as { presence: object }).presence).length, 1);
    },
  },
  {
    name: 'a service publishes',
    run: async (world) => {
      const socket = await world.connected('shouter');
      const channel = world.fresh('room:shouts');
      await call(socket, 1, subscribe(channel));
      await call(socket, 2, rpc('echo.shout', { channel, text: 'hey' }));
      assert.deepEqual(await publicationOf(socket), { text: 'hey', user: 'shouter' });
    },
  },
  {
    name: 'a client unsubscribes and its channel hears of it',
    run: async (world) => {
      const [one, other] = [await world.connected('one'), await world.connected('other')];
      const channel = world.fresh('hall:leaving');
      for (const socket of [one, other]) await call(socket, 1, subscribe(channel));
      await call(one, 2, { unsubscribe: { channel } });
      await hearsOf(world, 'unsubscribed', channel, SOON_MS);
    },
  },
  { name: 'a client whose log is lost begins anew', run: logIsLost },
  {
    name: 'the bus hears of connections that begin',
    run: async (world) => {
      const user = world.fresh('visitor');
      await world.connected(user);
      await hearsOf(world, 'connected', user, SOON_MS);
    },
  },
  {
    name: 'a quiet connection is kept alive, a silent one is closed',
    run: async (world) => {
      const quiet = await world.connected('quiet');
      const silent = await world.socket();
      await silent.close(15_000);
      assert.deepEqual(await quiet.next(SOON_MS), {});
    },
  },
];

/** Kills functions that others need, so it runs alone. */
export const dyingScenarios: readonly Scenario[] = [
  { name: 'the caller of a function that dies is answered', run: dies },
];

/** Both wait for a grace that no configuration shortens. */
export const slowScenarios: readonly Scenario[] = [
  {
    name: 'the bus hears of connections that end',
    run: async (world) => {
      const user = world.fresh('leaver');
      const socket = await world.connected(user);
      await call(socket, 1, subscribe('hall:visited'));
      socket.terminate();
      await hearsOf(world, 'disconnected', user, 30_000);
    },
  },
  {
    name: 'a connection whose permission is over is ended, and its channel hears of it',
    run: async (world) => {
      const guest = await world.token('guest', { ttlSeconds: 3 });
      const socket = await world.socket(`?token=${guest}`);
      const channel = world.fresh('hall:guests');
      await call(socket, 1, subscribe(channel));
      await socket.close(35_000);
      await hearsOf(world, 'unsubscribed', channel, 20_000);
    },
  },
];

/** Waits until the bus has taken a lifecycle event of a user or a channel. */
function hearsOf({ cloud }: World, event: string, whose: string, timeoutMs: number): Promise<void> {
  const texts = () =>
    (cloud.events.bus('local-holdfast').archives[0]?.events() ?? []).map(({ text }) => text);
  const isIt = (text: string) => text.includes(`"event":"${event}"`) && text.includes(`"${whose}"`);
  return until(`an event ${event} of ${whose}`, () => texts().some(isIt), timeoutMs);
}
