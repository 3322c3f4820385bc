import * as v from 'valibot';
import { keySetId } from '../lambdas/contract/jwks';
import type { KeySetRules, TokenRules } from '../lambdas/contract/token-rules';
import type { ConfigIssue } from './config';
import { boolean, object } from './config-schema';

/** Who may connect. */
export interface AuthConfig {
  /** Origins that may open a WebSocket; `*` is any, and a handshake without `Origin` (no browser) always may. */
  readonly allowedOrigins: readonly string[];
  /** Whether the environment's secret signs tokens (HS256). */
  readonly hmac: boolean;
  /** Key sets of identity providers, whose keys sign tokens as well (RS256, ES256, EdDSA). */
  readonly jwks: readonly KeySetConfig[];
  /** The claim `iss` of every token whose key set says nothing else. @default - any */
  readonly issuer?: string;
  /** What the claim `aud` of every token names, unless its key set says something else. @default - any */
  readonly audience?: string;
  /** Whether a connection token may name no user. */
  readonly anonymous: boolean;
}

/** One JWKS URL, and what tokens by its keys have to name. A set that signs for others, too, needs both. */
export interface KeySetConfig {
  readonly url: string;
  readonly issuer?: string;
  readonly audience?: string;
}

export const AUTH_DEFAULTS: AuthConfig = { allowedOrigins: ['*'], hmac: true, jwks: [], anonymous: false };

const ORIGIN = /^(\*|https?:\/\/[^/\s,]+)$/;
const ORIGIN_EXPECTED = '"*" or an origin like "https://app.example.com"';

/** A function's variables have 4 KB together: four sets with the longest texts take half of it. */
const MAX_KEY_SETS = 4;
const MAX_CLAIM_LENGTH = 200;
const MAX_URL_LENGTH = 300;

const URL_EXPECTED = `an https URL of at most ${MAX_URL_LENGTH} characters, without user and fragment`;
const JWKS_URL = /^https:\/\/[^\s/@#?]+(?:[/?][^\s#]*)?$/;

const CLAIM_EXPECTED = `text of 1 to ${MAX_CLAIM_LENGTH} characters`;

const claim = v.pipe(
  v.string(CLAIM_EXPECTED),
  v.minLength(1, CLAIM_EXPECTED),
  v.maxLength(MAX_CLAIM_LENGTH, CLAIM_EXPECTED),
);

const jwksUrl = v.pipe(
  v.string(URL_EXPECTED),
  v.check((url) => JWKS_URL.test(url) && url.length <= MAX_URL_LENGTH && URL.canParse(url), URL_EXPECTED),
);

/** What an overlay may say under `auth`. */
export const authOverlay = object({
  allowedOrigins: v.optional(
    v.pipe(
      v.array(v.pipe(v.string(ORIGIN_EXPECTED), v.regex(ORIGIN, ORIGIN_EXPECTED)), 'a list of origins'),
      v.nonEmpty('at least one origin'),
    ),
  ),
  hmac: v.optional(boolean),
  jwks: v.optional(
    v.pipe(
      v.array(
        object({ url: jwksUrl, issuer: v.optional(claim), audience: v.optional(claim) }),
        'a list of {url, issuer?, audience?}',
      ),
      v.maxLength(MAX_KEY_SETS, `at most ${MAX_KEY_SETS} key sets`),
    ),
  ),
  issuer: v.optional(claim),
  audience: v.optional(claim),
  anonymous: v.optional(boolean),
});

/** What no single key under `auth` can tell. */
export function authContradictions({ hmac, jwks }: AuthConfig): ConfigIssue[] {
  const urls = jwks.map(({ url }) => url);
  return [
    ...(hmac || jwks.length > 0
      ? []
      : [{ path: 'auth.jwks', expected: 'at least one key set, since hmac is false', got: '[]' }]),
    ...(new Set(urls).size === urls.length
      ? []
      : [{ path: 'auth.jwks', expected: 'each URL once', got: 'one of them twice' }]),
  ];
}

/** The rules for tokens as functions read them. */
export function tokenRulesOf({ hmac, anonymous, issuer, audience, jwks }: AuthConfig): TokenRules {
  const everywhere = {
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  };
  const sets: KeySetRules[] = jwks.map(({ url, ...own }) => ({ id: keySetId(url), ...everywhere, ...own }));
  return { hmac, anonymous, ...everywhere, jwks: sets };
}
