import { environmentRegion } from '../../../../contract/credentials';

/** Services by their names in a signature's scope. */
export type ServiceName = 'events' | 'lambda' | 'secretsmanager' | 'sqs' | 'ssm';

/** Ends of the variables `AWS_ENDPOINT_URL_<service>`. */
const VARIABLES: { readonly [service in ServiceName]: string } = {
  events: 'EVENTBRIDGE',
  lambda: 'LAMBDA',
  secretsmanager: 'SECRETS_MANAGER',
  sqs: 'SQS',
  ssm: 'SSM',
};

interface Suffixes {
  readonly dualStack: string;
  /** Where Secrets Manager has no dual-stack name, its one name has addresses of both kinds. */
  readonly secretsManager: string;
}

/** Each partition of AWS has its own, and its regions begin alike. */
function suffixesOf(region: string): Suffixes {
  if (region.startsWith('cn-')) {
    return { dualStack: 'api.amazonwebservices.com.cn', secretsManager: 'amazonaws.com.cn' };
  }
  if (region.startsWith('eusc-')) {
    return { dualStack: 'api.amazonwebservices.eu', secretsManager: 'api.amazonwebservices.eu' };
  }
  return { dualStack: 'api.aws', secretsManager: 'amazonaws.com' };
}

/**
 * Where a service is. Locally the variables `AWS_ENDPOINT_URL_<service>` and `AWS_ENDPOINT_URL` say it. In AWS, gateway functions
 * leave the VPC over IPv6 only and need the dual-stack names, as the SDK's rules have them.
 */
export function endpointOf(service: ServiceName): URL {
  const own = process.env[`AWS_ENDPOINT_URL_${VARIABLES[service]}`] || process.env['AWS_ENDPOINT_URL'];
  if (own) return new URL(own);
  const region = environmentRegion();
  const { dualStack, secretsManager } = suffixesOf(region);
  return new URL(`https://${service}.${region}.${service === 'secretsmanager' ? secretsManager : dualStack}`);
}
