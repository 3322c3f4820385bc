import { SignJWT } from 'jose';
import type { TokenRules } from '../lambdas/contract/token-rules';

/** How long a token is valid where nothing else is asked for. */
export const DEFAULT_TTL_SECONDS = 3600;

export interface TokenRequest {
  /** The environment's JWT secret; its UTF-8 bytes are the key. */
  readonly secret: string;
  /** The claim `sub`. */
  readonly user: string;
  /** @default DEFAULT_TTL_SECONDS */
  readonly ttlSeconds?: number;
  /** Channels that the server subscribes the user to at connect: the claim `channels`. @default none */
  readonly channels?: readonly string[];
  /** The claim `iss`. @default none */
  readonly issuer?: string;
  /** The claim `aud`. @default none */
  readonly audience?: string;
}

/** What rules want tokens by the secret to name. */
export function claimsOf({
  issuer,
  audience,
}: Partial<TokenRules> = {}): Pick<TokenRequest, 'issuer' | 'audience'> {
  return { ...(issuer === undefined ? {} : { issuer }), ...(audience === undefined ? {} : { audience }) };
}

/** Signs a client's token (HS256; `sub`, `iat`, `exp`, `channels`, `iss`, `aud`) as a team's own backend would. */
export async function signToken(request: TokenRequest): Promise<string> {
  const { secret, user, ttlSeconds = DEFAULT_TTL_SECONDS, channels = [], issuer, audience } = request;
  const issuedAt = Math.floor(Date.now() / 1000);
  const claims = {
    ...(channels.length > 0 ? { channels } : {}),
    ...(issuer === undefined ? {} : { iss: issuer }),
    ...(audience === undefined ? {} : { aud: audience }),
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(user)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ttlSeconds)
    .sign(new TextEncoder().encode(secret));
}
