import { isJsonObject, type JsonObject, type JsonValue } from '../../lambdas/contract/json';
import { SerializationError } from './json-service';

/** How a service refuses an input that lacks a required member. */
export type MissingMember = (name: string) => Error;

/** Reads the members of an operation's input by type; a member of another type is a SerializationException. */
export class Input {
  readonly #members: JsonObject;
  readonly #missing: MissingMember;

  constructor(members: JsonObject, missing: MissingMember) {
    this.#members = members;
    this.#missing = missing;
  }

  has(name: string): boolean {
    return this.#member(name) !== undefined;
  }

  string(name: string): string {
    return this.#required(name, this.optionalString(name));
  }

  optionalString(name: string): string | undefined {
    const value = this.#member(name);
    if (value === undefined || typeof value === 'string') return value;
    throw wrongType(name, 'a string', value);
  }

  optionalInteger(name: string): number | undefined {
    const value = this.#member(name);
    if (value === undefined || (typeof value === 'number' && Number.isInteger(value))) return value;
    throw wrongType(name, 'an integer', value);
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#member(name);
    if (value === undefined || typeof value === 'number') return value;
    throw wrongType(name, 'a number', value);
  }

  integer(name: string): number {
    return this.#required(name, this.optionalInteger(name));
  }

  boolean(name: string): boolean {
    const value = this.#member(name) ?? false;
    if (typeof value === 'boolean') return value;
    throw wrongType(name, 'a boolean', value);
  }

  structure(name: string): Input {
    const value = this.#required(name, this.#member(name));
    if (isJsonObject(value)) return new Input(value, this.#missing);
    throw wrongType(name, 'a structure', value);
  }

  /** A list of strings; empty when absent. */
  strings(name: string): string[] {
    return this.#list(name).map((item) => {
      if (typeof item === 'string') return item;
      throw wrongType(name, 'a list of strings', item);
    });
  }

  /** A list of structures; empty when absent. */
  inputs(name: string): Input[] {
    return this.#list(name).map((item) => {
      if (isJsonObject(item)) return new Input(item, this.#missing);
      throw wrongType(name, 'a list of structures', item);
    });
  }

  /** A map of structures; empty when absent. */
  map(name: string): Map<string, Input> {
    const value = this.#member(name) ?? {};
    if (!isJsonObject(value)) throw wrongType(name, 'a map', value);
    const entries = new Map<string, Input>();
    for (const [key, item] of Object.entries(value)) {
      if (!isJsonObject(item)) throw wrongType(`${name}.${key}`, 'a structure', item);
      entries.set(key, new Input(item, this.#missing));
    }
    return entries;
  }

  #member(name: string): JsonValue | undefined {
    return Object.hasOwn(this.#members, name) ? (this.#members[name] ?? undefined) : undefined;
  }

  #list(name: string): readonly JsonValue[] {
    const value = this.#member(name) ?? [];
    if (!Array.isArray(value)) throw wrongType(name, 'a list', value);
    return value;
  }

  #required<T>(name: string, value: T | undefined): T {
    if (value === undefined) throw this.#missing(name);
    return value;
  }
}

function wrongType(name: string, expected: string, got: JsonValue | undefined): SerializationError {
  return new SerializationError(`${name}: expected ${expected}, got ${JSON.stringify(got)?.slice(0, 80)}`);
}
