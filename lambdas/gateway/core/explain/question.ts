import { isChannelName } from '../../../contract/channel';
import { isJsonObject, type JsonValue } from '../../../contract/json';
import type { Question } from './facts';

/** What was asked is no question; the message says what was expected and got. */
export class QuestionError extends Error {
  override readonly name = 'QuestionError';

  constructor(name: string, expected: string, got: unknown) {
    super(`${name}: expected ${expected}, got ${got === undefined ? 'none' : JSON.stringify(got)}`);
  }
}

/** Reads a question; throws QuestionError. */
export function questionOf(value: JsonValue): Question {
  if (!isJsonObject(value)) throw new QuestionError('question', 'user, channel and offset', value);
  const { user, channel, offset } = value;
  if (typeof user !== 'string' || user === '') throw new QuestionError('user', 'a user id', user);
  if (typeof channel !== 'string' || !isChannelName(channel)) {
    const expected = 'a name of 1 to 255 printable ASCII characters without space, { and }';
    throw new QuestionError('channel', expected, channel);
  }
  if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 1) {
    throw new QuestionError('offset', 'a whole number above 0', offset);
  }
  return { user, channel, offset };
}
