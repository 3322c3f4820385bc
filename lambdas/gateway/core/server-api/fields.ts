import * as v from 'valibot';
import { isChannelName, MAX_CHANNEL_LENGTH } from '../../../contract/channel';
import type { JsonObject, JsonValue } from '../../../contract/json';
import { isJsonObject } from '../../../contract/json';

/** Fields that several methods have. What a field's check expects is its message. */

/** Most channels of a broadcast: each is a message on the deliveries queue. */
export const MAX_CHANNELS = 1_000;

export const text = (most: number) =>
  v.pipe(v.string(), v.minLength(1, 'at least 1 character'), v.maxLength(most, `at most ${most} characters`));

/** A text that may be empty. */
export const maybeText = (most: number) =>
  v.pipe(v.string(), v.maxLength(most, `at most ${most} characters`));

export const integer = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  v.pipe(
    v.number(),
    v.integer('an integer'),
    v.minValue(least, `at least ${least}`),
    v.maxValue(most, `at most ${most}`),
  );

export const channel = v.pipe(
  v.string(),
  v.check(isChannelName, `1 to ${MAX_CHANNEL_LENGTH} printable ASCII characters without space and braces`),
);

export const channels = v.pipe(
  v.array(channel),
  v.minLength(1, 'at least 1 channel'),
  v.maxLength(MAX_CHANNELS, `at most ${MAX_CHANNELS} channels`),
);

export const anyJson = v.custom<JsonValue>((value) => value !== undefined, 'any JSON');

export const jsonObject = v.custom<JsonObject>(isJsonObject, 'a JSON object');

/** Longer ids make no key, and no token brings one. */
export const user = text(255);

/** API Gateway's connection ids have 16 characters. */
export const client = text(128);

export const position = v.strictObject({
  offset: integer(0),
  epoch: v.exactOptional(maybeText(128), ''),
});
