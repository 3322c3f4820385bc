import type { JsonObject } from '../../../lambdas/contract/json';
import { Input } from '../input';
import { EventsValidationError } from './errors';

/** Members of an operation's input; a missing one is a ValidationException. */
export function members(input: JsonObject): Input {
  return new Input(input, (name) => new EventsValidationError(`${name}: expected a value, got none`));
}

/** A time, which AWS JSON 1.1 carries as epoch seconds with fractions. @throws EventsValidationError, SerializationError */
export function timeMember(input: Input, name: string): Date | undefined {
  const seconds = input.optionalNumber(name);
  if (seconds === undefined) return undefined;
  const time = new Date(seconds * 1000);
  if (!Number.isNaN(time.getTime())) return time;
  throw new EventsValidationError(`${name}: expected epoch seconds, got ${seconds}`);
}
