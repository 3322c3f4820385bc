import { Duration, Fn, Validations } from 'aws-cdk-lib';
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
import { RECEIPT_METHOD, SERVICE_REQUESTS, serviceSource } from '../../lambdas/contract/server-api';
import { bundleServiceEntry } from '../bundling/service-entry';
import type { EnvironmentConfig } from '../environment-config';
import { assertServiceDefinition } from '../service-definition';
import { asInterface } from './as-interface';
import { readParameter } from './contract-parameters';
import { publishDeadLetters } from './dead-letters';
import { removalPolicyOf } from './durability';
import { NodeFunction } from './node-function';
import { ServiceAlarms } from './service-alarms';
import { type LifecycleInterest, ServiceEvents } from './service-events';
import { ServiceQueue } from './service-queue';
import { ServiceRegistrationParameter } from './service-registration';
import { ServiceTable } from './service-table';

/** Properties of the function that a service may set for itself; `environment` adds variables. */
export type RealtimeServiceOverrides = Partial<FunctionProps>;

/** What a service has to know of the environment that it is in; the configuration of the platform has it. */
export interface ServiceEnvironment extends EnvironmentConfig {
  /** The service that takes what clients `send`, as the platform's configuration has it. @default - nobody */
  readonly sendService?: string;
}

export interface RealtimeServiceProps {
  readonly config: ServiceEnvironment;
  readonly serviceName: string;
  /**
   * File that exports `handler`, from the working directory; it is bundled into `build/functions/service-<name>/`.
   * @default - the bundle is there: this repository bundles `lambdas/services/<name>/handler.ts` itself
   */
  readonly entry?: string;
  /** Method names without the service's prefix. */
  readonly methods: readonly string[];
  /** @default - the service owns no namespace */
  readonly namespaces?: { readonly [namespace: string]: NamespaceRules };
  /** Which other services may publish to a namespace of this one. @default - none */
  readonly publishers?: { readonly [namespace: string]: readonly string[] };
  /** Whether the service has a table of its own, with the name in `TABLE_NAME`. @default false */
  readonly table?: boolean;
  /**
   * How publishes and messages of clients reach it. `direct`: the bus invokes it. `queued`: a queue between takes peaks. `ordered`:
   * the gateway puts those of a connection on a FIFO queue in their order; so it does with calls of `orderedMethods`. What the
   * gateway puts there passes no bus: nobody else observes it.
   * @default direct
   */
  readonly delivery?: 'direct' | 'queued' | 'ordered';
  /** Methods whose calls are handled in the order of their connection, with `delivery: 'ordered'`. @default - none */
  readonly orderedMethods?: readonly string[];
  /**
   * Most executions at once, 2 to 1000: of the queue's batches, and, where the environment is durable, of the function. New
   * accounts have ten executions in all, of which none may be reserved.
   * @default - as many as the account has
   */
  readonly maxConcurrency?: number;
  /** Whether it may `subscribe`, `unsubscribe` and `disconnect` users. @default false */
  readonly connections?: boolean;
  /** Whether it may ask how many sockets took what it sent to a user. @default false */
  readonly receipts?: boolean;
  /** @default - the service is told of no lifecycle events */
  readonly lifecycle?: LifecycleInterest;
  /** Whole methods of other services whose calls it is told of: `chat.send`. @default - none */
  readonly observes?: readonly string[];
  /** @default - 10 seconds, 512 MB, the variables of the platform */
  readonly overrides?: RealtimeServiceOverrides;
}

/** Nobody waits longer for an answer; its deadline is far earlier. It is also the shortest age that both queues allow. */
const RPC_KEPT = Duration.seconds(60);

/**
 * A business function: takes the rpcs of its service from the bus, answers them by a post to the connection, publishes
 * through the deliveries queue. It finds the platform through the SSM contract alone and stands outside of the VPC.
 */
export class RealtimeService extends Construct {
  readonly function: NodeFunction;
  /** What the bus invokes: never retried, failures answered by the gateway. */
  readonly rpc: Alias;
  readonly rule: Rule;
  /** What nobody waits for: tried again. Undefined where the service takes none of it. */
  readonly events: ServiceEvents | undefined;
  readonly table: ServiceTable | undefined;
  /** Undefined where the bus invokes the function. */
  readonly queue: ServiceQueue | undefined;
  /** Events that the bus could not hand over. */
  readonly undeliverable: Queue;

