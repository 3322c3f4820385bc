import { EnvironmentError } from './environment';
import { isJsonObject, type JsonObject } from './json';

/** What tokens by the keys of one key set have to name. */
export interface KeySetRules {
  /** `keySetId` of its URL. */
  readonly id: string;
  readonly issuer?: string;
  readonly audience?: string;
}

/** Which tokens the gateway accepts: the variable `TOKEN_RULES` of its functions, as JSON. */
export interface TokenRules {
  /** Whether the environment's secret signs tokens (HS256). */
  readonly hmac: boolean;
  /** Whether a connection token may name no user. */
  readonly anonymous: boolean;
  /** What tokens by the secret have to name. */
  readonly issuer?: string;
  readonly audience?: string;
  readonly jwks: readonly KeySetRules[];
}

export const TOKEN_RULES = 'TOKEN_RULES';

const EXPECTED = 'JSON {hmac, anonymous, issuer?, audience?, jwks: [{id, issuer?, audience?}]}';

function expectationsOf({ issuer, audience }: JsonObject): Omit<KeySetRules, 'id'> | undefined {
  if (issuer !== undefined && typeof issuer !== 'string') return undefined;
  if (audience !== undefined && typeof audience !== 'string') return undefined;
  return { ...(issuer === undefined ? {} : { issuer }), ...(audience === undefined ? {} : { audience }) };
}

function keySetRulesOf(value: unknown): KeySetRules | undefined {
  if (!isJsonObject(value) || typeof value['id'] !== 'string') return undefined;
  const expectations = expectationsOf(value);
  return expectations && { id: value['id'], ...expectations };
}

function rulesOf(value: unknown): TokenRules | undefined {
  if (!isJsonObject(value)) return undefined;
  const { hmac, anonymous, jwks } = value;
  const expectations = expectationsOf(value);
  if (typeof hmac !== 'boolean' || typeof anonymous !== 'boolean' || !Array.isArray(jwks)) return undefined;
  const sets = jwks.map(keySetRulesOf).filter((set) => set !== undefined);
  // A rule that cannot be read must not become a rule less.
  if (expectations === undefined || sets.length !== jwks.length) return undefined;
  return { hmac, anonymous, ...expectations, jwks: sets };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Reads the rules from their JSON; undefined where it is none. */
export function parseTokenRules(json: string): TokenRules | undefined {
  return rulesOf(parse(json));
}

/** Reads the rules from a function's environment. Throws EnvironmentError for anything else. */
export function readTokenRules(environment: { readonly TOKEN_RULES: string }): TokenRules {
  const rules = parseTokenRules(environment.TOKEN_RULES);
  if (rules === undefined) throw new EnvironmentError(TOKEN_RULES, EXPECTED, 'something else');
  return rules;
}
