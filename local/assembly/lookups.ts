/** What AWS:: pseudo parameters answer. */
export interface PseudoParameters {
  readonly region: string;
  readonly accountId: string;
  /** @default aws */
  readonly partition?: string;
  /** @default amazonaws.com */
  readonly urlSuffix?: string;
  /** @default arn:<partition>:cloudformation:<region>:<accountId>:stack/<stackName>/local */
  readonly stackId?: string;
  /** What Fn::GetAZs answers. @default <region>a, <region>b, <region>c */
  readonly availabilityZones?: readonly string[];
}

export interface SecretQuery {
  readonly jsonKey: string | undefined;
  readonly stage: string | undefined;
  readonly versionId: string | undefined;
}

/**
 * Values from outside the template. Each may throw (or reject): the error becomes the cause of a ResolutionError that names the
 * place in the template.
 */
export interface ResolverLookups {
  /** What Ref of a resource created so far gives. */
  ref(logicalId: string): unknown | Promise<unknown>;
  /** What Fn::GetAtt of a resource created so far gives; `attribute` may contain dots. */
  attribute(logicalId: string, attribute: string): unknown | Promise<unknown>;
  /** Text of an SSM parameter (a StringList as its comma separated text). */
  ssm(name: string, version?: string): string | Promise<string>;
  /** A secret's string, or the value of `jsonKey` in it. */
  secret(secretId: string, query: SecretQuery): string | Promise<string>;
  /** What Fn::ImportValue of an export gives. */
  exported(name: string): unknown | Promise<unknown>;
  /** What Fn::GetStackOutput of another stack gives. */
  stackOutput(stackName: string, outputName: string, region: string | undefined): unknown | Promise<unknown>;
}
