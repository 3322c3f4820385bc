import type { JsonObject } from '../../lambdas/contract/json';
import type { LocalCloud } from '../cloud';

/** A resource of a template that is to be made, its properties resolved. */
export interface ResourceRequest {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: JsonObject;
  /** Directory of an asset of the stack by its S3 key. */
  readonly assetDirectory: (s3Key: string) => string;
}

/** What other resources see of one that was made: its `Ref` and its `Fn::GetAtt` values. */
export interface CreatedResource {
  readonly ref: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Makes the resources of one type. Throws PropertyError for a property that it cannot honour. */
export type Provider = (
  request: ResourceRequest,
  cloud: LocalCloud,
) => CreatedResource | Promise<CreatedResource>;

/** A property of a template has a form that the local runtime cannot honour. */
export class PropertyError extends Error {
  override readonly name = 'PropertyError';

  constructor(request: ResourceRequest, property: string, expected: string, got: unknown) {
    super(
      `${request.stack}/${request.logicalId} (${request.type}) ${property}: expected ${expected}, got ${JSON.stringify(got)}`,
    );
  }
}

/** Reads typed properties of a resolved resource; CloudFormation allows text for numbers and booleans. */
export class Properties {
  readonly #request: ResourceRequest;
  readonly #values: JsonObject;
  readonly #path: string;

  constructor(request: ResourceRequest, values: JsonObject = request.properties, path = '') {
    this.#request = request;
    this.#values = values;
    this.#path = path;
  }

  get raw(): JsonObject {
    return this.#values;
  }

  string(name: string): string {
    return this.optionalString(name) ?? this.#fail(name, 'text');
  }

  optionalString(name: string): string | undefined {
    const value = this.#values[name];
    if (value === undefined) return undefined;
    return typeof value === 'object' ? this.#fail(name, 'text') : String(value);
  }

  number(name: string, otherwise: number): number {
    const value = this.#values[name];
    if (value === undefined) return otherwise;
    const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
    return Number.isFinite(number) ? number : this.#fail(name, 'a number');
  }

  boolean(name: string): boolean {
    const value = this.#values[name];
    if (value === undefined || value === false || value === 'false') return false;
    return value === true || value === 'true' ? true : this.#fail(name, 'true or false');
  }

  /** A nested object; an absent one has no properties. */
  object(name: string): Properties {
    const value = this.#values[name] ?? {};
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return this.#fail(name, 'an object');
    return new Properties(this.#request, value as JsonObject, `${this.#path}${name}.`);
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  list(name: string): readonly Properties[] {
    const value = this.#values[name] ?? [];
    if (!Array.isArray(value)) return this.#fail(name, 'a list');
    return value.map((entry: unknown, index) => {
      if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
        return this.#fail(name, 'a list of objects');
      return new Properties(this.#request, entry as JsonObject, `${this.#path}${name}[${index}].`);
    });
  }

  strings(name: string): readonly string[] {
    const value = this.#values[name] ?? [];
    return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
      ? value
      : this.#fail(name, 'a list of text');
  }

  #fail(name: string, expected: string): never {
    throw new PropertyError(this.#request, `${this.#path}${name}`, expected, this.#values[name]);
  }
}
