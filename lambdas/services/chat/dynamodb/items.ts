import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Member, Message, Room } from '../model';
import type { Sent } from '../store';
import { MEMBER, MESSAGE, PLACE } from './keys';

export type Item = Record<string, AttributeValue>;
export type Value = string | number | boolean | readonly string[];

/** An item of the table is not what this service writes. */
export class ItemError extends Error {
  override readonly name = 'ItemError';

  constructor(attribute: string, expected: string) {
    super(`attribute ${attribute}: expected ${expected}, got another or none`);
  }
}

function attributeOf(value: Value): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  return { L: value.map((S) => ({ S })) };
}

/** Attributes of what is there; `undefined` is left out. */
export function itemOf(values: Readonly<Record<string, Value | undefined>>): Item {
  const item: Item = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) item[name] = attributeOf(value);
  }
  return item;
}

function text(item: Item, name: string): string {
  const value = item[name]?.S;
  if (value === undefined) throw new ItemError(name, 'a string');
  return value;
}

function whole(item: Item, name: string): number {
  const value = Number(item[name]?.N);
  if (!Number.isSafeInteger(value)) throw new ItemError(name, 'a whole number');
  return value;
}

function oneOf<const Choice extends string>(item: Item, name: string, choices: readonly Choice[]): Choice {
  const value = text(item, name);
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new ItemError(name, choices.join(' or '));
  return found;
}

const after = (item: Item, prefix: string) => text(item, 'sk').slice(prefix.length);

export function roomOf(item: Item): Room {
  return {
    room: text(item, 'pk').slice(PLACE.length),
    name: text(item, 'name'),
    access: oneOf(item, 'access', ['open', 'invite']),
    createdAt: whole(item, 'createdAt'),
    publishedUpTo: whole(item, 'publishedUpTo'),
  };
}

export function memberOf(item: Item): Member {
  return {
    user: after(item, MEMBER),
    state: oneOf(item, 'state', ['invited', 'member', 'left']),
    role: oneOf(item, 'role', ['owner', 'member']),
    stamp: text(item, 'stamp'),
    joinedAt: whole(item, 'joinedAt'),
    since: whole(item, 'since'),
    deliveredUpTo: whole(item, 'deliveredUpTo'),
    readUpTo: whole(item, 'readUpTo'),
    paidUntil: whole(item, 'paidUntil'),
  };
}

export function messageOf(item: Item): Message {
  return {
    id: Number(after(item, MESSAGE)),
    user: text(item, 'user'),
    text: item['deleted'] === undefined ? text(item, 'text') : '',
    at: whole(item, 'at'),
    mentions: (item['mentions']?.L ?? []).flatMap(({ S }) => (S === undefined ? [] : [S])),
    sendKey: text(item, 'sendKey'),
    revision: whole(item, 'revision'),
    ...(item['clientId'] === undefined ? {} : { clientId: text(item, 'clientId') }),
    ...(item['editStamp'] === undefined ? {} : { editStamp: text(item, 'editStamp') }),
    ...(item['editedAt'] === undefined ? {} : { editedAt: whole(item, 'editedAt') }),
    ...(item['deleted'] === undefined ? {} : { deleted: true }),
  };
}

export function sentOf(item: Item): Sent {
  const floor = whole(item, 'floor');
  return item['id'] === undefined ? { floor } : { floor, id: whole(item, 'id') };
}

export const placeOf = (item: Item) => after(item, PLACE);
