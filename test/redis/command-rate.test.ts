import type { LimitName } from '../../lambdas/gateway/core/limits/limits';
import { inboxWorld, ping, publish, subscribe, text, unsubscribe } from './inbox-world';

let world: Awaited<ReturnType<typeof inboxWorld>>;
const noted: LimitName[] = [];

beforeEach(async () => {
  world = await inboxWorld();
  noted.length = 0;
});
afterEach(() => world.end());

/** A tenth of a command a second: what a test sends does not come back while it runs. */
function limited(
  commandBurst: number,
  commandsPerSecondOfUser = 1_000,
  changes: Parameters<typeof world.sandbox>[0] = {},
) {
  return world.sandbox({
    ...changes,
    limits: { commandsPerSecond: 0.1, commandBurst, commandsPerSecondOfUser },
    noteLimit: (name) => {
      noted.push(name);
    },
  });
}

/** A connection that has sent its connect command, with id 1. */
async function connected(sandbox: ReturnType<typeof limited>): Promise<string> {
  const id = await world.pending();
  await sandbox.handle(id, text(world.connect(1)));
  return id;
}

const errors = (id: string) =>
  world.poster.messages(id).flatMap(({ id: command, error }) => {
    const { code } = (error ?? {}) as { code?: number };
    return code === undefined ? [] : [[command, code]];
  });

const sequence = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

describe('a connection that sends more than it may', () => {
  it('gets error 111 for each command above the burst, and goes on in its order', async () => {
    const sandbox = limited(5);
    const id = await connected(sandbox);
    for (const command of sequence(2, 6)) await sandbox.handle(id, text(publish(command)));
    expect(world.deliveries.map(({ data }) => data)).toEqual([2, 3, 4, 5]);
    expect(errors(id)).toEqual([
      [6, 111],
      [7, 111],
    ]);
    expect(new Set(noted)).toEqual(new Set(['commandsPerConnection']));
    expect(world.disconnects(id)).toEqual([]);
    // With a larger burst: the frames that were refused have kept their places.
    await limited(1_000).handle(id, text(publish(8)));
    expect(world.deliveries.map(({ data }) => data)).toEqual([2, 3, 4, 5, 8]);
  });

  it('keeps the place of a refused frame that came too early', async () => {
    const sandbox = limited(2);
    const id = await connected(sandbox);
    const early = sandbox.handle(id, text(publish(3), publish(4)));
    await world.waiting(id, 1);
    await limited(1_000).handle(id, text(ping(2)));
    await early;
    await limited(1_000).handle(id, text(ping(5)));
    expect(errors(id)).toEqual([
      [3, 111],
      [4, 111],
    ]);
    expect(world.deliveries).toEqual([]);
    expect(world.ids(id)).toEqual(expect.arrayContaining([1, 2, 5]));
    expect(world.disconnects(id)).toEqual([]);
  });

  it('is ended with 3013 where it goes on', async () => {
    const sandbox = limited(5);
    const id = await connected(sandbox);
    for (const command of sequence(2, 10)) await sandbox.handle(id, text(publish(command)));
    expect(world.disconnects(id)).toEqual([3013]);
    expect(errors(id)).toHaveLength(5);
    expect(world.poster.closed).toEqual([id]);
  });

  it('is ended at once for a frame that no burst allows', async () => {
    const sandbox = limited(5);
    const id = await connected(sandbox);
    await sandbox.handle(id, text(...sequence(2, 20).map(ping)));
    expect(world.disconnects(id)).toEqual([3013]);
    expect(world.ids(id)).toEqual([1, undefined]);
  });

  it('may connect and unsubscribe all the same', async () => {
    const sandbox = limited(3);
    const id = await world.pending();
    const channels = sequence(0, 3).map((n) => `room:rate-${id}-${n}`);
    await sandbox.handle(
      id,
      text(world.connect(1), ...channels.map((channel, n) => subscribe(n + 2, channel))),
    );
    expect(world.ids(id)).toEqual([1, 2, 3, 4]);
    await sandbox.handle(id, text(unsubscribe(5, channels[0] ?? '')));
    expect(world.ids(id)).toEqual([1, 2, 3, 4, 5]);
    expect(errors(id)).toEqual([]);
  });

  it('is ended with 3013 where it sends messages before it is connected, each of which keeps an invocation', async () => {
    const sandbox = limited(100);
    const id = await world.pending();
    const begun = Date.now();
    const message = () => sandbox.handle(id, text({ send: { data: 1 } }));
    const waiting = [message(), message()];
    // Over the burst, then over twice of it: none of these waits.
    await Promise.all([message(), message()]);
    await message();
    expect(Date.now() - begun).toBeLessThan(1_000);
    expect(world.disconnects(id)).toEqual([3013]);
    await Promise.all(waiting);
  });

  it('does not lose the messages that were let in to those that were not', async () => {
    const taken: unknown[] = [];
    const sandbox = limited(100, 1_000, {
      sendService: 'inbox',
      bus: {
        put: async ({ data }: { readonly data?: unknown }) => {
          taken.push(data);
        },
      },
    });
    const id = await world.pending();
    const messages = ['a', 'b', 'c'].map((data) => sandbox.handle(id, text({ send: { data } })));
    await world.soon(100);
    await sandbox.handle(id, text(world.connect(1)));
    await Promise.all(messages);
    expect(taken).toHaveLength(2);
    expect(world.disconnects(id)).toEqual([]);
  });

  it('does not keep others from being served', async () => {
    const sandbox = limited(5);
    const [flooding, quiet] = [await connected(sandbox), await connected(sandbox)];
    for (const command of sequence(2, 10)) await sandbox.handle(flooding, text(ping(command)));
    await sandbox.handle(quiet, text(ping(2)));
    expect(world.ids(quiet)).toEqual([1, 2]);
  });
});

describe('the connections of a user together', () => {
  it('are refused for a while where they send more than a user may', async () => {
    // Ten seconds of the rate may come at once: 20 commands.
    const sandbox = limited(1_000, 2);
    const ids = [await connected(sandbox), await connected(sandbox), await connected(sandbox)];
    for (const id of ids)
      for (const command of sequence(2, 10)) await sandbox.handle(id, text(ping(command)));
    const last = ids[2] ?? '';
    await sandbox.handle(last, text(ping(12)));
    expect(noted).toContain('commandsPerUser');
    expect(errors(last)).toContainEqual([12, 111]);
    expect(errors(ids[0] ?? '')).toEqual([]);
    // Only for a while.
    await world.soon(1_100);
    await sandbox.handle(last, text(ping(13)));
    expect(world.ids(last).at(-1)).toBe(13);
    expect(errors(last)).not.toContainEqual([13, 111]);
  });
});
