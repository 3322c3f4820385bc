import { apiDestination, connection } from './api-destinations';
import {
  account,
  api,
  apiMapping,
  authorizer,
  domainName,
  integration,
  route,
  routeResponse,
  stage,
} from './api-gateway';
import { cacheUser, cacheUserGroup, serverlessCache } from './cache';
import { refusedIn, unknownIn } from './coverage';
import {
  eventBusPolicy,
  inlinePolicy,
  lambdaPermission,
  logGroup,
  managedPolicy,
  queuePolicy,
  role,
  rolePolicy,
  secretPolicy,
} from './iam';
import { createInert, INERT_TYPES } from './inert';
import { alias, eventInvokeConfig, eventSourceMapping, lambdaFunction, version } from './lambda';
import { archive, eventBus, queue, rule, schedule } from './messaging';
import { PropertyError, type Provider } from './provider';
import { parameter, rotationSchedule, secret, table } from './storage';

const ACTIVE: Readonly<Record<string, Provider>> = {
  'AWS::ApiGateway::Account': account,
  'AWS::ApiGatewayV2::Api': api,
  'AWS::ApiGatewayV2::ApiMapping': apiMapping,
  'AWS::ApiGatewayV2::Authorizer': authorizer,
  'AWS::ApiGatewayV2::DomainName': domainName,
  'AWS::ApiGatewayV2::Integration': integration,
  'AWS::ApiGatewayV2::Route': route,
  'AWS::ApiGatewayV2::RouteResponse': routeResponse,
  'AWS::ApiGatewayV2::Stage': stage,
  'AWS::DynamoDB::Table': table,
  'AWS::ElastiCache::ServerlessCache': serverlessCache,
  'AWS::ElastiCache::User': cacheUser,
  'AWS::ElastiCache::UserGroup': cacheUserGroup,
  'AWS::Events::ApiDestination': apiDestination,
  'AWS::Events::Archive': archive,
  'AWS::Events::Connection': connection,
  'AWS::Events::EventBus': eventBus,
  'AWS::Events::EventBusPolicy': eventBusPolicy,
  'AWS::Events::Rule': rule,
  'AWS::IAM::ManagedPolicy': managedPolicy,
  'AWS::IAM::Policy': inlinePolicy,
  'AWS::IAM::Role': role,
  'AWS::IAM::RolePolicy': rolePolicy,
  'AWS::Lambda::Alias': alias,
  'AWS::Lambda::EventInvokeConfig': eventInvokeConfig,
  'AWS::Lambda::EventSourceMapping': eventSourceMapping,
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Lambda::Permission': lambdaPermission,
  'AWS::Lambda::Version': version,
  'AWS::Logs::LogGroup': logGroup,
  'AWS::SQS::Queue': queue,
  'AWS::SQS::QueuePolicy': queuePolicy,
  'AWS::SSM::Parameter': parameter,
  'AWS::Scheduler::Schedule': schedule,
  'AWS::SecretsManager::ResourcePolicy': secretPolicy,
  'AWS::SecretsManager::RotationSchedule': rotationSchedule,
  'AWS::SecretsManager::Secret': secret,
};

/** Every resource type that the local runtime runs, or may pass over; any other stops it. */
export const KNOWN_TYPES: ReadonlySet<string> = new Set([...Object.keys(ACTIVE), ...INERT_TYPES]);

/** The provider of a known type. Inert types have one that looks at no property; others refuse and warn by their coverage. */
export function providerOf(type: string): Provider {
  const provider = ACTIVE[type];
  if (provider === undefined) return createInert;
  return (request, cloud) => {
    const [refused] = refusedIn(type, request.properties);
    if (refused !== undefined) throw new PropertyError(request, refused, 'none', request.properties[refused]);
    for (const property of unknownIn(type, request.properties)) cloud.warnOfProperty(type, property);
    return provider(request, cloud);
  };
}
