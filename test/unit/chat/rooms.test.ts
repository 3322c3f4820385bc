import { usePlatformDouble } from '../service-sdk/platform-double';
import { ChatWorld } from './world';

usePlatformDouble('chat');

let world: ChatWorld;
beforeEach(() => {
  world = new ChatWorld();
});

const refused = {
  error: { code: 103, message: expect.stringMatching(/^permission denied: .*expected .*, got /) },
};

describe('a room', () => {
  it('is one where its event comes twice', async () => {
    const [first, other] = [
      await world.call('alice', 'createRoom', { name: 'Tea' }, { times: 2 }),
      await world.room('alice'),
    ];
    expect(first).toEqual({ data: { room: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/) } });
    expect(first).not.toEqual({ data: { room: other } });
    expect((await world.done('alice', 'unread', null))['rooms']).toHaveLength(2);
  });

  it('lets in whoever knows it, where it is open', async () => {
    const room = await world.room('alice');
    expect(await world.call('bob', 'join', { room })).toEqual({ data: { room, name: 'Tea' } });
    expect(await world.call('bob', 'join', { room })).toEqual({ data: { room, name: 'Tea' } });
  });

  it('lets in whom its owner has invited, where it is by invitation', async () => {
    const room = await world.room('alice', [], { access: 'invite' });
    expect(await world.call('bob', 'join', { room })).toEqual(refused);
    expect(await world.call('alice', 'invite', { room, user: 'bob' }, { times: 2 })).toEqual({
      data: { room, user: 'bob' },
    });
    expect(world.published('user:#bob')).toEqual([{ type: 'invite', room, name: 'Tea', by: 'alice' }]);
    expect(await world.subscribe('bob', `chat:${room}`)).toBe(103);
    await world.done('bob', 'join', { room });
    expect(await world.call('bob', 'invite', { room, user: 'carol' })).toEqual({
      error: {
        code: 103,
        message: 'permission denied: role: expected owner, since the room is by invitation, got member',
      },
    });
    expect(await world.call('carol', 'join', { room })).toEqual(refused);
  });

  it('has members who invite, where it is open, and tells nobody who is there', async () => {
    const room = await world.room('alice', ['bob']);
    await world.done('bob', 'invite', { room, user: 'carol' });
    await world.done('bob', 'invite', { room, user: 'alice' });
    expect(world.published('user:#carol')).toHaveLength(1);
    expect(world.published('user:#alice')).toEqual([]);
  });

  it('passes to who has been there longest when its owner leaves', async () => {
    const room = await world.room('alice', ['bob', 'carol'], { access: 'open' });
    await world.done('alice', 'leave', { room });
    expect(await world.store.rooms.member(room, 'bob')).toMatchObject({ role: 'owner' });
    await world.done('bob', 'remove', { room, user: 'carol' });
    expect(await world.call('carol', 'history', { room })).toEqual(refused);
    expect(await world.call('carol', 'join', { room })).toMatchObject({ data: { room } });
    await world.done('bob', 'leave', { room });
    await world.done('carol', 'leave', { room });
    expect(await world.store.rooms.members(room)).toEqual([]);
  });

  it('ends the subscriptions of who leaves, also where the first try died', async () => {
    const room = await world.room('alice', ['bob']);
    world.fault = async (written, to) => {
      if (to === 'bus') throw new Error('killed');
      return written();
    };
    await world.call('bob', 'leave', { room });
    world.fault = (written) => written();
    expect(await world.call('bob', 'leave', { room })).toEqual({ data: { room } });
    expect(world.ended('bob').slice(-2)).toEqual([`chat:${room}`, `typing:${room}`]);
    expect(world.ended('alice')).toEqual([]);
  });

  it('is not left by a leave that comes again after a new join', async () => {
    const room = await world.room('alice', ['bob']);
    const issuedAt = Date.now();
    await world.call('bob', 'leave', { room }, { issuedAt });
    await world.call('bob', 'join', { room }, { issuedAt: issuedAt + 1 });
    await world.call('bob', 'leave', { room }, { issuedAt });
    expect(await world.subscribe('bob', `chat:${room}`)).toMatchObject({ info: { role: 'member' } });
  });

  it.each([
    ['a stranger', 'bob', 'remove', 'alice', refused],
    ['a member', 'carol', 'remove', 'alice', refused],
    ['the owner himself', 'alice', 'remove', 'alice', { error: { code: 107 } }],
    ['nobody who is there', 'alice', 'remove', 'dan', { error: { code: 107 } }],
  ])('is not emptied by %s', async (_, by, method, user, answer) => {
    const room = await world.room('alice', ['carol']);
    expect(await world.call(by, method, { room, user })).toMatchObject(answer);
    expect(await world.store.rooms.members(room)).toHaveLength(2);
  });
});

describe('who is no member', () => {
  it.each([
    ['send', { text: 'hi' }],
    ['edit', { id: 1, text: 'hi' }],
    ['delete', { id: 1 }],
    ['history', {}],
    ['status', { id: 1 }],
    ['markDelivered', { upTo: 1 }],
    ['markRead', { upTo: 1 }],
    ['leave', {}],
    ['invite', { user: 'dan' }],
    ['remove', { user: 'alice' }],
  ])(
    'gets 103 from chat.%s: a stranger, one who left, one who is invited, nobody, and in a room that is none',
    async (method, more) => {
      const room = await world.room('alice', ['carol']);
      await world.done('alice', 'send', { room, text: 'hi' });
      await world.done('carol', 'leave', { room });
      await world.done('alice', 'invite', { room, user: 'dan' });
      const strangers = method === 'leave' ? ['bob', 'dan', ''] : ['bob', 'carol', 'dan', ''];
      for (const user of strangers)
        expect(await world.call(user, method, { room, ...more })).toEqual(refused);
      expect(await world.call('alice', method, { room: 'none', ...more })).toEqual(refused);
    },
  );

  it('gets 103 for a subscribe to its channels and to what is no room', async () => {
    const room = await world.room('alice', ['bob']);
    for (const channel of [`chat:${room}`, `typing:${room}`]) {
      expect(await world.subscribe('bob', channel)).toMatchObject({ info: { role: 'member' } });
      for (const user of ['carol', '']) expect(await world.subscribe(user, channel)).toBe(103);
    }
    for (const channel of ['chat:none', 'chat:', 'chat:a/b'])
      expect(await world.subscribe('bob', channel)).toBe(103);
  });

  it('gets 103 for a room or a list of rooms without a name of his own', async () => {
    for (const [method, data] of [
      ['createRoom', { name: 'x' }],
      ['unread', null],
      ['join', { room: 'x' }],
    ] as const) {
      expect(await world.call('', method, data)).toEqual(refused);
    }
  });
});
