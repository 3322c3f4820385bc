import { SignJWT } from 'jose';
import { LOCK_MS } from '../../lambdas/gateway/core/inbox/inbox';
import { connectionKey, inboxKey, partitionKey } from '../../lambdas/gateway/core/keys';
import { unique } from './gateway-world';
import { frameOf, inboxWorld, ping, subscribe, text } from './inbox-world';

let world: Awaited<ReturnType<typeof inboxWorld>>;

beforeEach(async () => {
  world = await inboxWorld();
});
afterEach(() => world.end());

describe('a connection ends with 3010 where', () => {
  it('a frame before one that waits does not come', async () => {
    const id = await world.pending();
    const server = world.sandbox({ clock: world.fastClock });
    await server.handle(id, text(world.connect(2)));
    await server.handle(id, text(ping(4)));
    expect(world.disconnects(id)).toEqual([3010]);
    expect(world.reasons()).toEqual([expect.stringContaining('one before it within 3000 ms')]);
    expect(await world.operator.exists(inboxKey(id))).toBe(0);
  });

  it('no connect command comes that may be before the first frame', async () => {
    const id = await world.pending();
    await world.sandbox({ clock: world.fastClock }).handle(id, text(subscribe(2)));
    expect(world.disconnects(id)).toEqual([3010]);
  });

  it('the error of its connect command is not known to be posted: what it sent behind would be answered', async () => {
    const id = await world.pending();
    world.poster.outcomes.set(id, 'unknown');
    const token = await new SignJWT({ sub: 'alice', exp: Date.now() / 1000 - 60 })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(world.secret);
    await world.sandbox().handle(id, text({ id: 1, connect: { token } }));
    expect(world.poster.closed).toContain(id);
  });

  it('whoever served a frame died over it', async () => {
    const id = await world.pending();
    const died = frameOf(text(world.connect(2)), Date.now() - LOCK_MS - 1);
    expect(await world.inbox.enter(id, 'dead', died)).toMatchObject({ verdict: 'run' });
    await world.sandbox().handle(id, text(ping(3)));
    expect(world.disconnects(id)).toEqual([3010]);
  });

  it('whoever serves a frame dies while others wait', async () => {
    const id = await world.pending();
    await world.inbox.enter(id, 'dead', frameOf(text(world.connect(2)), world.fastClock.now()));
    await world.sandbox({ clock: world.fastClock }).handle(id, text(ping(3)));
    expect(world.disconnects(id)).toEqual([3010]);
    expect(world.reasons()).toEqual([expect.stringContaining('dead')]);
  });

  it('Redis lost the frames that wait', async () => {
    const id = await world.pending();
    const served = world.sandbox().handle(id, text(ping(3)));
    await world.waiting(id, 1);
    await world.operator.del(inboxKey(id));
    await served;
    expect(world.disconnects(id)).toEqual([3010]);
    expect(world.reasons()).toEqual([expect.stringContaining('vanished')]);
  });

  it('Redis is away for good while a frame waits: whether it will be served is not known', async () => {
    const id = await world.pending();
    const { inbox } = world;
    const failing = {
      enter: inbox.enter.bind(inbox),
      next: inbox.next.bind(inbox),
      turn: async () => {
        throw new Error('away');
      },
    };
    await world.sandbox({ inbox: failing, clock: world.fastClock }).handle(id, text(subscribe(3)));
    expect(world.poster.messages(id)).toHaveLength(1);
    expect(world.disconnects(id)).toEqual([3010]);
  });

  it('the lock cannot be given back, and no reply is given twice', async () => {
    const id = await world.pending();
    const { inbox } = world;
    const failing = {
      enter: inbox.enter.bind(inbox),
      turn: inbox.turn.bind(inbox),
      next: async () => {
        throw new Error('away');
      },
    };
    await world.sandbox({ inbox: failing }).handle(id, text(world.connect(2), subscribe(3)));
    expect(world.ids(id).slice(0, 2)).toEqual([2, 3]);
    expect(world.poster.messages(id)).toHaveLength(3);
    expect(world.disconnects(id)).toEqual([3010]);
  });
});

