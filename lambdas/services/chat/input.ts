import * as v from 'valibot';
import {
  HISTORY_PAGE,
  MAX_CLIENT_ID_LENGTH,
  MAX_NAME_LENGTH,
  MAX_TEXT_LENGTH,
  MAX_USER_LENGTH,
} from './rules';

/** What a room's id may be: it ends in keys and in channel names. */
export const ROOM_ID = /^[A-Za-z0-9_-]{1,64}$/;

// No control characters: such a name could not be shown, and nobody has it by intent.
const PRINTABLE = /^\P{Cc}*$/u;

const bounded = (most: number) =>
  v.pipe(
    v.string(),
    v.nonEmpty(`expected 1 to ${most} characters, got none`),
    v.maxLength(most, ({ received }) => `expected at most ${most} characters, got ${received}`),
  );

const label = (most: number) =>
  v.pipe(bounded(most), v.regex(PRINTABLE, 'expected no control characters, got one'));

const room = v.pipe(
  v.string(),
  v.regex(
    ROOM_ID,
    ({ input }) => `expected a room's id (1 to 64 of A-Z a-z 0-9 _ -), got ${input.length} characters`,
  ),
);
const text = bounded(MAX_TEXT_LENGTH);
const user = label(MAX_USER_LENGTH);
const id = v.pipe(
  v.number(),
  v.safeInteger(({ received }) => `expected a whole number, got ${received}`),
  v.minValue(1, ({ received }) => `expected at least 1, got ${received}`),
);
const limit = v.pipe(
  id,
  v.maxValue(HISTORY_PAGE.most, ({ received }) => `expected at most ${HISTORY_PAGE.most}, got ${received}`),
);

export const inputs = {
  createRoom: v.object({
    name: label(MAX_NAME_LENGTH),
    access: v.optional(
      v.picklist(['open', 'invite'], ({ received }) => `expected "open" or "invite", got ${received}`),
      'open',
    ),
  }),
  room: v.object({ room }),
  roomAndUser: v.object({ room, user }),
  send: v.object({ room, text, clientId: v.exactOptional(label(MAX_CLIENT_ID_LENGTH)) }),
  edit: v.object({ room, id, text }),
  message: v.object({ room, id }),
  history: v.object({ room, before: v.exactOptional(id), limit: v.optional(limit, HISTORY_PAGE.default) }),
  mark: v.object({ room, upTo: id }),
  nothing: v.nullish(v.looseObject({})),
};

export type Input<Name extends keyof typeof inputs> = v.InferOutput<(typeof inputs)[Name]>;
