import { AwsError } from '../ports';
import { parseFunctionReference } from './function-reference';
import { type FunctionDefinition, type FunctionVersion, LATEST } from './function-version';

/** What a reference leads to. */
export interface FunctionTarget {
  readonly name: string;
  /** As the caller gave it. */
  readonly qualifier: string | undefined;
  /** ARN with the caller's qualifier. */
  readonly arn: string;
  readonly version: FunctionVersion;
}

export interface RegisteredFunction {
  readonly name: string;
  /** `$LATEST` and the published ones, by version. */
  readonly versions: ReadonlyMap<string, FunctionVersion>;
  /** Alias to version. */
  readonly aliases: ReadonlyMap<string, string>;
}

interface Entry extends RegisteredFunction {
  readonly versions: Map<string, FunctionVersion>;
  readonly aliases: Map<string, string>;
  published: number;
}

/** Functions with their versions and aliases. Methods throw AwsError with Lambda's codes. */
export class FunctionRegistry {
  readonly region: string;
  readonly account: string;
  readonly #functions = new Map<string, Entry>();
  readonly #resolved = new Map<string, FunctionTarget>();

  constructor(region: string, account: string) {
    this.region = region;
    this.account = account;
  }

  arnOf(name: string, qualifier?: string): string {
    const arn = `arn:aws:lambda:${this.region}:${this.account}:function:${name}`;
    return qualifier === undefined ? arn : `${arn}:${qualifier}`;
  }

  create(definition: FunctionDefinition): string {
    const { name } = parseFunctionReference(definition.name);
    if (this.#functions.has(name)) {
      throw new AwsError('ResourceConflictException', `Function already exist: ${name}`, 409);
    }
    const versions = new Map([[LATEST, { definition, version: LATEST }]]);
    this.#functions.set(name, { name, versions, aliases: new Map(), published: 0 });
    return this.arnOf(name);
  }

  /** @returns the former `$LATEST` */
  update(nameOrArn: string, changes: Partial<Omit<FunctionDefinition, 'name'>>): FunctionVersion {
    return this.install(nameOrArn, this.draft(nameOrArn, changes));
  }

  /** What `$LATEST` would be with these changes. */
  draft(nameOrArn: string, changes: Partial<Omit<FunctionDefinition, 'name'>>): FunctionVersion {
    const { definition } = this.resolve(this.#entry(nameOrArn).name).version;
    return { definition: { ...definition, ...changes }, version: LATEST };
  }

  /** @returns the former `$LATEST` */
  install(nameOrArn: string, latest: FunctionVersion): FunctionVersion {
    const entry = this.#entry(nameOrArn);
    const former = this.resolve(entry.name).version;
    entry.versions.set(LATEST, latest);
    this.#resolved.clear();
    return former;
  }

  publish(nameOrArn: string): string {
    const entry = this.#entry(nameOrArn);
    const definition = entry.versions.get(LATEST)?.definition;
    const last = String(entry.published);
    if (definition === undefined || entry.versions.get(last)?.definition === definition) return last;
    entry.published += 1;
    const version = String(entry.published);
    entry.versions.set(version, { definition, version });
    return version;
  }

  setAlias(nameOrArn: string, alias: string, version: string): string {
    const entry = this.#entry(nameOrArn);
    if (!entry.versions.has(version)) throw notFound(this.arnOf(entry.name, version));
    if (!/^(?!\d+$)[A-Za-z0-9_-]{1,128}$/.test(alias)) {
      const text = `Alias: expected letters, digits, _ and -, not only digits, got '${alias}'`;
      throw new AwsError('InvalidParameterValueException', text);
    }
    entry.aliases.set(alias, version);
    this.#resolved.clear();
    return this.arnOf(entry.name, alias);
  }

  find(nameOrArn: string): RegisteredFunction {
    return this.#entry(nameOrArn);
  }

  list(): RegisteredFunction[] {
    return [...this.#functions.values()];
  }

  /** @param qualifier where it is given apart from the reference */
  resolve(reference: string, qualifier?: string): FunctionTarget {
    const key = qualifier === undefined ? reference : `${reference}?${qualifier}`;
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    const parsed = parseFunctionReference(reference);
    const wanted = qualifier ?? parsed.qualifier;
    if (parsed.qualifier !== undefined && parsed.qualifier !== wanted) {
      const text = `The derived qualifier from the function name does not match the specified qualifier: expected ${parsed.qualifier}, got ${wanted}`;
      throw new AwsError('InvalidParameterValueException', text);
    }
    const arn = this.arnOf(parsed.name, wanted);
    const entry = this.#functions.get(parsed.name);
    const version = entry?.versions.get(entry.aliases.get(wanted ?? LATEST) ?? wanted ?? LATEST);
    if (version === undefined) throw notFound(arn);
    const target: FunctionTarget = { name: parsed.name, qualifier: wanted, arn, version };
    this.#resolved.set(key, target);
    return target;
  }

  #entry(nameOrArn: string): Entry {
    const { name } = parseFunctionReference(nameOrArn);
    const entry = this.#functions.get(name);
    if (entry === undefined) throw notFound(this.arnOf(name));
    return entry;
  }
}

function notFound(arn: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
}
