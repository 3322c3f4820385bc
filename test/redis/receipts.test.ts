import { userChannel } from '../../lambdas/contract/channel';
import { deliveryGroupId } from '../../lambdas/contract/delivery';
import { channelKeys } from '../../lambdas/gateway/core/keys';
import { RECEIPT_MS } from '../../lambdas/gateway/core/lifecycle/announce';
import type { PostOutcome } from '../../lambdas/gateway/core/ports';
import { gatewayWorld, ROOM, unique } from './gateway-world';

// Whatever is sent to a user with a receipt: a socket took it, or the bus is told.

const world = gatewayWorld();
world.namespaces.set('user', { ...ROOM, subscribe: 'user-limited' });
afterAll(() => world.scripts.disconnect());
beforeEach(() => {
  world.events.splice(0);
  world.sentWakes.splice(0);
  world.poster.before = async () => undefined;
});
afterEach(() => jest.restoreAllMocks());

const channelOf = (user: string) => userChannel(user) ?? '';
const sentTo = (user: string, key = 'k') => ({
  ...world.publication(channelOf(user), 'hello', key),
  receipt: true,
});
const deliver = (user: string, key?: string) =>
  world.courier.handle([world.record(sentTo(user, key), deliveryGroupId(channelOf(user)))]);
const countOf = (user: string, key = 'k') => world.receipts.of(channelOf(user), key);
/** Looks at receipts for the last time; other wakes are lost. */
async function lookForTheLastTime(): Promise<void> {
  for (const { wake } of world.sentWakes.splice(0)) {
    if (wake.type !== 'receipt') continue;
    // It was announced that long ago.
    const [at, until] = [wake.at - RECEIPT_MS - 1, wake.until - RECEIPT_MS - 1];
    await world.courier.handle([world.record({ ...wake, at, until })]);
  }
}

async function socketOf(user: string, outcome: PostOutcome = 'ok', recover = {}) {
  const id = unique('c');
  await world.connections.open(id, { user, expiresAt: 0, channels: [] });
  await world.ingress.handle(
    id,
    JSON.stringify({ id: 1, subscribe: { channel: channelOf(user), ...recover } }),
  );
  world.poster.outcomes.set(id, outcome);
  return id;
}

const told = (user: string, key = 'k') => ({
  ...{ v: 1, kind: 'lifecycle', event: 'undelivered', id: `undelivered:${key}:${user}` },
  ...{ at: expect.any(Number) as unknown, user, data: 'hello', from: 'test' },
});

it('nobody there: told at the first look, with the same id each time', async () => {
  const user = unique('u');
  expect(await deliver(user)).toEqual([]);
  expect(world.sentWakes).toMatchObject([{ delaySeconds: 1, wake: { type: 'receipt', user } }]);
  await deliver(user);
  await world.runWakes();
  expect(world.events).toEqual([told(user), told(user)]);
});

it('who has left is nobody', async () => {
  const user = unique('u');
  await world.departures.depart(await socketOf(user));
  await deliver(user);
  await world.runWakes();
  expect(world.events).toEqual([told(user)]);
});

it('one socket of three takes it: counted, and nobody is told', async () => {
  const user = unique('u');
  await socketOf(user);
  await socketOf(user, 'throttled');
  await socketOf(user, 'unknown');
  await deliver(user);
  expect(await countOf(user)).toEqual({ sockets: 1, complete: true, nobody: false });
  await world.runWakes();
  await lookForTheLastTime();
  expect(world.events).toEqual([]);
});

it('each publication is counted by itself', async () => {
  const user = unique('u');
  const [a] = [await socketOf(user), await socketOf(user)];
  await deliver(user, 'both');
  world.poster.outcomes.set(a, 'throttled');
  await deliver(user, 'one');
  expect(await countOf(user, 'both')).toMatchObject({ sockets: 2 });
  expect(await countOf(user, 'one')).toMatchObject({ sockets: 1 });
  world.poster.outcomes.set(a, 'ok');
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await world.runWakes();
  expect(await countOf(user, 'one')).toMatchObject({ sockets: 2 });
});

it('a socket that may yet take it gets its time, then the bus is told', async () => {
  const user = unique('u');
  await socketOf(user, 'throttled');
  await deliver(user);
  await world.runWakes();
  expect(world.events).toEqual([]);
  await lookForTheLastTime();
  expect(world.events).toEqual([told(user)]);
});

