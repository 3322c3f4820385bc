import { CREATE_TABLE, WITHOUT_EFFECT } from '../aws/dynamodb/table-properties';
import { QUEUE_ATTRIBUTES } from './queue-attributes';

/** What the local runtime makes of the properties of a resource type. A property that stands nowhere has no effect, and a warning says so. */
export interface TypeCoverage {
  /** Its provider reads them. */
  readonly used: readonly string[];
  /** They have no effect here; why not, by property. */
  readonly without?: Readonly<Record<string, string>>;
  /** Functions would miss them: they stop the start. */
  readonly refused?: readonly string[];
}

const PEOPLE = 'a word for people';
const KEYS = 'nothing is encrypted at rest';
const NETWORK = 'no network';
const POLICY_NAME = 'nobody asks for it';

/** Tags stand nowhere: no type looks at them. */
export const COVERAGE: Readonly<Record<string, TypeCoverage>> = {
  'AWS::ApiGateway::Account': { used: ['CloudWatchRoleArn'] },
  'AWS::ApiGatewayV2::Api': {
    used: ['ProtocolType', 'RouteSelectionExpression'],
    without: { Description: PEOPLE, IpAddressType: 'the loopback interface', Name: PEOPLE },
    refused: ['Body', 'BodyS3Location', 'CorsConfiguration', 'Target'],
  },
  'AWS::ApiGatewayV2::ApiMapping': { used: ['ApiId', 'ApiMappingKey', 'DomainName', 'Stage'] },
  'AWS::ApiGatewayV2::Authorizer': {
    used: ['ApiId', 'AuthorizerCredentialsArn', 'AuthorizerType', 'AuthorizerUri', 'IdentitySource'],
    without: { AuthorizerResultTtlInSeconds: 'WebSocket APIs keep no result', Name: PEOPLE },
    refused: ['AuthorizerPayloadFormatVersion', 'EnableSimpleResponses', 'JwtConfiguration'],
  },
  'AWS::ApiGatewayV2::DomainName': {
    used: ['DomainName'],
    without: { DomainNameConfigurations: 'no TLS' },
    refused: ['MutualTlsAuthentication'],
  },
  'AWS::ApiGatewayV2::Integration': {
    used: ['IntegrationType', 'IntegrationUri', 'TimeoutInMillis'],
    without: {
      ApiId: 'routes name their integrations',
      Description: PEOPLE,
      IntegrationMethod: 'always POST',
      PayloadFormatVersion: '1.0 for WebSocket, 2.0 for HTTP',
    },
    refused: ['RequestParameters', 'RequestTemplates', 'ResponseParameters'],
  },
  'AWS::ApiGatewayV2::Route': {
    used: [
      'ApiId',
      'AuthorizationType',
      'AuthorizerId',
      'RouteKey',
      'RouteResponseSelectionExpression',
      'Target',
    ],
    without: { OperationName: PEOPLE },
    refused: ['ApiKeyRequired', 'AuthorizationScopes', 'RequestParameters'],
  },
  'AWS::ApiGatewayV2::RouteResponse': {
    used: ['ApiId', 'RouteId', 'RouteResponseKey'],
    refused: ['ResponseParameters'],
  },
  'AWS::ApiGatewayV2::Stage': {
    used: ['ApiId', 'DefaultRouteSettings', 'RouteSettings', 'StageName'],
    without: {
      AccessLogSettings: 'no access logs',
      AutoDeploy: 'what the templates say runs',
      Description: PEOPLE,
    },
    refused: ['StageVariables'],
  },
  'AWS::DynamoDB::Table': {
    used: CREATE_TABLE,
    without: Object.fromEntries(
      WITHOUT_EFFECT.filter((name) => name !== 'Tags').map((name) => [name, 'no function can rely on it']),
    ),
    refused: ['StreamSpecification', 'ImportSourceSpecification', 'KinesisStreamSpecification'],
  },
  'AWS::ElastiCache::ServerlessCache': {
    used: ['ServerlessCacheName', 'UserGroupId'],
    without: {
      CacheUsageLimits: '256 MB',
      DailySnapshotTime: 'nothing is kept',
      Description: PEOPLE,
      Engine: 'the server that is found',
      FinalSnapshotName: 'nothing is kept',
      KmsKeyId: KEYS,
      MajorEngineVersion: 'the server that is found',
      SecurityGroupIds: NETWORK,
      SnapshotRetentionLimit: 'nothing is kept',
      SubnetIds: NETWORK,
    },
  },
  'AWS::ElastiCache::User': {
    used: ['AccessString', 'Passwords', 'UserId', 'UserName'],
    without: { Engine: 'the server that is found' },
    refused: ['AuthenticationMode', 'NoPasswordRequired'],
  },
  'AWS::ElastiCache::UserGroup': {
    used: ['UserGroupId', 'UserIds'],
    without: { Engine: 'the server that is found' },
  },
  'AWS::Events::ApiDestination': {
    used: [
      'ConnectionArn',
      'Description',
      'HttpMethod',
      'InvocationEndpoint',
      'InvocationRateLimitPerSecond',
      'Name',
    ],
  },
  'AWS::Events::Archive': {
    used: ['ArchiveName', 'Description', 'EventPattern', 'RetentionDays', 'SourceArn'],
    without: { KmsKeyIdentifier: KEYS },
  },
  'AWS::Events::Connection': {
    used: ['AuthorizationType', 'AuthParameters', 'Description', 'Name'],
    refused: ['InvocationConnectivityParameters', 'KmsKeyIdentifier'],
  },
  'AWS::Events::EventBus': { used: ['Name'], without: { Description: PEOPLE, KmsKeyIdentifier: KEYS } },
  'AWS::Events::EventBusPolicy': {
    used: ['EventBusName', 'Statement', 'StatementId'],
    refused: ['Action', 'Condition', 'Principal'],
  },
  'AWS::Events::Rule': {
    used: ['EventBusName', 'EventPattern', 'Name', 'ScheduleExpression', 'State', 'Targets'],
    without: { Description: PEOPLE },
  },
  'AWS::IAM::ManagedPolicy': {
    used: ['ManagedPolicyName', 'Path', 'PolicyDocument', 'Roles'],
    without: { Description: PEOPLE },
    refused: ['Groups', 'Users'],
  },
  'AWS::IAM::Policy': {
    used: ['PolicyDocument', 'Roles'],
    without: { PolicyName: POLICY_NAME },
    refused: ['Groups', 'Users'],
  },
  'AWS::IAM::Role': {
    used: ['AssumeRolePolicyDocument', 'ManagedPolicyArns', 'Path', 'Policies', 'RoleName'],
    without: { Description: PEOPLE, MaxSessionDuration: 'sessions last as long as the stack' },
    refused: ['PermissionsBoundary'],
  },
  'AWS::IAM::RolePolicy': {
    used: ['PolicyDocument', 'RoleName'],
    without: { PolicyName: POLICY_NAME },
  },
  'AWS::Lambda::Alias': {
    used: ['FunctionName', 'FunctionVersion', 'Name'],
    without: { Description: PEOPLE, ProvisionedConcurrencyConfig: 'sandboxes start when they are needed' },
    refused: ['RoutingConfig'],
  },
  'AWS::Lambda::EventInvokeConfig': {
    used: [
      'DestinationConfig',
      'FunctionName',
      'MaximumEventAgeInSeconds',
      'MaximumRetryAttempts',
      'Qualifier',
    ],
  },
  'AWS::Lambda::EventSourceMapping': {
    used: [
      'BatchSize',
      'EventSourceArn',
      'FunctionName',
      'FunctionResponseTypes',
      'MaximumBatchingWindowInSeconds',
      'ScalingConfig',
    ],
    refused: ['FilterCriteria', 'ProvisionedPollerConfig'],
  },
  'AWS::Lambda::Function': {
    used: [
      'Code',
      'DeadLetterConfig',
      'Environment',
      'FunctionName',
      'Handler',
      'LoggingConfig',
      'MemorySize',
      'ReservedConcurrentExecutions',
      'Role',
      'Runtime',
      'Timeout',
      'VpcConfig',
    ],
    without: {
      Architectures: "this machine's",
      Description: PEOPLE,
      EphemeralStorage: "this machine's disk",
      KmsKeyArn: KEYS,
      RecursiveLoop: 'loops are not looked for',
      RuntimeManagementConfig: 'the interpreter that is found',
      TracingConfig: 'no X-Ray',
    },
    refused: ['FileSystemConfigs', 'ImageConfig', 'Layers', 'SnapStart'],
  },
  'AWS::Lambda::Permission': {
    used: ['Action', 'FunctionName', 'Principal', 'SourceAccount', 'SourceArn'],
    refused: ['EventSourceToken', 'FunctionUrlAuthType', 'InvokedViaFunctionUrl', 'PrincipalOrgID'],
  },
  'AWS::Lambda::Version': {
    used: ['FunctionName'],
    without: {
      CodeSha256: 'a version is made of the code that is there',
      Description: PEOPLE,
      ProvisionedConcurrencyConfig: 'sandboxes start when they are needed',
    },
  },
  'AWS::Logs::LogGroup': {
    used: ['LogGroupName'],
    without: {
      KmsKeyId: KEYS,
      LogGroupClass: 'lines are printed',
      RetentionInDays: 'lines are printed',
    },
  },
  'AWS::SQS::Queue': {
    used: ['QueueName', 'RedrivePolicy', ...Object.keys(QUEUE_ATTRIBUTES)],
    without: {
      KmsDataKeyReusePeriodSeconds: KEYS,
      KmsMasterKeyId: KEYS,
      RedriveAllowPolicy: 'any queue may be a source',
      SqsManagedSseEnabled: KEYS,
    },
  },
  'AWS::SQS::QueuePolicy': { used: ['PolicyDocument', 'Queues'] },
  'AWS::SSM::Parameter': {
    used: ['Name', 'Tier', 'Type', 'Value'],
    without: {
      AllowedPattern: 'values are taken as they are',
      DataType: 'values are taken as they are',
      Description: PEOPLE,
    },
    refused: ['Policies'],
  },
  'AWS::Scheduler::Schedule': {
    used: [
      'FlexibleTimeWindow',
      'GroupName',
      'Name',
      'ScheduleExpression',
      'ScheduleExpressionTimezone',
      'State',
      'Target',
    ],
    without: { Description: PEOPLE, KmsKeyArn: KEYS },
    refused: ['EndDate', 'StartDate'],
  },
  'AWS::SecretsManager::ResourcePolicy': {
    used: ['ResourcePolicy', 'SecretId'],
    without: { BlockPublicPolicy: 'nobody else is in the account' },
  },
  'AWS::SecretsManager::RotationSchedule': {
    used: ['RotateImmediatelyOnUpdate', 'RotationLambdaARN', 'RotationRules', 'SecretId'],
    refused: ['HostedRotationLambda'],
  },
  'AWS::SecretsManager::Secret': {
    used: ['GenerateSecretString', 'Name', 'SecretString'],
    without: { Description: PEOPLE, KmsKeyId: KEYS, ReplicaRegions: 'one region' },
  },
};

/** No type looks at tags. */
const TAGS = 'Tags';

/** Properties of a resource that its type refuses. */
export function refusedIn(type: string, properties: object): readonly string[] {
  return (COVERAGE[type]?.refused ?? []).filter((name) => name in properties);
}

/** Properties of a resource that nobody here knows: they have no effect. */
export function unknownIn(type: string, properties: object): readonly string[] {
  const coverage = COVERAGE[type];
  if (coverage === undefined) return [];
  const known = new Set([
    TAGS,
    ...coverage.used,
    ...Object.keys(coverage.without ?? {}),
    ...(coverage.refused ?? []),
  ]);
  return Object.keys(properties).filter((name) => !known.has(name));
}
