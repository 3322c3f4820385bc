import { InvalidParameter, ResourceExists, SecretValueNotFound } from './errors';

export const CURRENT = 'AWSCURRENT';
export const PREVIOUS = 'AWSPREVIOUS';
export const PENDING = 'AWSPENDING';

const MAX_VALUE_BYTES = 65_536;

/** What a version holds: text, or bytes as base64. */
export type SecretValue = { readonly string: string } | { readonly binary: string };

export interface SecretVersion {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Undefined from the start of a rotation until its function has put one. */
  value: SecretValue | undefined;
  readonly stages: Set<string>;
}

/** One secret with its versions and staging labels; a label is on at most one version. */
export class Secret {
  readonly name: string;
  readonly arn: string;
  readonly description: string | undefined;
  readonly createdAt = Date.now();
  changedAt = Date.now();
  readonly #versions = new Map<string, SecretVersion>();

  constructor(name: string, arn: string, description: string | undefined) {
    this.name = name;
    this.arn = arn;
    this.description = description;
  }

  /** Versions that have a label; the others are on their way out, as on AWS. */
  get stages(): Record<string, string[]> {
    const labelled = [...this.#versions.values()].filter(({ stages }) => stages.size > 0);
    return Object.fromEntries(labelled.map(({ id, stages }) => [id, [...stages]]));
  }

  withStage(stage: string): SecretVersion | undefined {
    return [...this.#versions.values()].find(({ stages }) => stages.has(stage));
  }

  /** By id, label or both; AWSCURRENT without either. Throws SecretValueNotFound, also for a version without a value. */
  read(id: string | undefined, stage: string | undefined): SecretVersion & { readonly value: SecretValue } {
    const wanted = id === undefined ? this.withStage(stage ?? CURRENT) : this.#versions.get(id);
    const what =
      id === undefined
        ? `staging label: ${stage ?? CURRENT}`
        : `VersionId: ${id}${stage === undefined ? '' : ` and VersionStage: ${stage}`}`;
    const value = wanted?.value;
    if (!wanted || value === undefined || (stage !== undefined && !wanted.stages.has(stage))) {
      throw new SecretValueNotFound(what);
    }
    return { ...wanted, value };
  }

  /** Adds a version with labels. A repeat with the same value changes nothing; another value is refused. */
  put(id: string, value: SecretValue, stages: readonly string[]): SecretVersion {
    checkValue(value);
    const known = this.#versions.get(id);
    if (known?.value !== undefined && JSON.stringify(known.value) !== JSON.stringify(value)) {
      throw new ResourceExists(`A resource with the ID ${id} already exists with a different value.`);
    }
    if (known?.value !== undefined) return known;
    const version = known ?? this.#add(id);
    version.value = value;
    const first = this.withStage(CURRENT) === undefined;
    for (const stage of first ? new Set([...stages, CURRENT]) : stages) this.#label(stage, version);
    return version;
  }

  /** The empty version that a rotation begins with. */
  addPending(id: string): void {
    this.#label(PENDING, this.#add(id));
  }

  /**
   * Moves, adds or takes off a label. A label that is on another version must be named there by `from`, so that two
   * rotations cannot both win.
   */
  moveStage(stage: string, to: string | undefined, from: string | undefined): void {
    const holder = this.withStage(stage);
    if (to === undefined && from === undefined) {
      throw new InvalidParameter('expected MoveToVersionId, RemoveFromVersionId or both, got none');
    }
    if (from !== undefined && holder?.id !== from) {
      throw new InvalidParameter(
        `RemoveFromVersionId: expected the version with staging label ${stage} (${holder?.id ?? 'none'}), got ${from}`,
      );
    }
    if (to === undefined) {
      if (stage === CURRENT) throw new InvalidParameter(`${CURRENT} can be moved, but not removed`);
      holder?.stages.delete(stage);
    } else {
      const target = this.#versions.get(to);
      if (!target) throw new SecretValueNotFound(`VersionId: ${to}`);
      if (holder && holder !== target && from === undefined) {
        throw new InvalidParameter(
          `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder.id}.`,
        );
      }
      this.#label(stage, target);
    }
    this.changedAt = Date.now();
  }

  #add(id: string): SecretVersion {
    if (id.length < 32 || id.length > 64) {
      throw new InvalidParameter(`ClientRequestToken: expected 32 to 64 characters, got ${id.length}`);
    }
    const version: SecretVersion = { id, createdAt: Date.now(), value: undefined, stages: new Set() };
    this.#versions.set(id, version);
    this.changedAt = Date.now();
    return version;
  }

  #label(stage: string, version: SecretVersion): void {
    const holder = this.withStage(stage);
    if (holder === version) return;
    holder?.stages.delete(stage);
    version.stages.add(stage);
    if (stage === CURRENT && holder) this.#label(PREVIOUS, holder);
    if (stage === CURRENT) version.stages.delete(PREVIOUS);
  }
}

function checkValue(value: SecretValue): void {
  const bytes =
    'string' in value ? Buffer.byteLength(value.string) : Buffer.from(value.binary, 'base64').length;
  if (bytes < 1 || bytes > MAX_VALUE_BYTES) {
    throw new InvalidParameter(`secret value: expected 1 to ${MAX_VALUE_BYTES} bytes, got ${bytes}`);
  }
}
