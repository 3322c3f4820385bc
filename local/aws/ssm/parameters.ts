import { LOCAL_ACCOUNT } from '../../ports';
import {
  ParameterAlreadyExists,
  ParameterNotFound,
  ParameterVersionNotFound,
  SsmValidationException,
  TierDowngradeRefused,
} from './errors';

export const PARAMETER_TYPES = ['String', 'StringList', 'SecureString'] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

export const TIERS = ['Standard', 'Advanced', 'Intelligent-Tiering'] as const;
export type Tier = (typeof TIERS)[number];

const MAX_STANDARD_BYTES = 4_096;
const MAX_ADVANCED_BYTES = 8_192;
const MAX_VERSIONS = 100;
const MAX_LEVELS = 15;
const MAX_NAME_LENGTH = 1_011;
const NAME = /^\/?[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/;

export interface ParameterVersion {
  readonly name: string;
  readonly arn: string;
  readonly value: string;
  readonly type: ParameterType;
  readonly tier: 'Standard' | 'Advanced';
  readonly version: number;
  /** Epoch milliseconds. */
  readonly modifiedAt: number;
  /** `:3`, when it was asked for so. */
  readonly selector?: string;
}

export interface NewParameter {
  readonly name: string;
  readonly value: string;
  /** Required for a new parameter; an old one keeps its type. */
  readonly type: ParameterType | undefined;
  /** @default the parameter's own, Standard for a new one */
  readonly tier?: Tier | undefined;
  readonly overwrite: boolean;
}

/** The parameters of one account and region, with the last 100 versions of each. */
export class Parameters {
  readonly #versions = new Map<string, ParameterVersion[]>();
  readonly #arnPrefix: string;

  constructor(region: string) {
    this.#arnPrefix = `arn:aws:ssm:${region}:${LOCAL_ACCOUNT}:parameter`;
  }

  /** Throws ParameterAlreadyExists or SsmValidationException. */
  put({ name: given, value, type, tier, overwrite }: NewParameter): ParameterVersion {
    const name = this.#plainName(given);
    checkName(name);
    const versions = this.#versions.get(name) ?? [];
    const current = versions.at(-1);
    if (current && !overwrite) throw new ParameterAlreadyExists();
    const settled = type ?? current?.type;
    if (!settled)
      throw new SsmValidationException('A parameter type is required when you create a parameter.');
    if (value === '') throw new SsmValidationException('Value: expected at least 1 character, got none');
    const version: ParameterVersion = {
      name,
      arn: this.#arnPrefix + (name.startsWith('/') ? name : `/${name}`),
      value,
      type: settled,
      tier: tierFor(value, tier, current?.tier),
      version: (current?.version ?? 0) + 1,
      modifiedAt: Date.now(),
    };
    this.#versions.set(name, [...versions, version].slice(-MAX_VERSIONS));
    return version;
  }

  /** `name`, `name:version` or either behind the parameter's ARN. Throws when there is no such parameter or version. */
  get(reference: string): ParameterVersion {
    const [name = '', selector] = this.#plainName(reference).split(':');
    const versions = this.#versions.get(name);
    const latest = versions?.at(-1);
    if (!latest) throw new ParameterNotFound(name);
    if (selector === undefined) return latest;
    const found = versions?.find(({ version }) => String(version) === selector);
    if (!found) throw new ParameterVersionNotFound(name, selector);
    return { ...found, selector: `:${selector}` };
  }

  /** Latest versions below a path, by name. */
  below(path: string, recursive: boolean): ParameterVersion[] {
    const prefix = path.endsWith('/') ? path : `${path}/`;
    const found: ParameterVersion[] = [];
    for (const [name, versions] of this.#versions) {
      const latest = versions.at(-1);
      if (!latest || !name.startsWith(prefix)) continue;
      if (recursive || !name.slice(prefix.length).includes('/')) found.push(latest);
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Whether there was one. */
  delete(name: string): boolean {
    return this.#versions.delete(this.#plainName(name));
  }

  #plainName(reference: string): string {
    if (!reference.startsWith(`${this.#arnPrefix}/`)) return reference;
    const path = reference.slice(this.#arnPrefix.length);
    // An ARN has the slash before the name whether or not the name has it.
    const [bare = ''] = path.slice(1).split(':');
    return this.#versions.has(bare) ? path.slice(1) : path;
  }
}

function checkName(name: string): void {
  const hierarchical = !name.includes('/') || name.startsWith('/');
  if (!NAME.test(name) || !hierarchical || name.length > MAX_NAME_LENGTH) {
    throw new SsmValidationException(
      `Parameter name: expected letters, digits and . - _ in levels that each begin with /, got ${name}`,
    );
  }
  if (/^\/?(aws|ssm)/i.test(name)) {
    throw new SsmValidationException(
      `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive). Got ${name}`,
    );
  }
  const levels = name.split('/').length - 1;
  if (levels > MAX_LEVELS) {
    throw new SsmValidationException(`Parameter name: expected at most ${MAX_LEVELS} levels, got ${levels}`);
  }
}

/** An advanced parameter stays one: only deleting it leads back to the standard tier. */
function tierFor(
  value: string,
  wanted: Tier | undefined,
  current: 'Standard' | 'Advanced' = 'Standard',
): 'Standard' | 'Advanced' {
  const tier = wanted ?? current;
  if (tier === 'Standard' && current === 'Advanced') throw new TierDowngradeRefused();
  const bytes = Buffer.byteLength(value);
  const limit = tier === 'Standard' ? MAX_STANDARD_BYTES : MAX_ADVANCED_BYTES;
  if (bytes > limit) {
    throw new SsmValidationException(
      `${tier} tier parameters support a maximum parameter value of ${limit} characters, got ${bytes}.`,
    );
  }
  return [tier, current].includes('Advanced') || bytes > MAX_STANDARD_BYTES ? 'Advanced' : 'Standard';
}
