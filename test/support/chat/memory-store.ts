import type { Member, Message, Room } from '../../../lambdas/services/chat/model';
import { SEND_BURST, SEND_INTERVAL_MS } from '../../../lambdas/services/chat/rules';
import type { ChatStore, MessageStore, RoomStore, Sent } from '../../../lambdas/services/chat/store';

interface Tables {
  readonly rooms: Map<string, Room>;
  readonly members: Map<string, Map<string, Member>>;
  readonly messages: Map<string, Message[]>;
  readonly sends: Map<string, Sent>;
}

const sendIn = (room: string, key: string) => `${room} ${key}`;

function roomStore({ rooms, members }: Tables): RoomStore {
  const membersOf = (room: string) => {
    const there = members.get(room) ?? new Map<string, Member>();
    members.set(room, there);
    return there;
  };
  const change = (room: string, user: string, when: (member: Member) => boolean, to: Partial<Member>) => {
    const member = membersOf(room).get(user);
    if (member === undefined || !when(member)) return false;
    membersOf(room).set(user, { ...member, ...to });
    return true;
  };
  const isMember = ({ state }: Member) => state === 'member';
  const leftBefore = (stamp: string) => (member: Member | undefined) =>
    member === undefined || (member.state === 'left' && member.stamp < stamp);
  return {
    room: async (room) => rooms.get(room),
    member: async (room, user) => membersOf(room).get(user),
    members: async (room) => [...membersOf(room).values()].filter(isMember),
    membersAmong: async (room, users) =>
      users.filter((user) => membersOf(room).get(user)?.state === 'member'),
    roomsOf: async (user) =>
      [...members].flatMap(([room, there]) => {
        const member = there.get(user);
        return member && isMember(member) ? [{ room, member }] : [];
      }),
    createRoom: async (room) => {
      if (!rooms.has(room.room)) rooms.set(room.room, room);
    },
    enter: async (room, member) => {
      const former = membersOf(room).get(member.user);
      if (former?.state !== 'invited' && !leftBefore(member.stamp)(former)) return false;
      membersOf(room).set(member.user, member);
      return true;
    },
    invite: async (room, user, stamp) => {
      if (!leftBefore(stamp)(membersOf(room).get(user))) return false;
      const none = { joinedAt: 0, since: 0, deliveredUpTo: 0, readUpTo: 0, paidUntil: 0 };
      membersOf(room).set(user, { user, state: 'invited', role: 'member', stamp, ...none });
      return true;
    },
    exit: async (room, user, stamp) =>
      change(room, user, (member) => member.state !== 'left' && member.stamp < stamp, {
        state: 'left',
        role: 'member',
        stamp,
      }),
    makeOwner: async (room, user) => {
      change(room, user, isMember, { role: 'owner' });
    },
    pay: async (room, { user }, now) => {
      const paidUntil = membersOf(room).get(user)?.paidUntil ?? 0;
      const next = Math.max(paidUntil, now) + SEND_INTERVAL_MS;
      return next <= now + SEND_BURST * SEND_INTERVAL_MS && change(room, user, isMember, { paidUntil: next });
    },
    advance: async (room, user, cursor, id) => {
      change(room, user, (member) => isMember(member) && member[cursor] < id, { [cursor]: id });
    },
  };
}

function messageStore({ rooms, members, messages, sends }: Tables): MessageStore {
  const log = (room: string) => {
    const there = messages.get(room) ?? [];
    messages.set(room, there);
    return there;
  };
  return {
    beforeSend: async (room, user, key) => {
      const [known, member] = [rooms.get(room), members.get(room)?.get(user)];
      const sent = sends.get(sendIn(room, key));
      return {
        ...(known && { room: known }),
        ...(member && { member }),
        ...(sent && { sent }),
      };
    },
    beginSend: async (room, key, floor) => {
      if (sends.has(sendIn(room, key))) return false;
      sends.set(sendIn(room, key), { floor });
      return true;
    },
    endSend: async (room, key, id) => {
      const sent = sends.get(sendIn(room, key));
      if (sent) sends.set(sendIn(room, key), { ...sent, id });
    },
    sent: async (room, key) => sends.get(sendIn(room, key)),
    add: async (room, message) => {
      if (message.id !== log(room).length + 1) return false;
      log(room).push(message);
      return true;
    },
    message: async (room, id) => log(room)[id - 1],
    between: async (room, after, until) => log(room).slice(after, until),
    page: async (room, before, limit) =>
      log(room)
        .slice(0, before - 1)
        .reverse()
        .slice(0, limit),
    lastId: async (room) => log(room).length,
    unread: async (room, user, after, most) =>
      log(room)
        .slice(after, after + most)
        .filter((message) => message.user !== user && !message.deleted).length,
    markPublished: async (room, id) => {
      const known = rooms.get(room);
      if (known && known.publishedUpTo < id) rooms.set(room, { ...known, publishedUpTo: id });
    },
    edit: async (room, id, { text, at, stamp }) => {
      const message = log(room)[id - 1];
      if (message === undefined || message.deleted || (message.editStamp ?? '') >= stamp) return false;
      log(room)[id - 1] = {
        ...message,
        text,
        editedAt: at,
        editStamp: stamp,
        revision: message.revision + 1,
      };
      return true;
    },
    remove: async (room, id) => {
      const message = log(room)[id - 1];
      if (message === undefined || message.deleted) return;
      log(room)[id - 1] = {
        ...message,
        text: '',
        mentions: [],
        deleted: true,
        revision: message.revision + 1,
      };
    },
  };
}

/** What DynamoDB keeps, by the same rules, without DynamoDB. */
export function memoryStore(): ChatStore {
  const tables: Tables = { rooms: new Map(), members: new Map(), messages: new Map(), sends: new Map() };
  return { rooms: roomStore(tables), messages: messageStore(tables) };
}
