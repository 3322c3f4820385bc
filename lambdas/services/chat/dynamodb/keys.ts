/**
 * The table of chat: one, with the keys `pk` and `sk`, written item by item, each with a condition. No index, no transaction.
 *
 * | item | pk | sk | attributes |
 * |---|---|---|---|
 * | room | `room#<room>` | `room` | name, access, createdAt, publishedUpTo |
 * | member | `room#<room>` | `member#<user>` | state, role, stamp, joinedAt, since, deliveredUpTo, readUpTo, paidUntil |
 * | message | `room#<room>` | `message#<id, 16 digits>` | user, text, at, mentions, sendKey, clientId, revision, editStamp, editedAt, deleted |
 * | send | `room#<room>` | `send#<send key>` | floor, id, expiresAt (TTL) |
 * | place | `user#<user>` | `room#<room>` | |
 *
 * | asked for | how | capacity, about |
 * |---|---|---|
 * | what a send looks at (room, member, send) | BatchGetItem | 3 reads |
 * | the last id; the next page of history; the messages between two | Query of `message#`, from its end or of a range | 1 per 4 KB |
 * | unread messages of a room | Query of `message#` behind the read cursor, filtered, counted | 1 per 4 KB of what is unread |
 * | a member; the members of a room (`status`) | GetItem; Query of `member#` | 1; 1 per 20 members |
 * | rooms of a user | Query of `user#<user>`, then BatchGetItem of the members | 1 per 80 rooms, 1 per room |
 * | a send | PutItem of send and message, UpdateItem of member, room and send | 5 writes; 1 and a read more for each id that went to another |
 *
 * A place is written before the member and never removed: it may point to a room that the user is not in, never the other way.
 * All reads are consistent. `send` items expire; everything else stays.
 */
const ID_DIGITS = 16;

export type Key = { readonly pk: string; readonly sk: string };

export const MEMBER = 'member#';
export const MESSAGE = 'message#';
export const PLACE = 'room#';

export const roomPartition = (room: string) => `room#${room}`;
export const userPartition = (user: string) => `user#${user}`;

export const roomKey = (room: string): Key => ({ pk: roomPartition(room), sk: 'room' });
export const memberKey = (room: string, user: string): Key => ({
  pk: roomPartition(room),
  sk: `${MEMBER}${user}`,
});
export const messageSort = (id: number) => `${MESSAGE}${String(id).padStart(ID_DIGITS, '0')}`;
export const messageKey = (room: string, id: number): Key => ({
  pk: roomPartition(room),
  sk: messageSort(id),
});
export const sendKey = (room: string, key: string): Key => ({ pk: roomPartition(room), sk: `send#${key}` });
export const placeKey = (user: string, room: string): Key => ({
  pk: userPartition(user),
  sk: `${PLACE}${room}`,
});