it('a post that outlasts its round is counted', async () => {
  const user = unique('u');
  await socketOf(user);
  world.poster.before = () => new Promise((resolve) => setTimeout(resolve, 700));
  await deliver(user);
  expect(await countOf(user)).toMatchObject({ sockets: 1 });
});

it('who comes back and recovers it has taken it', async () => {
  const user = unique('u');
  const { epoch } = await world.channels.place(channelOf(user), undefined);
  await deliver(user);
  await socketOf(user, 'ok', { recover: true, epoch, offset: 0 });
  expect(await countOf(user)).toMatchObject({ sockets: 1 });
  await world.runWakes();
  expect(world.events).toEqual([]);
});

it('a courier that dies after the append leaves the message that looks after it', async () => {
  const user = unique('u');
  await socketOf(user);
  jest.spyOn(world.partitions, 'begin').mockRejectedValue(new Error('died'));
  await deliver(user);
  jest.restoreAllMocks();
  expect(world.sentWakes.map(({ wake }) => wake.type)).toContain('receipt');
  await lookForTheLastTime();
  expect(world.events).toEqual([told(user)]);
});

it('nothing is appended that is not announced', async () => {
  const user = unique('u');
  jest.spyOn(world.wakes, 'send').mockRejectedValue(new Error('away'));
  expect(await deliver(user)).toHaveLength(1);
  expect(await countOf(user)).toBeUndefined();
});

it('a replay whose key is forgotten is not published, and not told of anew', async () => {
  const user = unique('u');
  const at = Date.now() - 600_000;
  const replay = { ...sentTo(user), publishedAt: at };
  await deliver(user);
  await lookForTheLastTime();
  expect(world.events).toHaveLength(1);
  // As after five minutes.
  await world.scripts.run(
    { name: 'testdel', keys: 1, repeatable: true, lua: "return redis.call('DEL', KEYS[1])" },
    [channelKeys(channelOf(user)).idempotency('k')],
    [],
  );
  const record = world.record(replay, deliveryGroupId(channelOf(user)));
  expect(await world.courier.handle([record])).toEqual([]);
  await lookForTheLastTime();
  expect(world.events).toHaveLength(1);
});

it('a count that is noted twice counts once', async () => {
  const user = unique('u');
  await deliver(user);
  const { epoch } = await world.channels.place(channelOf(user), undefined);
  const counter = { epoch, partition: 0, token: 't' };
  for (let run = 0; run < 2; run++) await world.receipts.note(channelOf(user), counter, new Map([[1, 2]]));
  expect(await countOf(user)).toMatchObject({ sockets: 2 });
});

describe('whatever call of Redis or of the queue fails', () => {
  const realRun = world.scripts.run.bind(world.scripts);
  const realSend = world.wakes.send.bind(world.wakes);

  /** Runs a courier of which the nth call fails, and all after it where it died there. */
  async function failAt(n: number, user: string, dies: boolean) {
    let calls = 0;
    const check = () => {
      calls += 1;
      if (calls === n || (dies && calls > n)) throw new Error('failed');
    };
    jest.spyOn(world.scripts, 'run').mockImplementation(async (...args) => {
      check();
      return realRun(...args);
    });
    jest.spyOn(world.wakes, 'send').mockImplementation(async (...args) => {
      check();
      return realSend(...args);
    });
    const failed = await deliver(user);
    jest.restoreAllMocks();
    return { calls, failed: failed.length > 0 };
  }

  const got = (connection: string, user: string) =>
    world.poster.offsets(connection, channelOf(user)).length > 0;

  it.each([
    ['alone', false],
    ['and all behind it', true],
  ])('(%s), a socket has it, or the bus is told', async (_, dies) => {
    let points = 0;
    for (let n = 1; ; n++) {
      const user = unique('u');
      const socket = await socketOf(user);
      world.sentWakes.splice(0);
      world.events.splice(0);
      const { calls, failed } = await failAt(n, user, dies);
      if (calls < n) break;
      points += 1;
      if (failed) await deliver(user);
      await lookForTheLastTime();
      expect([n, got(socket, user) || world.events.length > 0]).toEqual([n, true]);
    }
    expect(points).toBeGreaterThan(6);
  });
});
