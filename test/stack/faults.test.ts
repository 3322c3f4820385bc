import { setTimeout as sleep } from 'node:timers/promises';
import type { Centrifuge } from 'centrifuge';
import type { Redis } from 'iovalkey';
import { channelKeys, witnessKey } from '../../lambdas/gateway/core/keys';
import { type Holdfast, startHoldfast } from '../../local/kit';
import { askForFault, readFaultOptions } from '../../scripts/fault';
import { readLog } from '../support/channel-log';
import { Clients, eventually } from '../support/clients';
import { operatorRedis } from '../support/redis';
import { faultsOf, Sightings } from '../support/sightings';

let stack: Holdfast;
let clients: Clients;
let operator: Redis;

beforeAll(async () => {
  stack = await startHoldfast();
  clients = new Clients(stack);
  operator = operatorRedis(stack.redisUrl);
}, 90_000);
afterEach(async () => {
  clients.close();
  await fault('clear');
});
afterAll(async () => {
  operator.disconnect();
  await stack.stop();
});

/** As `npm run fault -- <line>`. */
async function fault(line: string): Promise<object> {
  const options = readFaultOptions([...line.split(' '), '--dir', stack.directory]);
  if (options === 'help') throw new Error(`expected a fault, got ${line}`);
  return askForFault(options);
}

interface Scene {
  readonly publisher: Centrifuge;
  readonly channel: string;
  readonly readers: readonly Centrifuge[];
  readonly seen: readonly Sightings[];
}

async function scene(): Promise<Scene> {
  const channel = `room:faults-${Date.now()}`;
  const publisher = await clients.connected('publisher');
  const readers = await Promise.all(['alice', 'bob', 'carol'].map((user) => clients.connected(user)));
  const seen = await Promise.all(readers.map((client) => Sightings.of(client, channel)));
  return { publisher, channel, readers, seen };
}

/** Publishes texts and returns those that were accepted. */
async function publishTo({ publisher, channel }: Scene, count: number, pauseMs = 30): Promise<string[]> {
  const accepted: string[] = [];
  for (let n = 0; n < count; n++) {
    const text = `${n} of ${Date.now()}`;
    await publisher.publish(channel, text).then(
      () => accepted.push(text),
      () => undefined,
    );
    await sleep(pauseMs);
  }
  return accepted;
}

/** Once trouble is over: every reader comes to the end of the log, in order and without repeats. */
async function readersCatchUp({ publisher, channel, seen }: Scene): Promise<void> {
  await fault('clear');
  await publisher.ready(20_000);
  await publisher.publish(channel, 'the end');
  const { top } = await readLog(publisher, channel);
  await eventually(
    'all readers at the top',
    () => seen.every(({ position }) => position?.offset === top.offset && position.epoch === top.epoch),
    30_000,
  );
  for (const { all } of seen) expect(faultsOf(all)).toEqual([]);
}

it('twice the events, twice the messages, and late: every publication comes once, in order', async () => {
  const here = await scene();
  await fault('events --copies 2 --hold-ms 100');
  await fault('messages --copies 2 --hold-ms 100');
  const shouts = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      here.publisher.rpc('echo.shout', { channel: here.channel, text: `shout ${n}` }),
    ),
  );
  const accepted = await publishTo(here, 20);
  expect([shouts.length, accepted.length]).toEqual([10, 20]);
  await readersCatchUp(here);
  for (const { data } of here.seen) {
    expect(data).toHaveLength(31);
    expect(new Set(data.map((each) => JSON.stringify(each))).size).toBe(31);
  }
}, 60_000);

it('posts that are throttled, fail or hang, delivered or not: nobody misses or repeats anything', async () => {
  const here = await scene();
  const accepted: string[] = [];
  for (const line of [
    '--answer 429',
    '--answer 500',
    '--answer 500 --delivered',
    '--answer hang --delivered',
  ]) {
    await fault(`posts --share 0.1 ${line}`);
    accepted.push(...(await publishTo(here, 7)));
  }
  expect(accepted.length).toBeGreaterThan(14);
  await readersCatchUp(here);
  for (const { data } of here.seen) expect(data).toEqual(expect.arrayContaining(accepted));
}, 90_000);

