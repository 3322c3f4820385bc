import { errors, type JWTPayload, jwtVerify } from 'jose';
import { isChannelName } from '../../../contract/channel';
import { type Identity, MAX_SUBSCRIPTIONS } from '../connections/connection';

/**
 * Longest token that is looked at. The URL of a handshake is limited to 4,096 characters as a whole, and a token with 128
 * short channels and the usual claims stays below it; anything longer costs time before its signature is checked.
 */
export const MAX_TOKEN_BYTES = 4096;

/**
 * A provider's clock may be ahead of a function's by this much (`nbf`). `exp` has no such grace: who expires a token means it,
 * and error 109 only makes a client fetch the next one.
 */
const CLOCK_TOLERANCE_SECONDS = 5;

const MAX_USER_LENGTH = 255;

/** HS256 only: what else a token's header asks for is refused before any key is touched. */
const ALGORITHMS = ['HS256'];

/** Reasons say what was wrong and repeat nothing of the token. */
export type Verdict =
  | { readonly result: 'ok'; readonly identity: Identity }
  | { readonly result: 'expired' }
  | { readonly result: 'invalid'; readonly reason: string };

function invalid(reason: string): Verdict {
  return { result: 'invalid', reason };
}

/**
 * Checks a connection token: signature, `exp` (required: a token that never ends could never be taken back), `nbf`, `sub`
 * (required: there are no anonymous connections) and `channels`. `now` in epoch milliseconds.
 */
export async function verifyToken(token: string, secret: Uint8Array, now: number): Promise<Verdict> {
  if (token === '') return invalid('token: expected one, got none');
  const bytes = Buffer.byteLength(token);
  if (bytes > MAX_TOKEN_BYTES)
    return invalid(`token: expected at most ${MAX_TOKEN_BYTES} bytes, got ${bytes}`);
  try {
    const { payload } = await jwtVerify(token, secret, {
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(now),
      requiredClaims: ['exp', 'sub'],
    });
    if ((payload.exp ?? 0) * 1000 <= now) return { result: 'expired' };
    return readClaims(payload);
  } catch (error) {
    if (error instanceof errors.JWTExpired) return { result: 'expired' };
    return invalid(reasonOf(error));
  }
}

/** Which check failed, without anything of the token. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return 'token signature: expected one by our secret, got another';
  if (error instanceof errors.JOSEAlgNotAllowed)
    return `token alg: expected ${ALGORITHMS.join(' or ')}, got another`;
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `token ${error.claim}: expected ${error.reason === 'missing' ? 'the claim, got none' : 'a value that holds now, got another'}`;
  }
  return 'token: expected a signed JWT, got other text';
}

function readClaims({ sub, exp, ...claims }: JWTPayload): Verdict {
  if (typeof sub !== 'string' || sub === '' || sub.length > MAX_USER_LENGTH) {
    return invalid(`sub: expected text of 1 to ${MAX_USER_LENGTH} characters, got something else`);
  }
  const channels = claims['channels'] ?? [];
  if (!Array.isArray(channels) || channels.length > MAX_SUBSCRIPTIONS) {
    return invalid(`channels: expected a list of at most ${MAX_SUBSCRIPTIONS} names, got something else`);
  }
  const names = channels.filter((name): name is string => typeof name === 'string' && isChannelName(name));
  if (names.length !== channels.length) {
    return invalid('channels: expected channel names, got another value among them');
  }
  return {
    result: 'ok',
    identity: { user: sub, expiresAt: exp ?? 0, channels: [...new Set(names)] },
  };
}
