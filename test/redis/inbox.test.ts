import fc from 'fast-check';
import { INBOX_TTL_SECONDS, MAX_WAITING_FRAMES } from '../../lambdas/gateway/core/inbox/inbox';
import { inboxKey } from '../../lambdas/gateway/core/keys';
import { rounds } from '../support/counts';
import { secretTokens } from '../support/secret-tokens';
import { unique } from './gateway-world';
import { frameOf, inboxWorld, ping, publish, subscribe, text, unsubscribe } from './inbox-world';

let world: Awaited<ReturnType<typeof inboxWorld>>;

beforeEach(async () => {
  world = await inboxWorld();
});
afterEach(() => world.end());

describe('frames of one connection', () => {
  it('are served in the order of their ids, whatever order they come in', async () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 });
    const delays = fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 8, maxLength: 8 });
    const start = fc.integer({ min: 2, max: 4_000_000_000 });
    await fc.assert(
      fc.asyncProperty(order, delays, start, async (frames, waits, first) => {
        const id = await world.pending();
        const room = unique('room:');
        world.deliveries.length = 0;
        const texts = [
          text(world.connect(first)),
          text(subscribe(first + 1, room), publish(first + 2)),
          text(unsubscribe(first + 3, room)),
          text(subscribe(first + 4, room), publish(first + 5), { send: {} }),
          text(ping(first + 6)),
          text(publish(first + 7), ping(first + 8)),
          text(unsubscribe(first + 9, room), subscribe(first + 10, room)),
          text(publish(first + 11), ping(first + 12)),
        ];
        // As in two sandboxes.
        const sandboxes = [world.sandbox(), world.sandbox()];
        await Promise.all(
          frames.map(async (frame, index) => {
            await world.soon(waits[index]);
            await sandboxes[index % 2]?.handle(id, texts[frame] ?? '');
          }),
        );
        const replied = [0, 1, 3, 4, 6, 8, 9, 10, 12].map((step) => first + step);
        expect(world.ids(id)).toEqual(replied);
        expect(world.poster.messages(id).filter((message) => 'error' in message)).toEqual([]);
        expect(world.deliveries.map(({ data }) => data)).toEqual([2, 5, 7, 11].map((step) => first + step));
        expect(await world.operator.hlen(inboxKey(id))).toBeLessThanOrEqual(1);
      }),
      { numRuns: rounds(50, 1_000) },
    );
  }, 300_000);

  it('wait for a connect command that is served at that moment', async () => {
    const id = await world.pending();
    const slow = world.sandbox({
      tokens: secretTokens(async () => {
        await world.soon(200);
        return world.secret;
      }),
    });
    const served = slow.handle(id, text(world.connect(7)));
    await world.soon();
    await Promise.all([
      world.sandbox().handle(id, text(subscribe(8))),
      world.sandbox().handle(id, text(ping(9))),
    ]);
    await served;
    expect(world.ids(id)).toEqual([7, 8, 9]);
  });

  it('wait for a connect command whose token was in the URL, too', async () => {
    const id = unique('c');
    await world.connected(id);
    await Promise.all([
      world.sandbox().handle(id, text(subscribe(5))),
      world.soon().then(() => world.sandbox().handle(id, text({ id: 4, connect: {} }))),
      world.soon(80).then(() => world.sandbox().handle(id, text(ping(6)))),
    ]);
    expect(world.ids(id)).toEqual([4, 5, 6]);
  });

  it('go on behind those that did not wait any longer for such a connect command', async () => {
    const id = unique('c');
    await world.connected(id);
    const server = world.sandbox({ clock: world.fastClock });
    await server.handle(id, text(subscribe(5), ping(6)));
    await server.handle(id, text({ id: 4, connect: {} }));
    await server.handle(id, text(ping(7)));
    expect(world.ids(id)).toEqual([5, 6, 4, 7]);
    expect(world.disconnects(id)).toEqual([]);
  });

  it('have no order where a handshake authenticated their client and no connect command comes', async () => {
    const id = unique('c');
    await world.connected(id);
    const plain = world.sandbox({ clock: world.fastClock });
    for (const command of [ping(1), ping(900), ping(7), ping(1), ping(1)]) {
      await plain.handle(id, text(command));
    }
    await plain.handle(id, text(ping(5), ping(3)));
    expect(world.ids(id)).toEqual([1, 900, 7, 1, 1, 5, 3]);
    expect(world.disconnects(id)).toEqual([]);
  });

  it('are served whole, subscribes too, once no connect command came before them', async () => {
    const id = unique('c');
    await world.connected(id);
    await world.sandbox({ clock: world.fastClock }).handle(id, text(subscribe(9)));
    expect(world.poster.messages(id)).toMatchObject([{ id: 9, subscribe: { positioned: true } }]);
  });

  it('without ids run once the connection is connected', async () => {
    const id = await world.pending();
    const early = world.sandbox().handle(id, text({ send: {} }, {}));
    await world.soon();
    expect(world.lines).toEqual([]);
    await world.sandbox().handle(id, text(world.connect(3)));
    await early;
    expect(world.lines.map(({ message }) => message)).toEqual(['message without a service ignored']);
    expect(world.disconnects(id)).toEqual([]);
  });

  it('are answered with errors behind a connect command that failed for now', async () => {
    const id = await world.pending();
    const failing = world.sandbox({
      tokens: secretTokens(async () => {
        await world.soon(100);
        throw new Error('away');
      }),
    });
    await Promise.all([
      failing.handle(id, text(world.connect(2))),
      world.soon().then(() => failing.handle(id, text(subscribe(3)))),
    ]);
    await failing.handle(id, text(ping(4)));
    expect(world.poster.messages(id)).toMatchObject([
      { id: 2, error: { code: 100, temporary: true } },
      { id: 3, error: { code: 100, temporary: true } },
      { id: 4, ping: {} },
    ]);
    expect(world.disconnects(id)).toEqual([]);
  });
});

