import { Duration } from 'aws-cdk-lib';
import { EventBus, type EventPattern, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Alias, EventInvokeConfig, type IFunction, type IVersion } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENVELOPE_DETAIL_TYPE, ENVELOPE_SOURCE } from '../../lambdas/contract/envelope';
import {
  CHANNEL_EVENTS,
  CONNECTION_EVENTS,
  LIFECYCLE_DETAIL_TYPE,
  type LifecycleEvent,
  USER_EVENTS,
} from '../../lambdas/contract/lifecycle';
import { asInterface } from './as-interface';
import type { NodeFunction } from './node-function';
import type { ServiceQueue } from './service-queue';

/** Which lifecycle events a service is told of. */
export interface LifecycleInterest {
  readonly events: readonly LifecycleEvent['event'][];
  /** Of the channels of which namespaces; those need `lifecycle: true`. @default - the service's own */
  readonly namespaces?: readonly string[];
}

export interface ServiceEventsProps {
  readonly function: NodeFunction;
  readonly serviceName: string;
  readonly busName: string;
  /** Where events stay that failed for good. */
  readonly undeliverable: Queue;
  /** Kinds of commands that go this way: `send`, and `publish` where the service is behind a queue. */
  readonly commands: readonly ('send' | 'publish')[];
  /** Takes the commands in the place of the function. @default - the function is invoked */
  readonly queue?: ServiceQueue;
  /** Whether the gateway fills the queue itself. */
  readonly ordered: boolean;
  readonly maxConcurrency?: number;
  readonly lifecycle?: LifecycleInterest;
  /** Namespaces of the service. */
  readonly namespaces: readonly string[];
  /** Whole methods of other services. */
  readonly observes: readonly string[];
}

/** What is older is handled by nobody who still knows why: it is kept instead. */
const MESSAGE_KEPT = Duration.hours(1);

type Detail = NonNullable<EventPattern['detail']>;

/** Events that nobody waits for: tried again by the alias `events`, and kept where they fail for good. */
export class ServiceEvents extends Construct {
  readonly alias: Alias;
  private readonly props: ServiceEventsProps;

  constructor(scope: Construct, id: string, props: ServiceEventsProps) {
    super(scope, id);
    this.props = props;
    const { serviceName, lifecycle, observes } = props;
    this.alias = this.makeAlias();
    props.queue?.drainedBy(this.alias, props.maxConcurrency);
    if (props.commands.length > 0 && !props.ordered) {
      const detailTypes = props.commands.map((kind) => ENVELOPE_DETAIL_TYPE[kind]);
      const detail = { service: [serviceName] };
      this.rule('Messages', 'Messages of clients', detailTypes, detail, props.queue);
    }
    if (observes.length > 0) {
      this.rule('Observed', 'Calls of other services', [ENVELOPE_DETAIL_TYPE.rpc], { method: [...observes] });
    }
    if (lifecycle) this.tellOf(lifecycle);
  }

  private tellOf({ events, namespaces = this.props.namespaces }: LifecycleInterest): void {
    const ofConnections = events.filter((event) => CONNECTION_EVENTS.some((name) => name === event));
    const ofUsers = events.filter((event) => USER_EVENTS.some((name) => name === event));
    const ofChannels = events.filter((event) => CHANNEL_EVENTS.some((name) => name === event));
    if (ofConnections.length > 0) {
      this.rule('Connections', 'Begin and end of connections', [LIFECYCLE_DETAIL_TYPE], {
        event: ofConnections,
      });
    }
    if (ofUsers.length > 0) {
      this.rule('Users', 'What reached no socket of a user', [LIFECYCLE_DETAIL_TYPE], { event: ofUsers });
    }
    if (ofChannels.length > 0) {
      this.rule('Channels', 'Use of channels', [LIFECYCLE_DETAIL_TYPE], {
        event: ofChannels,
        namespace: [...namespaces],
      });
    }
  }

  private makeAlias(): Alias {
    const { function: handler, undeliverable } = this.props;
    const alias = new Alias(this, 'Alias', {
      aliasName: 'events',
      version: asInterface<IVersion>(handler.currentVersion),
    });
    undeliverable.grantSendMessages(handler);
    const invocations = new EventInvokeConfig(this, 'Invocations', {
      function: handler,
      qualifier: alias.aliasName,
      retryAttempts: 2,
      maxEventAge: MESSAGE_KEPT,
      onFailure: { bind: () => ({ destination: undeliverable.queueArn }) },
    });
    invocations.node.addDependency(alias);
    if (handler.role) invocations.node.addDependency(handler.role);
    return alias;
  }

  private rule(id: string, what: string, detailType: string[], detail: Detail, queue?: ServiceQueue): void {
    const { serviceName, busName, undeliverable } = this.props;
    const rule = new Rule(this, id, {
      description: `${what}, for service ${serviceName}`,
      eventBus: EventBus.fromEventBusName(this, `${id}Bus`, busName),
      eventPattern: { source: [ENVELOPE_SOURCE], detailType, detail: { v: [1], ...detail } },
    });
    if (queue) {
      queue.takeFrom(rule, undeliverable);
      return;
    }
    const to = { maxEventAge: MESSAGE_KEPT, deadLetterQueue: undeliverable };
    rule.addTarget(new LambdaFunction(asInterface<IFunction>(this.alias), to));
  }
}
