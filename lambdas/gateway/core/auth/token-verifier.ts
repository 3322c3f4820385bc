import { compactVerify, errors } from 'jose';
import { isJsonObject, type JsonObject } from '../../../contract/json';
import type { Identity } from '../connections/connection';
import type { Clock } from '../ports';
import { checkOrigin } from './claims';
import { readConnectionClaims } from './connection-claims';
import { readSubscriptionClaims, type SubscriptionRequest } from './subscription-claims';
import type { TokenKeys, VerificationKey } from './token-keys';
import { readHeader } from './token-text';
import { type Invalid, invalid, isRefusal, type SubscriptionVerdict, type Verdict } from './verdict';

export interface TokenVerifierParts {
  readonly keys: TokenKeys;
  /** Whether a connection token may name no user. */
  readonly anonymous: boolean;
  readonly clock: Pick<Clock, 'now'>;
}

/** Who connects without a token, where that is allowed. */
const NOBODY: Identity = { user: '', expiresAt: 0, channels: [], issuedAt: 0 };

interface Signed {
  readonly payload: Uint8Array;
  readonly by: VerificationKey;
}

/** The payload, and the key that signed it; undefined where none of the keys did. */
async function openedBy(token: string, keys: readonly VerificationKey[]): Promise<Signed | undefined> {
  for (const by of keys) {
    try {
      const { payload } = await compactVerify(token, by.key, { algorithms: [by.alg] });
      return { payload, by };
    } catch (error) {
      // Anything else is a key of ours that is broken, and no token's fault.
      if (!(error instanceof errors.JOSEError)) throw error;
    }
  }
  return undefined;
}

/** A claim that is null is absent: some languages write an empty list so. */
function parseClaims(payload: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    if (!isJsonObject(value)) return undefined;
    return Object.fromEntries(Object.entries(value).filter(([, claim]) => claim !== null));
  } catch {
    return undefined;
  }
}

/** Checks the tokens of clients: first their form, then their signature, then what they say. */
export class TokenVerifier {
  readonly #parts: TokenVerifierParts;

  constructor(parts: TokenVerifierParts) {
    this.#parts = parts;
  }

  /** A connection token: who connects; none may be nobody's. Rejects where the keys cannot be had now. */
  async connection(token: string): Promise<Verdict> {
    if (token === '' && this.#parts.anonymous) return { result: 'ok', identity: NOBODY };
    const signed = await this.#signed(token);
    if (isRefusal(signed)) return signed;
    const read = readConnectionClaims(signed.claims, this.#parts.anonymous, this.#parts.clock.now());
    return isRefusal(read) ? read : { result: 'ok', ...read };
  }

  /** A subscription token: whether it lets this user into this channel. Rejects where the keys cannot be had now. */
  async subscription(token: string, request: SubscriptionRequest): Promise<SubscriptionVerdict> {
    const signed = await this.#signed(token);
    if (isRefusal(signed)) return signed;
    const read = readSubscriptionClaims(signed.claims, request, this.#parts.clock.now());
    return isRefusal(read) ? read : { result: 'ok', ...read };
  }

  /** The claims of a token that a trusted key signed for us. */
  async #signed(token: string): Promise<{ readonly claims: JsonObject } | Invalid> {
    const header = readHeader(token);
    if (isRefusal(header)) return header;
    const keys = await this.#parts.keys.find(header);
    if (keys.length === 0)
      return invalid(`token key: expected one that is trusted here for ${header.alg}, got another`);
    const opened = await openedBy(token, keys);
    if (opened === undefined) return invalid('token signature: expected one by a trusted key, got another');
    const claims = parseClaims(opened.payload);
    if (claims === undefined) return invalid('token payload: expected a JSON object, got something else');
    return checkOrigin(claims, opened.by) ?? { claims };
  }
}
