import type { Member, Message, Room } from '../../../lambdas/services/chat/model';
import { SEND_BURST, SEND_INTERVAL_MS } from '../../../lambdas/services/chat/rules';
import type { ChatStore } from '../../../lambdas/services/chat/store';

const cursors = { since: 0, deliveredUpTo: 0, readUpTo: 0, paidUntil: 0 };

export function memberOf(user: string, more: Partial<Member> = {}): Member {
  return { user, state: 'member', role: 'member', stamp: '1', joinedAt: 5, ...cursors, ...more };
}

export function messageOf(id: number, more: Partial<Message> = {}): Message {
  return {
    id,
    user: 'alice',
    text: `text ${id}`,
    at: 1_000 + id,
    mentions: [],
    sendKey: `k${id}`,
    revision: 0,
    ...more,
  };
}

/** What every store of chat does; `stores` gives one, and a room's id that is not in use yet. */
export function describeChatStore(next: () => { readonly store: ChatStore; readonly room: string }): void {
  const inRoom = async () => {
    const { store, room } = next();
    const made: Room = { room, name: 'Tea', access: 'open', createdAt: 5, publishedUpTo: 0 };
    await store.rooms.createRoom(made);
    return { ...store, room, made };
  };

  describe('rooms', () => {
    it('are made once', async () => {
      const { rooms, room, made } = await inRoom();
      await rooms.createRoom({ ...made, name: 'Coffee', access: 'invite' });
      expect(await rooms.room(room)).toEqual(made);
      expect(await rooms.room('another')).toBeUndefined();
    });

    it('say up to where messages are published, and never less', async () => {
      const { rooms, messages, room } = await inRoom();
      for (const id of [3, 2]) await messages.markPublished(room, id);
      expect(await rooms.room(room)).toMatchObject({ publishedUpTo: 3 });
    });
  });

  describe('members', () => {
    it('enter, leave and come back in the order of their commands, whatever comes twice', async () => {
      const { rooms, room } = await inRoom();
      const steps: [() => Promise<boolean>, boolean, string][] = [
        [() => rooms.enter(room, memberOf('alice', { stamp: '1' })), true, 'member'],
        [() => rooms.enter(room, memberOf('alice', { stamp: '1' })), false, 'member'],
        [() => rooms.exit(room, 'alice', '2'), true, 'left'],
        [() => rooms.exit(room, 'alice', '2'), false, 'left'],
        [() => rooms.enter(room, memberOf('alice', { stamp: '1' })), false, 'left'],
        [() => rooms.enter(room, memberOf('alice', { stamp: '3', since: 7 })), true, 'member'],
        [() => rooms.exit(room, 'alice', '2'), false, 'member'],
      ];
      for (const [step, changed, state] of steps) {
        expect(await step()).toBe(changed);
        expect(await rooms.member(room, 'alice')).toMatchObject({ state });
      }
      expect(await rooms.member(room, 'alice')).toEqual(memberOf('alice', { stamp: '3', since: 7 }));
    });

    it('are invited where they are not in the room, and come in then', async () => {
      const { rooms, room } = await inRoom();
      expect(await rooms.invite(room, 'bob', '5')).toBe(true);
      expect(await rooms.invite(room, 'bob', '6')).toBe(false);
      expect(await rooms.member(room, 'bob')).toMatchObject({ state: 'invited', role: 'member' });
      expect(await rooms.enter(room, memberOf('bob', { stamp: '4' }))).toBe(true);
      expect(await rooms.invite(room, 'bob', '9')).toBe(false);
      expect(await rooms.member(room, 'bob')).toMatchObject({ state: 'member' });
    });

    it('are listed by room and by user without those who left or are invited', async () => {
      const { rooms, room } = await inRoom();
      const user = `alice of ${room}`;
      for (const name of [user, 'bob', 'carol']) await rooms.enter(room, memberOf(name));
      await rooms.exit(room, 'bob', '2');
      await rooms.invite(room, 'dan', '1');
      expect((await rooms.members(room)).map((member) => member.user).sort()).toEqual([user, 'carol']);
      expect(await rooms.membersAmong(room, ['carol', 'bob', 'dan', 'eve', user])).toEqual(['carol', user]);
      expect(await rooms.roomsOf(user)).toEqual([{ room, member: memberOf(user) }]);
      await rooms.exit(room, user, '2');
      expect(await rooms.roomsOf(user)).toEqual([]);
    });

    it('get the role owner, unless they are gone', async () => {
      const { rooms, room } = await inRoom();
      for (const name of ['alice', 'bob']) await rooms.enter(room, memberOf(name));
      await rooms.exit(room, 'bob', '2');
      for (const name of ['alice', 'bob', 'eve']) await rooms.makeOwner(room, name);
      expect(await rooms.member(room, 'alice')).toMatchObject({ role: 'owner' });
      expect(await rooms.member(room, 'bob')).toMatchObject({ role: 'member', state: 'left' });
      expect(await rooms.member(room, 'eve')).toBeUndefined();
    });

    it('have cursors that go forward only', async () => {
      const { rooms, room } = await inRoom();
      await rooms.enter(room, memberOf('alice'));
      for (const id of [4, 2]) await rooms.advance(room, 'alice', 'readUpTo', id);
      await rooms.advance(room, 'alice', 'deliveredUpTo', 9);
      await rooms.advance(room, 'eve', 'readUpTo', 9);
      expect(await rooms.member(room, 'alice')).toMatchObject({ readUpTo: 4, deliveredUpTo: 9 });
      expect(await rooms.member(room, 'eve')).toBeUndefined();
    });

    it('pay for a burst and then for one per interval, also side by side', async () => {
      const { rooms, room } = await inRoom();
      const alice = memberOf('alice');
      await rooms.enter(room, alice);
      const now = 1_000_000;
      const paid = await Promise.all(
        Array.from({ length: SEND_BURST + 5 }, () => rooms.pay(room, alice, now)),
      );
      expect(paid.filter(Boolean)).toHaveLength(SEND_BURST);
      const later = (await rooms.member(room, 'alice')) ?? alice;
      expect(await rooms.pay(room, later, now + SEND_INTERVAL_MS - 1)).toBe(false);
      expect(await rooms.pay(room, later, now + SEND_INTERVAL_MS)).toBe(true);
      expect(await rooms.pay(room, later, now + SEND_INTERVAL_MS)).toBe(false);
      expect(await rooms.pay(room, later, now + 3_600_000)).toBe(true);
      expect(await rooms.pay(room, memberOf('eve'), now)).toBe(false);
    });
  });

  describe('messages', () => {
    it('take each id once', async () => {
      const { messages, room } = await inRoom();
      const added = await Promise.all(
        ['a', 'b'].map((sendKey) => messages.add(room, messageOf(1, { sendKey }))),
      );
      expect(added.filter(Boolean)).toHaveLength(1);
      expect(await messages.lastId(room)).toBe(1);
    });

    it('come back as they were added', async () => {
      const { messages, room } = await inRoom();
      const full = messageOf(1, { mentions: ['bob', 'é"'], clientId: 'c', text: '👩‍👩‍👧‍👦 "\n' });
      await messages.add(room, full);
      expect(await messages.message(room, 1)).toEqual(full);
      expect(await messages.message(room, 2)).toBeUndefined();
      expect(await messages.lastId('another')).toBe(0);
    });

    it('are read in pages and between two ids', async () => {
      const { messages, room } = await inRoom();
      for (let id = 1; id <= 12; id += 1) await messages.add(room, messageOf(id));
      const ids = (found: readonly Message[]) => found.map(({ id }) => id);
      expect(ids(await messages.page(room, Number.MAX_SAFE_INTEGER, 5))).toEqual([12, 11, 10, 9, 8]);
      expect(ids(await messages.page(room, 3, 5))).toEqual([2, 1]);
      expect(ids(await messages.page(room, 1, 5))).toEqual([]);
      expect(ids(await messages.between(room, 9))).toEqual([10, 11, 12]);
      expect(ids(await messages.between(room, 9, 10))).toEqual([10]);
      expect(ids(await messages.between(room, 9, 9))).toEqual([]);
      expect(await messages.lastId(room)).toBe(12);
    });

    it('count as unread where they are of others and there', async () => {
      const { messages, room } = await inRoom();
      for (let id = 1; id <= 9; id += 1) {
        await messages.add(room, messageOf(id, { user: id % 3 === 0 ? 'bob' : 'alice' }));
      }
      await messages.remove(room, 5);
      expect(await messages.unread(room, 'bob', 0, 100)).toBe(5);
      expect(await messages.unread(room, 'bob', 4, 100)).toBe(2);
      expect(await messages.unread(room, 'carol', 0, 4)).toBe(4);
      expect(await messages.unread(room, 'carol', 9, 4)).toBe(0);
    });

    it('change by the latest edit, and no more once they are deleted', async () => {
      const { messages, room } = await inRoom();
      await messages.add(room, messageOf(1, { mentions: ['bob'] }));
      const edit = (stamp: string) => messages.edit(room, 1, { text: `edit ${stamp}`, at: 50, stamp });
      expect([await edit('2'), await edit('2'), await edit('1'), await edit('3')]).toEqual([
        true,
        false,
        false,
        true,
      ]);
      expect(await messages.message(room, 1)).toEqual(
        messageOf(1, { mentions: ['bob'], text: 'edit 3', editedAt: 50, editStamp: '3', revision: 2 }),
      );
      for (const id of [1, 1, 2]) await messages.remove(room, id);
      expect(await edit('4')).toBe(false);
      expect(await messages.message(room, 1)).toEqual(
        messageOf(1, { text: '', editedAt: 50, editStamp: '3', revision: 3, deleted: true }),
      );
      expect(await messages.message(room, 2)).toBeUndefined();
      expect(await messages.edit(room, 2, { text: 'x', at: 1, stamp: '1' })).toBe(false);
    });
  });

  describe('a send', () => {
    it('is noted once with where it begins, then with its message', async () => {
      const { messages, room } = await inRoom();
      await messages.endSend(room, 'k', 9);
      expect(await messages.sent(room, 'k')).toBeUndefined();
      expect(await messages.beginSend(room, 'k', 4)).toBe(true);
      expect(await messages.beginSend(room, 'k', 6)).toBe(false);
      expect(await messages.sent(room, 'k')).toEqual({ floor: 4 });
      await messages.endSend(room, 'k', 5);
      expect(await messages.sent(room, 'k')).toEqual({ floor: 4, id: 5 });
    });

    it('reads room, member and what is noted at once', async () => {
      const { rooms, messages, room, made } = await inRoom();
      await rooms.enter(room, memberOf('alice'));
      await messages.beginSend(room, 'k', 4);
      expect(await messages.beforeSend(room, 'alice', 'k')).toEqual({
        room: made,
        member: memberOf('alice'),
        sent: { floor: 4 },
      });
      expect(await messages.beforeSend(room, 'eve', 'other')).toEqual({ room: made });
      expect(await messages.beforeSend('another', 'alice', 'k')).toEqual({});
    });
  });
}
