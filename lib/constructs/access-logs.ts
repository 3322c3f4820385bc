import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { type IAccessLogSettings, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { HoldfastConfig } from '../config';
import { logRetentionOf, removalPolicyOf } from './durability';

/** Fields of both kinds of API. No path, query string or header: those may carry a token. */
const COMMON_FIELDS = {
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  routeKey: '$context.routeKey',
  status: '$context.status',
  error: '$context.error.message',
  integrationStatus: '$context.integrationStatus',
  integrationLatency: '$context.integrationLatency',
};

/** An access log of JSON lines in a log group of its own. `fields` are added to the common ones. */
export function accessLogs(
  scope: Construct,
  id: string,
  config: HoldfastConfig,
  fields: { readonly [name: string]: string } = {},
): IAccessLogSettings {
  const logGroup = new LogGroup(scope, id, {
    retention: logRetentionOf(config),
    removalPolicy: removalPolicyOf(config),
  });
  return {
    destination: new LogGroupLogDestination(logGroup),
    format: AccessLogFormat.custom(JSON.stringify({ ...COMMON_FIELDS, ...fields })),
  };
}
