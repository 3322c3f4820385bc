import { isJsonObject, type JsonObject } from '../../../contract/json';
import { KEY_ID } from '../../../contract/jwks';
import { type Invalid, invalid } from './verdict';

/**
 * Longest token that is looked at, in characters (a token is ASCII). Providers' tokens with groups and permissions have 2 to
 * 6 KB; anything longer than this costs time before its signature is checked, and fills the frame of a reconnect.
 */
export const MAX_TOKEN_LENGTH = 8192;

/** What may sign a token. `HS256` needs a secret, the others a public key: no key ever serves both. */
export const ALGORITHMS = ['HS256', 'RS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** What a token's header may say about its key. Nothing of it is verified. */
export interface TokenHeader {
  readonly alg: Algorithm;
  readonly kid?: string;
}

const PARTS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/**
 * Kinds of JWT that say who someone is. Providers sign others with the same keys (logout and event tokens): those must not
 * open a connection.
 */
const TYPES = ['jwt', 'at+jwt', 'application/at+jwt'];

function parseHeader(part: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads the header of a token. Only `alg`, `kid` and `typ` are looked at: `jku`, `x5u`, `jwk` and `x5c` would let a token bring
 * its own key, so they mean nothing here. `crit` names what must be understood, and nothing of that is; `cty` is a JWT's in a JWT.
 */
export function readHeader(token: string): TokenHeader | Invalid {
  if (token === '') return invalid('token: expected one, got none');
  if (token.length > MAX_TOKEN_LENGTH) {
    return invalid(`token: expected at most ${MAX_TOKEN_LENGTH} characters, got ${token.length}`);
  }
  const header = parseHeader(PARTS.exec(token)?.[1] ?? '');
  if (header === undefined) return invalid('token: expected a signed JWT, got other text');
  const alg = ALGORITHMS.find((known) => known === header['alg']);
  if (alg === undefined) return invalid(`token alg: expected one of ${ALGORITHMS.join(', ')}, got another`);
  if ('crit' in header || 'cty' in header) {
    return invalid('token header: expected neither crit nor cty, got one of them');
  }
  const { typ = 'JWT', kid } = header;
  if (typeof typ !== 'string' || !TYPES.includes(typ.toLowerCase())) {
    return invalid('token typ: expected JWT or at+jwt, got another');
  }
  if (kid === undefined) return { alg };
  if (typeof kid !== 'string' || !KEY_ID.test(kid)) {
    return invalid(`token kid: expected a key's id (${KEY_ID.source}), got something else`);
  }
  return { alg, kid };
}
