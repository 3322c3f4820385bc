import * as v from 'valibot';
import { isJsonObject, type JsonObject } from '../lambdas/contract/json';

/** An object and no list, which valibot takes for one. */
export const anyObject = v.custom<JsonObject>(isJsonObject, 'an object');

/** An object with these keys and no other. */
export const object = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(
    anyObject,
    v.objectWithRest(
      entries,
      v.never(() => `no key of this name (there are ${Object.keys(entries).join(', ')})`),
    ),
  );

/** One of these texts. */
export const choice = <const Options extends readonly string[]>(options: Options) =>
  v.picklist(options, options.map((option) => JSON.stringify(option)).join(' or '));

export const boolean = v.boolean('true or false');

export function wholeNumber(minimum: number, maximum: number) {
  const expected = `a whole number from ${minimum} to ${maximum}`;
  return v.pipe(
    v.number(expected),
    v.integer(expected),
    v.minValue(minimum, expected),
    v.maxValue(maximum, expected),
  );
}
