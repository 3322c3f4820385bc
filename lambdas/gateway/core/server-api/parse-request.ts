import * as v from 'valibot';
import { PROTOCOL_ERRORS } from '../../../contract/codes';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../contract/json';
import { type ApiError, refused } from './answer';
import { type Method, NOT_AVAILABLE, REQUESTS, type Request } from './requests';

/**
 * A request, or what is wrong with it. `malformed`: it is no request of this method at all; `refused`: it is, and asks for
 * something that cannot be.
 */
export type ParsedRequest<Name extends Method> =
  | { readonly result: 'ok'; readonly request: Request<Name> }
  | { readonly result: 'malformed'; readonly error: ApiError }
  | { readonly result: 'refused'; readonly error: ApiError };

// Names in requests are echoed only where nothing can be made of them but a name.
const FIELD_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/;

/** Fields that are JSON themselves: there, null is a value. */
const JSON_FIELDS = new Set(['data', 'result']);

/** Optional texts, where an empty one says nothing. */
const OPTIONAL_TEXTS = new Set(['idempotency_key', 'version_epoch', 'client']);

function isEmpty(value: JsonValue): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return !value;
}

/** The field that asks for what is not available. */
function unavailable(method: Method, value: JsonObject): ApiError | undefined {
  for (const [field, reason] of Object.entries(NOT_AVAILABLE[method] ?? {})) {
    const given = Object.hasOwn(value, field) ? value[field] : undefined;
    if (given === undefined || isEmpty(given)) continue;
    return refused(PROTOCOL_ERRORS.notAvailable, `${field}: expected none, since ${reason}, got one`).error;
  }
  return undefined;
}

/** Without what is as good as absent: null and empty texts, as in the JSON form of Protobuf, and what is not available. */
function given(method: Method, value: JsonObject): JsonObject {
  const ignored = NOT_AVAILABLE[method] ?? {};
  const isGiven = ([field, item]: readonly [string, JsonValue]) =>
    !Object.hasOwn(ignored, field) &&
    !(item === null && !JSON_FIELDS.has(field)) &&
    !(item === '' && method !== 'reply' && OPTIONAL_TEXTS.has(field));
  return Object.fromEntries(Object.entries(value).filter(isGiven));
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'none';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'string' ? `${value.length} characters` : typeof value;
}

type Issue = v.BaseIssue<unknown>;

function pathOf({ path }: Issue): string {
  const keys = (path ?? []).map(({ key }) => String(key));
  return keys.every((key) => /^\d+$/.test(key) || FIELD_NAME.test(key)) ? keys.join('.') : '';
}

function reasonOf(method: Method, issue: Issue): string {
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const fields = 'entries' in REQUESTS[method] ? Object.keys(REQUESTS[method].entries).join(', ') : '';
    return `${pathOf(issue) || 'a field'}: expected ${fields || 'the documented fields'}, got a field that ${method} does not have`;
  }
  // Own checks carry what they expect as their message.
  const own = issue.kind === 'validation' || issue.type === 'custom';
  const expected = own
    ? issue.message
    : issue.input === undefined
      ? 'a value'
      : (issue.expected ?? 'a value');
  return `${pathOf(issue) || 'request'}: expected ${expected}, got ${kindOf(issue.input)}`;
}

/** A field that is missing is not of another type: as in Centrifugo, that is a request, and a bad one. */
function isMalformed(issue: Issue): boolean {
  return issue.kind === 'schema' && issue.input !== undefined;
}

/** Reads the parsed body of a request. */
export function parseRequest<Name extends Method>(method: Name, value: unknown): ParsedRequest<Name> {
  if (!isJsonObject(value)) {
    const { error } = refused(
      PROTOCOL_ERRORS.badRequest,
      `request: expected a JSON object, got ${kindOf(value)}`,
    );
    return { result: 'malformed', error };
  }
  const missing = unavailable(method, value);
  if (missing) return { result: 'refused', error: missing };
  const parsed = v.safeParse(REQUESTS[method], given(method, value), { abortEarly: true });
  if (parsed.success) return { result: 'ok', request: parsed.output as Request<Name> };
  const [issue] = parsed.issues;
  const { error } = refused(PROTOCOL_ERRORS.badRequest, reasonOf(method, issue));
  return { result: isMalformed(issue) ? 'malformed' : 'refused', error };
}
