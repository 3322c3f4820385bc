import { parameterNames } from '../../lambdas/contract/parameters';
import { parseTokenRules } from '../../lambdas/contract/token-rules';
import type { LocalCloud } from '../cloud';
import { claimsOf, type TokenRequest } from '../token';
import type { LocalState } from './state-file';

/** Environment of the configuration, and so the stage in every URL. */
export const ENVIRONMENT = 'local';

/** The stacks have no platform in them. */
export class NoPlatformError extends Error {
  override readonly name = 'NoPlatformError';

  constructor(parameter: string) {
    super(`expected stacks that make the parameter ${parameter}, as those of a platform do, got none`);
  }
}

/** What tokens of the platform that runs are signed with, and have to name. */
export function tokenTermsOf(cloud: LocalCloud): Pick<TokenRequest, 'secret' | 'issuer' | 'audience'> {
  const secret = cloud.secrets.value(`/holdfast/${ENVIRONMENT}/jwt-secret`);
  const rules = parseTokenRules(cloud.ssm.find(parameterNames(ENVIRONMENT).tokenRules)?.value ?? '');
  return { secret, ...claimsOf(rules) };
}

/** What a running platform says of itself. @throws NoPlatformError */
export function stateOf(
  cloud: LocalCloud,
  more: Pick<LocalState, 'webUrl' | 'controlUrl' | 'controlToken'>,
): LocalState {
  const names = parameterNames(ENVIRONMENT);
  const parameter = (name: string): string => {
    const value = cloud.ssm.find(name)?.value;
    if (value === undefined) throw new NoPlatformError(name);
    return value;
  };
  return {
    pid: process.pid,
    websocketUrl: parameter(names.websocketUrl),
    callbackUrl: parameter(names.callbackUrl),
    serverApiUrl: parameter(names.serverApiUrl),
    apiKey: cloud.secrets.value(`/holdfast/${ENVIRONMENT}/api-key`),
    ...more,
    awsEndpointUrl: cloud.awsEndpointUrl,
    redisUrl: cloud.redis?.operatorUrl ?? '',
    region: cloud.region,
    account: cloud.account,
  };
}
