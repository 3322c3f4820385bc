import type * as v from 'valibot';
import type { JsonObject, JsonValue } from '../../lambdas/contract/json';
import { anyJson, jsonObject } from '../../lambdas/gateway/core/server-api/fields';

type Schema = v.GenericSchema;

/** A part of a schema that has no counterpart here. */
export class UnknownSchemaError extends Error {
  override readonly name = 'UnknownSchemaError';

  constructor(type: string) {
    super(`schema: expected a type that can be written as JSON Schema, got ${type}`);
  }
}

/** Parts of valibot's schemas, as far as ours use them. */
interface Parts {
  readonly type: string;
  readonly pipe?: readonly {
    readonly kind: string;
    readonly type: string;
    readonly requirement?: unknown;
    readonly message?: unknown;
  }[];
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly item?: Schema;
  readonly value?: Schema;
  readonly wrapped?: Schema;
  readonly default?: JsonValue;
}

/** Keywords of JSON Schema by the action of a pipe; for texts, and for lists where they differ. */
const KEYWORDS: Readonly<Record<string, string>> = {
  min_length: 'minLength',
  max_length: 'maxLength',
  min_value: 'minimum',
  max_value: 'maximum',
};
const LIST_KEYWORDS: Readonly<Record<string, string>> = { min_length: 'minItems', max_length: 'maxItems' };

/** The JSON Schema (2020-12) of one of our schemas. Throws UnknownSchemaError for what they do not use. */
export function jsonSchemaOf(schema: Schema): JsonObject {
  const parts = schema as unknown as Parts;
  return { ...typeOf(schema, parts), ...limitsOf(parts) };
}

function typeOf(
  schema: Schema,
  { type, entries, item, value, wrapped, default: byDefault }: Parts,
): JsonObject {
  if (schema === (anyJson as Schema)) return {};
  if (schema === (jsonObject as Schema)) return { type: 'object' };
  switch (type) {
    case 'string':
    case 'number':
    case 'boolean':
      return { type };
    case 'array':
      return { type, ...(item ? { items: jsonSchemaOf(item) } : {}) };
    case 'record':
      return { type: 'object', ...(value ? { additionalProperties: jsonSchemaOf(value) } : {}) };
    case 'exact_optional':
      return {
        ...(wrapped ? jsonSchemaOf(wrapped) : {}),
        ...(byDefault === undefined ? {} : { default: byDefault }),
      };
    case 'strict_object':
      return objectOf(entries ?? {});
    default:
      throw new UnknownSchemaError(type);
  }
}

function objectOf(entries: Readonly<Record<string, Schema>>): JsonObject {
  const required = Object.entries(entries).filter(([, { type }]) => type !== 'exact_optional');
  return {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(entries).map(([name, entry]) => [name, jsonSchemaOf(entry)]),
    ),
    ...(required.length > 0 ? { required: required.map(([name]) => name) } : {}),
    additionalProperties: false,
  };
}

function limitsOf({ type, pipe = [] }: Parts): JsonObject {
  const limits: Record<string, JsonValue> = {};
  for (const { kind, type: action, requirement, message } of pipe) {
    if (kind !== 'validation') continue;
    const keyword = (type === 'array' ? LIST_KEYWORDS[action] : undefined) ?? KEYWORDS[action];
    if (action === 'integer') limits['type'] = 'integer';
    else if (keyword !== undefined && typeof requirement === 'number') limits[keyword] = requirement;
    else if (action === 'check' && typeof message === 'string') limits['description'] = message;
    else throw new UnknownSchemaError(action);
  }
  return limits;
}