describe('an answer of the inbox that was lost', () => {
  const run = (first: number) => ({ result: 'run', frame: { first } });
  const at = () => Date.now();

  it('is given again where the frame runs or waits', async () => {
    const { inbox } = world;
    const id = await world.pending();
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await inbox.enter(id, 'a', frameOf(text(world.connect(2)), at()))).toMatchObject({
        verdict: 'run',
      });
      expect(await inbox.enter(id, 'b', frameOf(text(ping(3)), at()))).toMatchObject({ verdict: 'wait' });
    }
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await inbox.next(id, 'a', 2, at(), true)).toMatchObject(run(3));
    }
    expect(await inbox.turn(id, 'b', 3, at(), false)).toEqual({ result: 'taken' });
    expect(await inbox.next(id, 'a', 3, at(), true)).toEqual({ result: 'released' });
    expect(await inbox.next(id, 'a', 3, at(), true)).toEqual({ result: 'lost' });
    // It waited, was taken and served: the repeat of its bringer serves it no second time.
    expect(await inbox.enter(id, 'b', frameOf(text(ping(3)), at()))).toMatchObject({ verdict: 'repeat' });
  });

  it('is given again where a frame that waited gets its turn', async () => {
    const { inbox } = world;
    const id = await world.pending();
    await inbox.enter(id, 'a', frameOf(text(world.connect(2)), at()));
    await inbox.enter(id, 'b', frameOf(text(ping(3)), at()));
    await inbox.enter(id, 'c', frameOf(text(ping(4)), at()));
    expect(await inbox.next(id, 'a', 2, at(), false)).toEqual({ result: 'released' });
    // Who looks after a later frame may begin with the one before it.
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await inbox.turn(id, 'c', 4, at(), false)).toMatchObject(run(3));
    }
    expect(await inbox.turn(id, 'b', 3, at(), false)).toEqual({ result: 'taken' });
    expect(await inbox.next(id, 'c', 3, at(), true)).toMatchObject(run(4));
  });
});

describe('a holder of the lock', () => {
  it('begins no frame beyond its own time: whoever brought that goes on', async () => {
    const id = await world.pending();
    let ahead = 0;
    const clock = { ...world.clock, now: () => world.clock.now() + ahead };
    const poster = {
      close: world.poster.close.bind(world.poster),
      post: async (connection: string, frame: string) => {
        // Its first post takes all of its time, as the clock of its sandbox tells it.
        await world.soon(100);
        ahead = 8_000;
        return world.poster.post(connection, frame);
      },
    };
    const holder = world.sandbox({ clock, poster }).handle(id, text(world.connect(2)));
    await world.soon();
    const second = world.sandbox();
    await second.handle(id, text(subscribe(3)));
    await holder;
    // By the holder's clock the time of this frame is over: it would have answered an error.
    expect(world.poster.messages(id)).toMatchObject([{ id: 2 }, { id: 3, subscribe: {} }]);
    expect(await world.operator.hget(connectionKey(id), 'lock')).toBeNull();
  });
});

describe('a checkup of the subscriptions', () => {
  it('runs after a frame, once a minute, and not before the connection is a minute old', async () => {
    const id = await world.pending();
    const checked: string[] = [];
    let ahead = 0;
    const server = world.sandbox({
      clock: { ...world.clock, now: () => world.clock.now() + ahead },
      checkup: {
        run: async (connection) => {
          checked.push(`${connection} after ${world.ids(id).at(-1)}`);
        },
      },
    });
    await server.handle(id, text(world.connect(2)));
    ahead = 61_000;
    await server.handle(id, text(ping(3)));
    await server.handle(id, text(ping(4)));
    ahead = 122_000;
    await server.handle(id, '{}');
    expect(checked).toEqual([`${id} after 3`, `${id} after 4`]);
  });
});

describe('a second subscribe of a client that counts its commands', () => {
  it('takes the place of the first: such a client knows of none', async () => {
    const id = await world.pending();
    const server = world.sandbox();
    const channel = unique('room:');
    await server.handle(id, text(world.connect(1), subscribe(2, channel)));
    await server.handle(id, text(subscribe(3, channel)));
    expect(world.poster.messages(id).slice(1)).toEqual(
      [2, 3].map((command) => ({ id: command, subscribe: expect.objectContaining({ positioned: true }) })),
    );
    await world.courier.handle([world.record(world.publication(channel, 'x', unique('key')))]);
    expect(world.poster.offsets(id, channel)).toEqual([1]);
  });

  it('takes the place of one that only the connection knows of', async () => {
    const id = await world.pending();
    const server = world.sandbox();
    const channel = unique('room:');
    await server.handle(id, text(world.connect(1), subscribe(2, channel)));
    await world.operator.del(partitionKey(channel, 0));
    await server.handle(id, text(subscribe(3, channel)));
    expect(world.disconnects(id)).toEqual([]);
    expect(world.ids(id)).toEqual([1, 2, 3]);
  });
});

describe('a second subscribe of another client', () => {
  it('ends the connection where its partition does not know the first', async () => {
    const id = unique('c');
    const channel = unique('room:');
    await world.connected(id);
    await world.sandbox().handle(id, text(subscribe(1, channel)));
    await world.operator.del(partitionKey(channel, 0));
    await world.sandbox().handle(id, text(subscribe(1, channel)));
    expect(world.disconnects(id)).toEqual([3010]);
  });
});
