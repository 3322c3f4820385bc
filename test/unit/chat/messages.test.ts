import { usePlatformDouble } from '../service-sdk/platform-double';
import { ChatWorld } from './world';

usePlatformDouble('chat');

let world: ChatWorld;
let room: string;
beforeEach(async () => {
  world = new ChatWorld();
  room = await world.room('alice', ['bob', 'carol']);
});

const say = async (user: string, ...texts: string[]) => {
  for (const text of texts) await world.done(user, 'send', { room, text });
};
const history = async (more: object = {}) =>
  (await world.done('bob', 'history', { room, ...more }))['messages'];
const status = (id: number) => world.done('alice', 'status', { room, id });
const unread = async (user: string) => {
  const { rooms, total } = await world.done(user, 'unread', {});
  expect(rooms).toEqual([{ room, unread: total }]);
  return total;
};

describe('chat.edit and chat.delete', () => {
  it('change the message and tell the channel, once per command', async () => {
    await say('bob', 'helo', 'second');
    expect(await world.call('bob', 'edit', { room, id: 1, text: 'hello' }, { times: 2 })).toEqual({
      data: { id: 1, offset: 3 },
    });
    expect(await world.call('bob', 'delete', { room, id: 2 }, { times: 2 })).toEqual({
      data: { id: 2, offset: 4 },
    });
    expect(world.published(`chat:${room}`).slice(2)).toEqual([
      expect.objectContaining({
        type: 'edit',
        id: 1,
        text: 'hello',
        revision: 1,
        editedAt: expect.any(Number),
      }),
      { type: 'delete', id: 2, revision: 1 },
    ]);
    expect(await history()).toEqual([
      expect.objectContaining({ id: 1, text: 'hello' }),
      expect.objectContaining({ id: 2, text: '', deleted: true }),
    ]);
  });

  it('keep the later of two edits, whatever comes again', async () => {
    await say('bob', 'one');
    const issuedAt = Date.now();
    await world.call('bob', 'edit', { room, id: 1, text: 'two' }, { issuedAt });
    await world.call('bob', 'edit', { room, id: 1, text: 'three' }, { issuedAt: issuedAt + 1 });
    await world.call('bob', 'edit', { room, id: 1, text: 'two' }, { issuedAt });
    expect(await history()).toEqual([expect.objectContaining({ text: 'three', revision: 2 })]);
    expect(world.published(`chat:${room}`)).toHaveLength(3);
  });

  it('are the author’s, and the owner may delete', async () => {
    await say('bob', 'mine');
    for (const user of ['alice', 'carol']) {
      expect(await world.call(user, 'edit', { room, id: 1, text: 'x' })).toEqual({
        error: {
          code: 103,
          message: 'permission denied: data.id: expected a message of your own, got one of somebody else',
        },
      });
    }
    expect(await world.call('carol', 'delete', { room, id: 1 })).toMatchObject({ error: { code: 103 } });
    expect(await world.call('alice', 'delete', { room, id: 1 })).toMatchObject({ data: { id: 1 } });
    expect(await world.call('bob', 'edit', { room, id: 1, text: 'x' })).toEqual({
      error: {
        code: 107,
        message: 'bad request: data.id: expected a message that is there, got a deleted one',
      },
    });
  });

  it('are published by their repeat where the function died before', async () => {
    await say('bob', 'one');
    world.fault = async (written, to) => {
      if (to === 'queue') throw new Error('killed');
      return written();
    };
    expect(await world.call('bob', 'delete', { room, id: 1 })).toMatchObject({ error: { code: 100 } });
    world.fault = (written) => written();
    expect(await world.call('bob', 'delete', { room, id: 1 })).toEqual({ data: { id: 1, offset: 2 } });
    expect(world.published(`chat:${room}`).at(-1)).toEqual({ type: 'delete', id: 1, revision: 1 });
  });
});

