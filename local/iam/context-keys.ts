/** A condition key that requests at the local runtime carry. */
export interface ContextKey {
  /** Whether it may have several values at once, so that conditions need `ForAllValues` or `ForAnyValue`. */
  readonly many: boolean;
}

const ONE: ContextKey = { many: false };
const MANY: ContextKey = { many: true };

/** Global keys: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
const GLOBAL = [
  'aws:CurrentTime',
  'aws:EpochTime',
  'aws:PrincipalAccount',
  'aws:PrincipalArn',
  'aws:PrincipalIsAWSService',
  'aws:PrincipalServiceName',
  'aws:PrincipalType',
  'aws:RequestedRegion',
  'aws:ResourceAccount',
  'aws:SecureTransport',
  'aws:SourceAccount',
  'aws:SourceArn',
  'aws:SourceIp',
  'aws:UserAgent',
  'aws:userid',
  'aws:ViaAWSService',
  'lambda:SourceFunctionArn',
];

/** Keys of single services: the service authorization reference lists them by action. */
const OF_SERVICES = [
  'dynamodb:Select',
  'events:detail-type',
  'events:source',
  'secretsmanager:VersionId',
  'secretsmanager:VersionStage',
  'ssm:Overwrite',
  'ssm:Recursive',
];

/**
 * Every key that a condition or a variable may name, in lower case: keys are not case-sensitive. A policy with another one
 * is refused, since nobody here could tell its value.
 */
export const CONTEXT_KEYS: ReadonlyMap<string, ContextKey> = new Map([
  ...[...GLOBAL, ...OF_SERVICES].map((name) => [name.toLowerCase(), ONE] as const),
  ['dynamodb:leadingkeys', MANY] as const,
]);