describe('a frame that came twice', () => {
  it('is served once, whether the first is waiting, being served or done', async () => {
    const id = await world.pending();
    const [one, two] = [text(world.connect(2)), text(subscribe(3))];
    const early = world.sandbox().handle(id, two);
    await world.waiting(id, 1);
    await world.sandbox().handle(id, two);
    await Promise.all([world.sandbox().handle(id, one), world.sandbox().handle(id, one), early]);
    await world.sandbox().handle(id, one);
    await world.sandbox().handle(id, two);
    expect(world.ids(id)).toEqual([2, 3]);
    expect(world.disconnects(id)).toEqual([]);
  });
});

describe('ids that break the order', () => {
  it.each([
    ['that were used for something else', (room: string) => text(unsubscribe(2, room))],
    ['that are not contiguous in a frame', () => text(ping(3), ping(5))],
    ['that go back in a frame', () => text(ping(3), ping(2))],
  ])('%s end the connection with 3501', async (_, make) => {
    const id = await world.pending();
    await world.sandbox().handle(id, text(world.connect(2)));
    await world.sandbox().handle(id, make(unique('room:')));
    expect(world.disconnects(id)).toEqual([3501]);
    expect(world.reasons()).toEqual([expect.stringContaining('ids')]);
  });

  it('end it at once where no connect command can be before them', async () => {
    const id = await world.pending();
    await world.sandbox().handle(id, text(ping(1)));
    expect(world.disconnects(id)).toEqual([3501]);
  });

  it('are found in a frame that waits behind one with the same ids', async () => {
    const id = await world.pending();
    const overlapping = world.sandbox().handle(id, text(ping(4)));
    await world.waiting(id, 1);
    const wide = world.sandbox().handle(id, text(ping(3), subscribe(4), ping(5)));
    await world.waiting(id, 2);
    await Promise.all([world.sandbox().handle(id, text(world.connect(2))), overlapping, wide]);
    expect(world.disconnects(id)).toContain(3501);
  });
});

describe('a frame that waits', () => {
  it('is looked after again once Redis answers', async () => {
    const id = await world.pending();
    const { inbox } = world;
    let failures = 3;
    const shaky = {
      enter: inbox.enter.bind(inbox),
      next: inbox.next.bind(inbox),
      turn: async (...args: Parameters<typeof inbox.turn>) => {
        if (failures-- > 0) throw new Error('away');
        return inbox.turn(...args);
      },
    };
    const served = world.sandbox({ inbox: shaky }).handle(id, text(ping(3)));
    await world.waiting(id, 1);
    await world.sandbox().handle(id, text(world.connect(2)));
    await served;
    expect(world.ids(id)).toEqual([2, 3]);
  });

  it('is kept for a short time only, and not beyond the end of its connection', async () => {
    const id = await world.pending();
    await world.inbox.enter(id, 't', frameOf(text(ping(3)), Date.now()));
    const seconds = await world.operator.ttl(inboxKey(id));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(INBOX_TTL_SECONDS);
    await world.connections.close(id);
    expect(await world.operator.exists(inboxKey(id))).toBe(0);
  });

  it('is one too many beyond 64, which ends the connection with 3013', async () => {
    const id = await world.pending();
    for (let first = 3; first < 3 + MAX_WAITING_FRAMES; first++) {
      const entered = await world.inbox.enter(id, `t${first}`, frameOf(text(ping(first)), Date.now()));
      expect(entered.verdict).toBe('wait');
    }
    await world.sandbox().handle(id, text(ping(900)));
    expect(world.disconnects(id)).toEqual([3013]);
    expect(world.reasons()).toEqual([expect.stringContaining('inbox')]);
  });

  it('is one too many beyond 128 KB, which are free again once they were served', async () => {
    const id = await world.pending();
    const large = (first: number) => text({ id: first, publish: { channel: 'x'.repeat(30_000), data: 1 } });
    const early = [3, 4, 5, 6].map((first) => world.sandbox().handle(id, large(first)));
    await world.waiting(id, 4);
    const fifth = await world.inbox.enter(id, 't', frameOf(large(7), Date.now()));
    expect(fifth.verdict).toBe('full');
    await world.sandbox().handle(id, text(world.connect(2)));
    await Promise.all(early);
    expect(world.ids(id)).toEqual([2, 3, 4, 5, 6]);
    const again = await world.inbox.enter(id, 't', frameOf(large(8), Date.now()));
    expect(again.verdict).toBe('wait');
  });
});