describe('chat.history', () => {
  it('answers the newest page, and those before it, newest last', async () => {
    await say('alice', ...'abcdefg');
    const texts = async (more: object) => (await history(more)) as { id: number; text: string }[];
    expect((await texts({ limit: 3 })).map(({ text }) => text)).toEqual(['e', 'f', 'g']);
    expect((await texts({ limit: 3, before: 5 })).map(({ id }) => id)).toEqual([2, 3, 4]);
    expect((await texts({ before: 2 })).map(({ text }) => text)).toEqual(['a']);
    expect(await texts({ before: 1 })).toEqual([]);
    expect(await texts({})).toHaveLength(7);
  });

  it('ends a page of long texts before it is too large for a reply', async () => {
    await say('alice', ...Array.from({ length: 30 }, () => '€'.repeat(4_000)));
    const page = (await history()) as { id: number }[];
    expect(page.length).toBeGreaterThan(5);
    expect(page.at(-1)).toMatchObject({ id: 30 });
    const first = page[0]?.id ?? 0;
    expect(await history({ before: first, limit: 1 })).toEqual([expect.objectContaining({ id: first - 1 })]);
  });
});

describe('chat.status', () => {
  it('counts who has got and read a message, without its author', async () => {
    await say('alice', 'one', 'two');
    expect(await status(1)).toEqual({ sent: 2, delivered: 0, read: 0 });
    expect(await world.done('bob', 'markDelivered', { room, upTo: 2 })).toEqual({ upTo: 2 });
    expect(await world.done('carol', 'markRead', { room, upTo: 1 })).toEqual({ upTo: 1 });
    expect(await world.done('bob', 'markDelivered', { room, upTo: 1 })).toEqual({ upTo: 2 });
    await world.done('alice', 'markRead', { room, upTo: 2 });
    expect(await status(1)).toEqual({ sent: 2, delivered: 2, read: 1 });
    expect(await status(2)).toEqual({ sent: 2, delivered: 1, read: 0 });
  });

  it('counts neither who came later nor who has left', async () => {
    await say('alice', 'one');
    await world.done('dan', 'join', { room });
    await say('alice', 'two');
    expect(await status(1)).toMatchObject({ sent: 2 });
    expect(await status(2)).toMatchObject({ sent: 3 });
    await world.done('dan', 'markRead', { room, upTo: 2 });
    expect(await status(1)).toEqual({ sent: 2, delivered: 0, read: 0 });
    expect(await status(2)).toEqual({ sent: 3, delivered: 1, read: 1 });
    await world.done('dan', 'leave', { room });
    expect(await status(2)).toEqual({ sent: 2, delivered: 0, read: 0 });
  });
});

describe('chat.unread', () => {
  it('counts the messages of others that are there behind the read cursor', async () => {
    await say('alice', 'one', 'two');
    await say('bob', 'three');
    expect([await unread('alice'), await unread('bob'), await unread('carol')]).toEqual([1, 2, 3]);
    await world.done('carol', 'markDelivered', { room, upTo: 3 });
    await world.done('carol', 'markRead', { room, upTo: 1 });
    await world.done('alice', 'delete', { room, id: 2 });
    expect([await unread('bob'), await unread('carol')]).toEqual([1, 1]);
  });

  it('has a number for each room, none before a join', async () => {
    await say('alice', 'one');
    const other = await world.room('dan', ['bob']);
    await world.done('dan', 'join', { room });
    await world.done('dan', 'send', { room: other, text: 'x' });
    const rooms = [
      { room, unread: 1 },
      { room: other, unread: 1 },
    ].sort((a, b) => (a.room < b.room ? -1 : 1));
    expect(await world.done('bob', 'unread', null)).toEqual({ rooms, total: 2 });
    expect(await world.done('dan', 'unread', null)).toMatchObject({ total: 0 });
    expect(await world.done('eve', 'unread', null)).toEqual({ rooms: [], total: 0 });
  });
});
