import type { Call } from './caller';
import type { Input } from './input';
import type { Member } from './model';
import { checkMember, checkUser, unknownMessage } from './refusals';
import { MAX_UNREAD } from './rules';

/** Rooms whose unread messages are counted at the same time. */
const ROOMS_AT_ONCE = 16;

/** All messages up to this one are delivered to the caller, or read by him. The cursor never goes back. */
export async function mark(
  { rooms, messages, user }: Call,
  cursor: 'deliveredUpTo' | 'readUpTo',
  { room, upTo }: Input<'mark'>,
) {
  const [member, message] = await Promise.all([rooms.member(room, user), messages.message(room, upTo)]);
  const own = checkMember(member);
  if (message === undefined) throw unknownMessage('upTo', upTo);
  await rooms.advance(room, user, cursor, upTo);
  return { upTo: Math.max(own[cursor], upTo) };
}

/**
 * How far a message has come: to how many members it was `sent` (who were in the room then and still are, without the author), to how
 * many of them it was `delivered`, and how many have `read` it. Who has read a message has been delivered it.
 */
export async function status({ rooms, messages, user }: Call, { room, id }: Input<'message'>) {
  const [members, message] = await Promise.all([rooms.members(room), messages.message(room, id)]);
  checkMember(members.find((member) => member.user === user));
  if (message === undefined) throw unknownMessage('id', id);
  const recipients = members.filter((member) => member.user !== message.user && member.since < id);
  const reached = (at: (member: Member) => boolean) => recipients.filter(at).length;
  return {
    sent: recipients.length,
    delivered: reached(({ deliveredUpTo, readUpTo }) => Math.max(deliveredUpTo, readUpTo) >= id),
    read: reached(({ readUpTo }) => readUpTo >= id),
  };
}

/** Messages of others behind the caller's read cursor, by room; deleted ones do not count. */
export async function unread({ rooms, messages, user }: Call) {
  checkUser(user);
  const places = [...(await rooms.roomsOf(user))];
  const counts: { room: string; unread: number }[] = [];
  const count = async () => {
    for (let place = places.shift(); place; place = places.shift()) {
      const { room, member } = place;
      counts.push({ room, unread: await messages.unread(room, user, member.readUpTo, MAX_UNREAD) });
    }
  };
  await Promise.all(Array.from({ length: ROOMS_AT_ONCE }, count));
  counts.sort((a, b) => (a.room < b.room ? -1 : 1));
  return { rooms: counts, total: counts.reduce((sum, { unread: some }) => sum + some, 0) };
}