  constructor(scope: Construct, id: string, props: RealtimeServiceProps) {
    super(scope, id);
    const { config, serviceName, overrides } = props;
    assertServiceDefinition(serviceName, props);
    const bundle = `service-${serviceName}`;
    if (props.entry !== undefined) bundleServiceEntry(bundle, props.entry);
    const names = parameterNames(config.environment);
    const busName = readParameter(this, names.busName);
    this.table = props.table ? new ServiceTable(this, 'Table', { config }) : undefined;
    this.function = new NodeFunction(this, 'Function', {
      config,
      bundle,
      description: `Service ${serviceName}`,
      environment: {
        ENVIRONMENT: config.environment,
        SERVICE_NAME: serviceName,
        BUS_NAME: busName,
        CALLBACK_URL: readParameter(this, names.callbackUrl),
        DELIVERIES_QUEUE_URL: readParameter(this, names.deliveriesQueueUrl),
        SIGNING_KEYS_PARAMETER: names.signingKeys,
        ...(this.table && { TABLE_NAME: this.table.table.tableName }),
        ...(props.receipts && { SERVER_API_URL: readParameter(this, names.serverApiUrl) }),
      },
      overrides: {
        ...(props.maxConcurrency !== undefined &&
          config.removal === 'retain' && { reservedConcurrentExecutions: props.maxConcurrency }),
        ...overrides,
      },
    });
    this.grantPlatform(names);
    if (props.connections) this.grantRequests(readParameter(this, names.busArn), serviceName);
    if (props.receipts) this.grantReceipts(readParameter(this, names.serverApiArn));
    this.table?.grantItems(this.function);
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
    this.rule = this.makeRule(props, busName);
    this.queue = this.makeQueue(props, names);
    this.events = this.makeEvents(props, busName);
    publishDeadLetters(this, config.environment, {
      // What was for `rpc` has been answered with an error since, and does not run again.
      [`service-${serviceName}`]: [this.undeliverable, (this.events?.alias ?? this.rpc).functionArn],
      ...(this.queue && {
        [`service-${serviceName}-queue`]: [this.queue.deadLetters, this.queue.queue.queueUrl] as const,
      }),
    });
    new ServiceAlarms(this, 'Alarms', {
      serviceName,
      environment: config.environment,
      function: asInterface<IFunction>(this.function),
      deadLetters: [this.undeliverable, ...(this.queue ? [this.queue.deadLetters] : [])],
    });
    new ServiceRegistrationParameter(this, 'Registration', {
      environment: config.environment,
      registration: {
        service: serviceName,
        methods: props.methods,
        namespaces: props.namespaces ?? {},
        ...(this.queue &&
          props.delivery === 'ordered' && {
            ordered: { queueUrl: this.queue.queue.queueUrl, methods: props.orderedMethods ?? [] },
          }),
        ...(props.publishers && { publishers: props.publishers }),
        ...(this.function.roleId !== undefined && { role: this.function.roleId }),
      },
    });
  }

  private makeEvents(props: RealtimeServiceProps, busName: string): ServiceEvents | undefined {
    const { config, serviceName, lifecycle, observes = [], namespaces = {}, maxConcurrency } = props;
    const commands = [
      ...(config.sendService === serviceName ? ['send' as const] : []),
      ...(this.queue ? ['publish' as const] : []),
    ];
    if (commands.length === 0 && lifecycle === undefined && observes.length === 0) return undefined;
    return new ServiceEvents(this, 'Events', {
      function: this.function,
      serviceName,
      busName,
      undeliverable: this.undeliverable,
      commands,
      ...(this.queue && { queue: this.queue }),
      ordered: props.delivery === 'ordered',
      ...(maxConcurrency !== undefined && { maxConcurrency }),
      ...(lifecycle && { lifecycle }),
      namespaces: Object.keys(namespaces),
      observes,
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

  private grantRequests(busArn: string, serviceName: string): void {
    Grant.addToPrincipal({
      grantee: this.function,
      actions: ['events:PutEvents'],
      resourceArns: [busArn],
      // Nothing that could pass for the gateway's, and no publications: those go where their namespaces are known.
      conditions: {
        StringEquals: {
          'events:source': serviceSource(serviceName),
          'events:detail-type': [...SERVICE_REQUESTS],
        },
      },
    });
  }

  private grantReceipts(serverApiArn: string): void {
    // The parameter's ARN ends in `/*`, for backends that may ask for everything.
    const routes = Fn.select(0, Fn.split('*', serverApiArn));
    Grant.addToPrincipal({
      grantee: this.function,
      actions: ['execute-api:Invoke'],
      resourceArns: [`${routes}${RECEIPT_METHOD}`],
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

  private makeQueue(
    { config, delivery = 'direct' }: RealtimeServiceProps,
    names: ReturnType<typeof parameterNames>,
  ): ServiceQueue | undefined {
    if (delivery === 'direct') return undefined;
    const timeout = this.function.timeout ?? Duration.seconds(10);
    const queue = new ServiceQueue(this, 'Queue', { config, ordered: delivery === 'ordered', timeout });
    if (delivery === 'ordered') queue.allowSend(readParameter(this, names.ingressRoleArn));
    return queue;
  }

  private makeRule({ serviceName, delivery = 'direct' }: RealtimeServiceProps, busName: string): Rule {
    const kinds = ANSWERED_KINDS.filter((kind) => kind !== 'publish' || delivery === 'direct');
    return new Rule(this, 'Rule', {
      description: `Commands of clients for service ${serviceName}`,
      eventBus: EventBus.fromEventBusName(this, 'Bus', busName),
      eventPattern: {
        source: [ENVELOPE_SOURCE],
        detailType: kinds.map((kind) => ENVELOPE_DETAIL_TYPE[kind]),
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
}
