import type { JsonObject, JsonValue } from '../../../lambdas/contract/json';

type Row = readonly [method: string, what: string, data: JsonValue, reason: string];

const NO_VALUE = 'expected a value, got none';
const ROOM_ID = "expected a room's id (1 to 64 of A-Z a-z 0-9 _ -), got";

/** What a method takes beside the room, with good values. */
const METHODS: Readonly<Record<string, JsonObject>> = {
  join: {},
  leave: {},
  invite: { user: 'dan' },
  remove: { user: 'bob' },
  send: { text: 'hi' },
  edit: { id: 1, text: 'hi' },
  delete: { id: 1 },
  history: {},
  markDelivered: { upTo: 1 },
  markRead: { upTo: 1 },
  status: { id: 1 },
};

function textRows(field: string, most: number, methods: readonly string[]): Row[] {
  return methods.flatMap((method): Row[] => [
    [method, `no ${field}`, { [field]: null }, `data.${field}: expected string, got null`],
    [
      method,
      `an empty ${field}`,
      { [field]: '' },
      `data.${field}: expected 1 to ${most} characters, got none`,
    ],
    [
      method,
      `too long a ${field}`,
      { [field]: 'x'.repeat(most + 1) },
      `data.${field}: expected at most ${most} characters, got ${most + 1}`,
    ],
    [method, `a ${field} of the wrong type`, { [field]: 5 }, `data.${field}: expected string, got 5`],
  ]);
}

function idRows(field: string, methods: readonly string[]): Row[] {
  return methods.flatMap((method): Row[] => [
    [method, `a ${field} of the wrong type`, { [field]: '1' }, `data.${field}: expected number, got "1"`],
    [method, `${field} 0`, { [field]: 0 }, `data.${field}: expected at least 1, got 0`],
    [method, `${field} 1.5`, { [field]: 1.5 }, `data.${field}: expected a whole number, got 1.5`],
  ]);
}

function unknownRows(field: string, methods: readonly string[]): Row[] {
  return methods.map((method) => [
    method,
    `an unknown ${field}`,
    { [field]: 99 },
    `data.${field}: expected the id of a message of the room, got 99`,
  ]);
}

const missingRows = Object.entries(METHODS).flatMap(([method, good]) =>
  Object.keys(good).map(
    (field): Row => [method, `a missing ${field}`, { [field]: 'missing' }, `data.${field}: ${NO_VALUE}`],
  ),
);

const roomRows = Object.keys(METHODS).flatMap((method): Row[] => [
  [method, 'a missing room', { room: 'missing' }, `data.room: ${NO_VALUE}`],
  [method, 'a room of the wrong type', { room: 5 }, 'data.room: expected string, got 5'],
  [method, 'too long a room', { room: 'r'.repeat(65) }, `data.room: ${ROOM_ID} 65 characters`],
  [method, 'a room of other characters', { room: 'a#b' }, `data.room: ${ROOM_ID} 3 characters`],
]);

/** Laid over good data; the value `'missing'` takes a field away. Each is answered 107 with this reason. */
export const BAD_INPUTS: readonly Row[] = [
  ...roomRows,
  ...missingRows,
  ...textRows('text', 4_000, ['send', 'edit']),
  ...textRows('user', 128, ['invite', 'remove']),
  ...textRows('clientId', 128, ['send']),
  ...textRows('name', 100, ['createRoom']),
  ...idRows('id', ['edit', 'delete', 'status']),
  ...idRows('upTo', ['markDelivered', 'markRead']),
  ...idRows('before', ['history']),
  ...idRows('limit', ['history']),
  ...unknownRows('id', ['edit', 'delete', 'status']),
  ...unknownRows('upTo', ['markDelivered', 'markRead']),
  ['history', 'too high a limit', { limit: 101 }, 'data.limit: expected at most 100, got 101'],
  ['createRoom', 'a missing name', { name: 'missing' }, `data.name: ${NO_VALUE}`],
  [
    'createRoom',
    'an unknown access',
    { access: 'all' },
    'data.access: expected "open" or "invite", got "all"',
  ],
  [
    'invite',
    'a user with a line break',
    { user: 'a\nb' },
    'data.user: expected no control characters, got one',
  ],
];

/** Good data of a method in a room, changed by a row. */
export function badData(method: string, room: string, change: JsonValue): JsonObject {
  const good = { ...(method === 'createRoom' ? { name: 'Tea' } : { room, ...METHODS[method] }) };
  const data: Record<string, JsonValue> = { ...good, ...(change as JsonObject) };
  for (const [field, value] of Object.entries(data)) if (value === 'missing') delete data[field];
  return data;
}
