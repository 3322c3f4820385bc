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
} from '../../lambdas/contract/lifecycle';
import { asInterface } from './as-interface';
import type { NodeFunction } from './node-function';

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
  /** Whether it takes what clients `send`. */
  readonly messages: boolean;
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
    if (props.messages) {
      this.rule('Messages', 'Messages of clients', ENVELOPE_DETAIL_TYPE.send, { service: [serviceName] });
    }
    if (observes.length > 0) {
      this.rule('Observed', 'Calls of other services', ENVELOPE_DETAIL_TYPE.rpc, { method: [...observes] });
    }
    if (lifecycle) this.tellOf(lifecycle);
  }

  private tellOf({ events, namespaces = this.props.namespaces }: LifecycleInterest): void {
    const ofConnections = events.filter((event) => CONNECTION_EVENTS.some((name) => name === event));
    const ofChannels = events.filter((event) => CHANNEL_EVENTS.some((name) => name === event));
    if (ofConnections.length > 0) {
      this.rule('Connections', 'Begin and end of connections', LIFECYCLE_DETAIL_TYPE, {
        event: ofConnections,
      });
    }
    if (ofChannels.length > 0) {
      this.rule('Channels', 'Use of channels', LIFECYCLE_DETAIL_TYPE, {
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

  private rule(id: string, what: string, detailType: string, detail: Detail): void {
    const { serviceName, busName, undeliverable } = this.props;
    new Rule(this, id, {
      description: `${what}, for service ${serviceName}`,
      eventBus: EventBus.fromEventBusName(this, `${id}Bus`, busName),
      eventPattern: { source: [ENVELOPE_SOURCE], detailType: [detailType], detail: { v: [1], ...detail } },
      targets: [
        new LambdaFunction(asInterface<IFunction>(this.alias), {
          maxEventAge: MESSAGE_KEPT,
          deadLetterQueue: undeliverable,
        }),
      ],
    });
  }
}
