import { ArnFormat, Duration, Stack, Validations } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  CfnFunction,
  Code,
  type FunctionProps,
  Function as Lambda,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { bundleDirectory, functionNameOf } from '../bundling/bundle';
import type { EnvironmentConfig } from '../environment-config';
import { logRetentionOf, removalPolicyOf } from './durability';

/** Where a function stands in the VPC. */
export interface FunctionNetwork {
  readonly subnetIds: string[];
  readonly securityGroupId: string;
  /** Whether it leaves the VPC over IPv6. */
  readonly ipv6: boolean;
}

export interface NodeFunctionProps {
  readonly config: EnvironmentConfig;
  /** Name of the bundle (`lib/bundling/bundle.ts`); the function is called `<environment>-holdfast-<bundle>`. */
  readonly bundle: string;
  readonly description: string;
  /** @default 10 seconds: none of our functions has a reason to run longer */
  readonly timeout?: Duration;
  /** @default 512: CPU comes with memory, and a cold start is mostly CPU */
  readonly memorySize?: number;
  readonly environment: { readonly [name: string]: string };
  /** @default - outside of any VPC */
  readonly network?: FunctionNetwork;
  /** Laid over everything that this construct decides. `environment` adds to the variables above. */
  readonly overrides?: Partial<FunctionProps>;
}

/** What Lambda needs of a function's role to give it interfaces in a VPC. */
const INTERFACE_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/**
 * A Node.js function on arm64 with a log group and a role of its own: the role starts with writing to that log group and
 * nothing else. No reserved concurrency, since a new account has ten executions in all.
 */
export class NodeFunction extends Lambda {
  /** Unique id of the role, by which others know its calls; undefined for a role that stands outside of the app. */
  readonly roleId: string | undefined;

  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    const { config, network } = props;
    const { environment: moreEnvironment, ...overrides } = props.overrides ?? {};
    const functionName = functionNameOf(config.environment, props.bundle);
    const logGroup = new LogGroup(scope, `${id}Logs`, {
      retention: logRetentionOf(config),
      removalPolicy: removalPolicyOf(config),
    });
    const role = new Role(scope, `${id}Role`, {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Execution role of ${functionName}`,
    });
    // Not the managed policy: it may create log groups, and Lambda would make one anew after `cdk destroy`.
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    if (network) allowInterfaces(role, functionName);
    super(scope, id, {
      functionName,
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(bundleDirectory(props.bundle)),
      handler: 'index.handler',
      timeout: props.timeout ?? Duration.seconds(10),
      memorySize: props.memorySize ?? 512,
      role,
      logGroup,
      environment: {
        ...props.environment,
        // Names resolve to both families; IPv4 leads nowhere from a subnet without NAT.
        ...(network?.ipv6 ? { NODE_OPTIONS: '--dns-result-order=ipv6first' } : {}),
        ...moreEnvironment,
      },
      ...overrides,
    });
    this.roleId = this.role && Role.isRole(this.role) ? this.role.roleId : undefined;
    if (network) this.enter(network);
  }

  /** The names of a VPC's parts come from SSM, so there is no VPC construct to hand to the L2. */
  private enter(network: FunctionNetwork): void {
    const resource = this.node.defaultChild;
    if (!CfnFunction.isCfnFunction(resource)) return;
    resource.vpcConfig = {
      subnetIds: network.subnetIds,
      securityGroupIds: [network.securityGroupId],
      ipv6AllowedForDualStack: network.ipv6,
    };
  }
}

/**
 * Lambda itself uses the function's role to make the interfaces. The deny keeps the function's own code from it, as the
 * Lambda developer guide advises (`lambda:SourceFunctionArn` is set only on calls from that code).
 */
function allowInterfaces(role: Role, functionName: string): void {
  const functionArn = Stack.of(role).formatArn({
    service: 'lambda',
    resource: 'function',
    resourceName: functionName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  role.addToPrincipalPolicy(new PolicyStatement({ actions: INTERFACE_ACTIONS, resources: ['*'] }));
  role.addToPrincipalPolicy(
    new PolicyStatement({
      effect: Effect.DENY,
      actions: INTERFACE_ACTIONS,
      resources: ['*'],
      conditions: { ArnEquals: { 'lambda:SourceFunctionArn': functionArn } },
    }),
  );
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason:
      'Lambda manages network interfaces whose ids nobody knows beforehand and checks for these actions on every resource; a deny keeps the function itself from using them.',
  });
}