it('connections that are cut, half of them without $disconnect: all come back and miss nothing', async () => {
  const here = await scene();
  await fault('disconnects --share 0.5');
  const accepted: string[] = [];
  for (let round = 0; round < 3; round++) {
    accepted.push(...(await publishTo(here, 5)));
    expect(await fault('cut --share 0.7')).toEqual({ done: expect.stringMatching(/^\d connections cut$/) });
  }
  await Promise.all(here.readers.map((client) => client.ready(20_000)));
  await readersCatchUp(here);
  for (const { data } of here.seen) expect(data).toEqual(expect.arrayContaining(accepted));
}, 60_000);

it('functions that crash: calls are answered or refused, and what was accepted arrives', async () => {
  const here = await scene();
  await fault('invocations --function service-echo --share 0.3 --crash-within-ms 20');
  const codes: number[] = [];
  for (let n = 0; n < 12; n++) {
    await here.publisher.rpc('echo.say', { text: `say ${n}` }).catch(({ code }) => codes.push(code));
  }
  // The gateway says that it failed; nobody waits for an answer that will not come.
  expect(codes).toEqual(codes.map(() => 100));
  expect(codes.length).toBeLessThan(12);
  await fault('invocations --function courier --share 0.3 --crash-within-ms 50');
  const accepted = await publishTo(here, 8);
  await readersCatchUp(here);
  for (const { data } of here.seen) expect(data).toEqual(expect.arrayContaining(accepted));
}, 60_000);

it('a service that is throttled: calls are not answered, nothing else is touched, and it works again after', async () => {
  const here = await scene();
  const closes: number[] = [];
  for (const client of here.readers) client.on('connecting', ({ code }) => closes.push(code));
  await fault('invocations --function service-echo --throttle');
  // Lambda keeps a throttled event for a minute, so the client's own five seconds end first.
  await expect(here.publisher.rpc('echo.say', { text: 'x' })).rejects.toMatchObject({ code: 1 });
  const accepted = await publishTo(here, 10);
  expect(accepted).toHaveLength(10);
  await readersCatchUp(here);
  expect((await here.publisher.rpc('echo.say', { text: 'y' })).data).toMatchObject({ text: 'y' });
  expect(closes).toEqual([]);
}, 60_000);

it('a shard of Redis that is set back: nobody sees another publication at an offset that was shown', async () => {
  const here = await scene();
  await publishTo(here, 5);
  await fault('redis --action snapshot');
  await publishTo(here, 5);
  // The shard of the log, and not that of the witness, which knows what was shown.
  const [log, witness] = await Promise.all(
    [channelKeys(here.channel).log, witnessKey(here.channel)].map((key) => operator.cluster('KEYSLOT', key)),
  );
  if (log === undefined || witness === undefined) throw new Error('expected two slots');
  const half = (slot: number) => (slot < 8192 ? '0-8191' : '8192-16383');
  const range = half(log) === half(witness) ? `${log}-${log}` : half(log);
  await fault(`redis --action rewind --slots ${range}`);
  await publishTo(here, 3);
  await readersCatchUp(here);
}, 60_000);

it('Redis away, then back and empty: sockets stay, new work is refused for now, and clients rebuild', async () => {
  const here = await scene();
  const ended: number[] = [];
  const all = [here.publisher, ...here.readers];
  for (const client of all) client.on('disconnected', ({ code }) => ended.push(code));
  await publishTo(here, 5);
  await fault('redis --action stop');
  expect(all.map(({ state }) => String(state))).toEqual(all.map(() => 'connected'));
  await expect(here.publisher.publish(here.channel, 'x')).rejects.toMatchObject({
    code: 100,
    temporary: true,
  });
  await fault('redis --action start');
  // The next frame tells a client that its state is gone.
  for (const client of all) await client.rpc('echo.say', { text: 'x' }).catch(() => undefined);
  await Promise.all(all.map((client) => client.ready(20_000)));
  await eventually(
    'the subscriptions of all',
    () => here.seen.every(({ subscribes }) => subscribes > 1),
    30_000,
  );
  await here.publisher.publish(here.channel, 'after');
  await eventually('the first publication after it', () =>
    here.seen.every(({ data }) => data.includes('after')),
  );
  expect(ended).toEqual([]);
}, 90_000);
