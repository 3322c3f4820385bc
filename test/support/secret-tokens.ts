import { SecretKey } from '../../lambdas/gateway/core/auth/token-keys';
import { TokenVerifier } from '../../lambdas/gateway/core/auth/token-verifier';
import { systemClock } from '../../lambdas/gateway/core/clock';

/** Tokens by a secret that a test has in its hands. */
export function secretTokens(
  secret: () => Promise<Uint8Array>,
  { anonymous = false, clock = systemClock as { now(): number } } = {},
): TokenVerifier {
  return new TokenVerifier({ keys: new SecretKey(secret), anonymous, clock });
}
