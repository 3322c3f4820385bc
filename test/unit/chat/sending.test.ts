import { SEND_BURST } from '../../../lambdas/services/chat/rules';
import { seededRandom } from '../../../local/faults/random';
import { usePlatformDouble } from '../service-sdk/platform-double';
import { type Answer, ChatWorld, type Fault } from './world';

usePlatformDouble('chat');

let world: ChatWorld;
let room: string;
beforeEach(async () => {
  world = new ChatWorld();
  room = await world.room('alice', ['bob', 'carol']);
});

const channel = () => `chat:${room}`;
const ids = () => world.published(channel()).map(({ id }) => id);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Waits a random number of turns before and after each write. */
function slow(random: () => number): Fault {
  const turns = async () => {
    for (let left = Math.floor(random() * 8); left > 0; left -= 1) await Promise.resolve();
  };
  return async (written) => {
    await turns();
    const result = await written();
    await turns();
    return result;
  };
}

class Crash extends Error {}

describe('chat.send', () => {
  it('answers id and offset and publishes the message', async () => {
    expect(await world.call('alice', 'send', { room, text: 'hi', clientId: 'c1' })).toEqual({
      data: { id: 1, offset: 1 },
    });
    expect(await world.call('bob', 'send', { room, text: 'ho' })).toEqual({ data: { id: 2, offset: 2 } });
    expect(world.published(channel())).toEqual([
      { type: 'message', id: 1, user: 'alice', text: 'hi', at: expect.any(Number), clientId: 'c1' },
      { type: 'message', id: 2, user: 'bob', text: 'ho', at: expect.any(Number) },
    ]);
  });

  it.each([
    ['its event comes twice', async () => world.call('alice', 'send', { room, text: 'hi' }, { times: 2 }), 1],
    [
      'the client repeats it',
      async () => {
        const first = await world.call('alice', 'send', { room, text: 'hi', clientId: 'c' });
        await world.call('bob', 'send', { room, text: 'ho' });
        expect(await world.call('alice', 'send', { room, text: 'hi', clientId: 'c' })).toEqual(first);
        return first;
      },
      2,
    ],
  ])('is one message where %s', async (_, act, messages) => {
    expect(await act()).toEqual({ data: { id: 1, offset: 1 } });
    expect(ids()).toEqual(upTo(messages));
  });

  it('takes the same clientId of two users, and in two rooms, for two messages', async () => {
    const other = await world.room('alice');
    const sends = [
      ['alice', room],
      ['bob', room],
      ['alice', other],
    ] as const;
    for (const [user, where] of sends)
      await world.done(user, 'send', { room: where, text: 'x', clientId: 'c' });
    expect(ids()).toEqual([1, 2]);
    expect(world.published(`chat:${other}`)).toHaveLength(1);
  });

  it('answers a repeat by its id alone once the log of the channel may have dropped it', async () => {
    await world.done('alice', 'send', { room, text: 'hi', clientId: 'c' });
    await world.store.messages.markPublished(room, 501);
    const before = world.published(channel()).length;
    expect(await world.call('alice', 'send', { room, text: 'hi', clientId: 'c' })).toEqual({
      data: { id: 1 },
    });
    expect(world.published(channel())).toHaveLength(before);
  });

  it(`takes ${SEND_BURST} at once of a user in a room, and repeats beyond that`, async () => {
    // No time passes in which another send would be paid for.
    jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    for (const n of upTo(SEND_BURST))
      await world.done('alice', 'send', { room, text: 'x', clientId: `${n}` });
    const one = await world.call('alice', 'send', { room, text: 'x' });
    expect(one).toEqual({
      error: {
        code: 111,
        message: `too many requests: expected at most ${SEND_BURST} messages at once and 10 a second in a room, got more`,
        temporary: true,
      },
    });
    expect(await world.call('alice', 'send', { room, text: 'x', clientId: '1' })).toMatchObject({
      data: { id: 1 },
    });
    expect(await world.call('bob', 'send', { room, text: 'x' })).toMatchObject({ data: {} });
  });

  it.each(upTo(30))('gives sends side by side ids in the order of the channel (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    world.fault = slow(random);
    const answers = await Promise.all(
      upTo(12).map((n) =>
        world.call(
          ['alice', 'bob', 'carol'][n % 3] ?? '',
          'send',
          { room, text: `${n}` },
          { times: 1 + (n % 2) },
        ),
      ),
    );
    expect(ids()).toEqual(upTo(12));
    const replies = answers.map((answer) => ('data' in answer ? answer.data : {}));
    for (const { id, offset } of replies) expect(offset).toBe(id);
    expect(replies.map(({ id }) => Number(id)).sort((a, b) => a - b)).toEqual(upTo(12));
  });

  it.each(['before', 'after'] as const)(
    'is mended by its repeat wherever the function dies (%s a write)',
    async (when) => {
      let deaths = 0;
      for (let step = 1; ; step += 1) {
        let left = step;
        let died = false;
        world.fault = async (written) => {
          left -= 1;
          if (left !== 0) return written();
          died = true;
          if (when === 'after') await written();
          throw new Crash('killed');
        };
        const data = { room, text: 'hi @bob', clientId: `c${step}` };
        await world.call('alice', 'send', data);
        world.fault = (written) => written();
        const repeated = await world.call('alice', 'send', data);
        expect(repeated).toEqual({ data: { id: step, offset: step } });
        expect(ids()).toEqual(upTo(step));
        expect(world.published('user:#bob').map(({ id }) => id)).toEqual(upTo(step));
        if (!died) break;
        deaths += 1;
      }
      expect(deaths).toBeGreaterThan(7);
    },
  );

  it.each(upTo(40))(
    'leaves no gap and no message twice while functions die side by side (seed %i)',
    async (seed) => {
      const random = seededRandom(seed);
      const wait = slow(random);
      let dying = true;
      world.fault = async (written, to) => {
        if (dying && random() < 0.05) throw new Crash('killed before');
        const result = await wait(written, to);
        if (dying && random() < 0.05) throw new Crash('killed after');
        return result;
      };
      const sending = async (n: number): Promise<Answer> => {
        const data = { room, text: `${n}`, clientId: `c${n}` };
        for (;;) {
          const answer = await world.call('alice', 'send', data, { times: 1 + Math.floor(random() * 2) });
          if ('data' in answer) return answer;
          expect(answer.error.code).toBe(100);
          if (random() < 0.3) return answer;
        }
      };
      const answers = await Promise.all(upTo(10).map(sending));
      dying = false;
      for (const n of upTo(10))
        answers.push(await world.call('alice', 'send', { room, text: `${n}`, clientId: `c${n}` }));
      expect(ids()).toEqual(upTo(10));
      const told = new Set(
        answers.flatMap((answer) => ('data' in answer ? [JSON.stringify(answer.data)] : [])),
      );
      expect([...told].map((text) => JSON.parse(text).id).sort((a, b) => a - b)).toEqual(upTo(10));
      const texts = world.published(channel()).map(({ text }) => text);
      expect(new Set(texts).size).toBe(10);
    },
  );

  it('publishes first what another function left unpublished', async () => {
    let sends = 0;
    world.fault = async (written, to) => {
      if (to === 'store') return written();
      sends += 1;
      throw new Crash('killed before the queue');
    };
    expect(await world.call('alice', 'send', { room, text: 'lost?' })).toMatchObject({
      error: { code: 100 },
    });
    expect(sends).toBe(1);
    world.fault = (written) => written();
    expect(await world.call('bob', 'send', { room, text: 'next' })).toEqual({ data: { id: 2, offset: 2 } });
    expect(world.published(channel()).map(({ text }) => text)).toEqual(['lost?', 'next']);
  });
});

describe('mentions', () => {
  it('tell members in their own channels, once', async () => {
    await world.done('alice', 'send', { room, text: '@bob, @carol. @bob @eve mail@carol' });
    for (const user of ['bob', 'carol']) {
      expect(world.published(`user:#${user}`)).toEqual([{ type: 'mention', room, id: 1, by: 'alice' }]);
    }
    expect(world.published('user:#eve')).toEqual([]);
    expect(world.published(channel())[0]).toMatchObject({ mentions: ['bob', 'carol'] });
  });
});
