import { Duration, Validations } from 'aws-cdk-lib';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Grant } from 'aws-cdk-lib/aws-iam';
import {
  Alias,
  EventInvokeConfig,
  type FunctionProps,
  type IFunction,
  type IVersion,
} from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { ANSWERED_KINDS, ENVELOPE_DETAIL_TYPE, ENVELOPE_SOURCE } from '../../lambdas/contract/envelope';
import { parameterNames } from '../../lambdas/contract/parameters';
import type { NamespaceRules } from '../../lambdas/contract/registry';
import type { HoldfastConfig } from '../config';
import { asInterface } from './as-interface';
import { readParameter } from './contract-parameters';
import { publishDeadLetters } from './dead-letters';
import { removalPolicyOf } from './durability';
import { NodeFunction } from './node-function';
import { ServiceRegistrationParameter } from './service-registration';

/** Properties of the function that a service may set for itself; `environment` adds variables. */
export type RealtimeServiceOverrides = Partial<FunctionProps>;

export interface RealtimeServiceProps {
  readonly config: HoldfastConfig;
  readonly serviceName: string;
  /** Method names without the service's prefix. */
  readonly methods: readonly string[];
  /** @default - the service owns no namespace */
  readonly namespaces?: { readonly [namespace: string]: NamespaceRules };
  /** @default - 10 seconds, 512 MB, the variables of the platform */
  readonly overrides?: RealtimeServiceOverrides;
}

/** Nobody waits longer for an answer; its deadline is far earlier. It is also the shortest age that both queues allow. */
const RPC_KEPT = Duration.seconds(60);

/** What is older is handled by nobody who still knows why: it is kept instead. */
const MESSAGE_KEPT = Duration.hours(1);

/**
 * A business function: takes the rpcs of its service from the bus, answers them by a post to the connection, publishes
 * through the deliveries queue. It finds the platform through the SSM contract alone and stands outside of the VPC.
 */
export class RealtimeService extends Construct {
  readonly function: NodeFunction;
  /** What the bus invokes: never retried, failures answered by the gateway. */
  readonly rpc: Alias;
  readonly rule: Rule;
  /** Events that the bus could not hand over. */
  readonly undeliverable: Queue;

  constructor(scope: Construct, id: string, props: RealtimeServiceProps) {
    super(scope, id);
    const { config, serviceName, overrides } = props;
    const names = parameterNames(config.environment);
    this.function = new NodeFunction(this, 'Function', {
      config,
      bundle: `service-${serviceName}`,
      description: `Service ${serviceName}`,
      environment: {
        ENVIRONMENT: config.environment,
        SERVICE_NAME: serviceName,
        CALLBACK_URL: readParameter(this, names.callbackUrl),
        DELIVERIES_QUEUE_URL: readParameter(this, names.deliveriesQueueUrl),
        SIGNING_KEYS_PARAMETER: names.signingKeys,
      },
      ...(overrides === undefined ? {} : { overrides }),
    });
    this.grantPlatform(names);
    this.rpc = this.makeAlias(readParameter(this, names.refusalFunctionArn));
    this.undeliverable = new Queue(this, 'Undeliverable', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: removalPolicyOf(config),
    });
    Validations.of(this.undeliverable).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is the dead-letter queue of the rule.',
    });
    publishDeadLetters(this, config.environment, {
      [`service-${serviceName}`]: [this.undeliverable, this.rpc.functionArn],
    });
    const busName = readParameter(this, names.busName);
    this.rule = this.makeRule(serviceName, busName);
    if (config.sendService === serviceName) this.takeMessages(serviceName, busName);
    new ServiceRegistrationParameter(this, 'Registration', {
      environment: config.environment,
      registration: {
        service: serviceName,
        methods: props.methods,
        namespaces: props.namespaces ?? {},
      },
    });
  }

  private grantPlatform(names: ReturnType<typeof parameterNames>): void {
    const grantee = this.function;
    Grant.addToPrincipal({
      grantee,
      actions: ['execute-api:ManageConnections'],
      resourceArns: [readParameter(this, names.postConnectionsArn)],
    });
    Grant.addToPrincipal({
      grantee,
      actions: ['sqs:SendMessage'],
      resourceArns: [readParameter(this, names.deliveriesQueueArn)],
    });
    Grant.addToPrincipal({
      grantee,
      actions: ['ssm:GetParameter'],
      resourceArns: [
        StringParameter.fromStringParameterName(this, 'SigningKeys', names.signingKeys).parameterArn,
      ],
    });
  }

  private makeAlias(refusalFunctionArn: string): Alias {
    const alias = new Alias(this, 'Rpc', {
      aliasName: 'rpc',
      version: asInterface<IVersion>(this.function.currentVersion),
    });
    // A destination is invoked under the role of the function that failed.
    Grant.addToPrincipal({
      grantee: this.function,
      actions: ['lambda:InvokeFunction'],
      resourceArns: [refusalFunctionArn],
    });
    const invocations = new EventInvokeConfig(this, 'RpcInvocations', {
      function: this.function,
      qualifier: alias.aliasName,
      // A second run could answer twice and would come after the deadline.
      retryAttempts: 0,
      maxEventAge: RPC_KEPT,
      // Not `LambdaDestination`: it would grant every version of a function that has none.
      onFailure: { bind: () => ({ destination: refusalFunctionArn }) },
    });
    invocations.node.addDependency(alias);
    if (this.function.role) invocations.node.addDependency(this.function.role);
    return alias;
  }

  private makeRule(serviceName: string, busName: string): Rule {
    return new Rule(this, 'Rule', {
      description: `Commands of clients for service ${serviceName}`,
      eventBus: EventBus.fromEventBusName(this, 'Bus', busName),
      eventPattern: {
        source: [ENVELOPE_SOURCE],
        detailType: ANSWERED_KINDS.map((kind) => ENVELOPE_DETAIL_TYPE[kind]),
        detail: { v: [1], service: [serviceName] },
      },
      targets: [
        new LambdaFunction(asInterface<IFunction>(this.rpc), {
          maxEventAge: RPC_KEPT,
          deadLetterQueue: this.undeliverable,
        }),
      ],
    });
  }
  /** Messages that nobody waits for are tried again; those that fail for good are kept. */
  private takeMessages(serviceName: string, busName: string): void {
    const alias = new Alias(this, 'Events', {
      aliasName: 'events',
      version: asInterface<IVersion>(this.function.currentVersion),
    });
    this.undeliverable.grantSendMessages(this.function);
    const invocations = new EventInvokeConfig(this, 'EventInvocations', {
      function: this.function,
      qualifier: alias.aliasName,
      retryAttempts: 2,
      maxEventAge: MESSAGE_KEPT,
      onFailure: { bind: () => ({ destination: this.undeliverable.queueArn }) },
    });
    invocations.node.addDependency(alias);
    if (this.function.role) invocations.node.addDependency(this.function.role);
    new Rule(this, 'EventsRule', {
      description: `Messages of clients for service ${serviceName}`,
      eventBus: EventBus.fromEventBusName(this, 'EventsBus', busName),
      eventPattern: {
        source: [ENVELOPE_SOURCE],
        detailType: [ENVELOPE_DETAIL_TYPE.send],
        detail: { v: [1], service: [serviceName] },
      },
      targets: [
        new LambdaFunction(asInterface<IFunction>(alias), {
          maxEventAge: MESSAGE_KEPT,
          deadLetterQueue: this.undeliverable,
        }),
      ],
    });
  }
}
