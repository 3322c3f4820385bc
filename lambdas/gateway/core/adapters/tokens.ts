import { readEnvironment } from '../../../contract/environment';
import { readTokenRules, type TokenRules } from '../../../contract/token-rules';
import { PublishedKeys } from '../auth/published-keys';
import { keysByKind, SecretKey, type TokenKeys } from '../auth/token-keys';
import { TokenVerifier } from '../auth/token-verifier';
import type { Clock, Log } from '../ports';
import type { JsonCalls } from './aws/json-service';
import { FunctionKeySetRequests } from './key-set-requests';
import { type FunctionInvoker, LambdaInvoker } from './lambda-invoker';
import { cachedSecret } from './secrets';
import { fetchRegistryEntries } from './ssm-registry';

export interface TokenClients {
  readonly secrets: JsonCalls;
  readonly ssm: JsonCalls;
  /** @default LambdaInvoker */
  readonly invoker?: FunctionInvoker;
}

/**
 * The check of tokens in a function, by the variable `TOKEN_RULES` and those that the rules need: `JWT_SECRET_ARN` for the
 * secret, `JWKS_PARAMETER_PATH` and `JWKS_FUNCTION_NAME` for published keys. Reads nothing before the first token.
 */
export function tokensOf(
  environment: { readonly TOKEN_RULES: string },
  clients: TokenClients,
  clock: Clock,
  log: Log,
): TokenVerifier {
  const rules = readTokenRules(environment);
  const keys = keysByKind({
    secret: rules.hmac ? secretKey(rules, clients, clock, log) : undefined,
    published: rules.jwks.length > 0 ? publishedKeys(rules, clients, clock, log) : undefined,
  });
  return new TokenVerifier({ keys, anonymous: rules.anonymous, clock });
}

function secretKey(rules: TokenRules, { secrets }: TokenClients, clock: Clock, log: Log): TokenKeys {
  const { JWT_SECRET_ARN } = readEnvironment(['JWT_SECRET_ARN']);
  const secret = cachedSecret(secrets, JWT_SECRET_ARN, clock, log);
  const encoder = new TextEncoder();
  const { issuer, audience } = rules;
  return new SecretKey(async () => encoder.encode(await secret()), {
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  });
}

function publishedKeys(rules: TokenRules, clients: TokenClients, clock: Clock, log: Log): TokenKeys {
  const { JWKS_PARAMETER_PATH, JWKS_FUNCTION_NAME } = readEnvironment([
    'JWKS_PARAMETER_PATH',
    'JWKS_FUNCTION_NAME',
  ]);
  return new PublishedKeys({
    rules: rules.jwks,
    read: () => fetchRegistryEntries(clients.ssm, JWKS_PARAMETER_PATH),
    requests: new FunctionKeySetRequests(clients.invoker ?? new LambdaInvoker(), JWKS_FUNCTION_NAME),
    clock,
    log,
  });
}
