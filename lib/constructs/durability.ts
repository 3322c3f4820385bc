import { RemovalPolicy } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { EnvironmentConfig } from '../environment-config';

/** What happens to a resource that holds something when its stack goes. */
export function removalPolicyOf(config: EnvironmentConfig): RemovalPolicy {
  return config.removal === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}

/** How long logs are kept: a week to look at a bug, three months where an incident may be found late. */
export function logRetentionOf(config: EnvironmentConfig): RetentionDays {
  return config.removal === 'retain' ? RetentionDays.THREE_MONTHS : RetentionDays.ONE_WEEK;
}
