import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { LIMITS } from '../../lambdas/contract/limit-rules';
import { LIVENESS } from '../../lambdas/contract/liveness-rules';
import type { HoldfastConfig } from '../config';
import { limitRulesOf } from '../limits-config';
import { livenessRulesOf } from '../liveness-config';
import type { Deliveries } from './deliveries';
import { NodeFunction } from './node-function';
import type { StateReference } from './state-reference';
import type { WebsocketGateway } from './websocket-gateway';

export interface JanitorProps {
  readonly config: HoldfastConfig;
  readonly state: StateReference;
  readonly gateway: WebsocketGateway;
  readonly deliveries: Deliveries;
}

/** EventBridge has no shorter period. */
export const JANITOR_EVERY = Duration.minutes(1);

/** A run begins nothing more after 40 s; what it has begun then ends in half of this rest. */
export const JANITOR_TIMEOUT = Duration.seconds(60);

/**
 * Looks after connections every minute: keeps them alive, asks old ones to reconnect, ends those that are expired or never
 * connected, and completes what others left undone.
 */
export class Janitor extends Construct {
  readonly handler: NodeFunction;

  constructor(scope: Construct, id: string, props: JanitorProps) {
    super(scope, id);
    const { config, state, gateway, deliveries } = props;
    this.handler = new NodeFunction(this, 'Function', {
      config,
      bundle: 'gateway-janitor',
      description: 'Looks after connections whose time has come',
      timeout: JANITOR_TIMEOUT,
      network: state.network,
      environment: {
        ENVIRONMENT: config.environment,
        ...state.cacheEnvironment,
        CALLBACK_URL: gateway.callbackUrl,
        WAKES_QUEUE_URL: deliveries.wakes.queueUrl,
        CONNECTION_EVENTS: config.connectionEvents ? 'on' : 'off',
        [LIMITS]: JSON.stringify(limitRulesOf(config.limits)),
        [LIVENESS]: JSON.stringify(livenessRulesOf(config.liveness)),
      },
    });
    state.grantCacheAccess(this.handler);
    deliveries.grantWake(this.handler);
    gateway.grantPost(this.handler);
    gateway.grantClose(this.handler);
    this.schedule(config);
  }

  private schedule({ environment, liveness }: HoldfastConfig): void {
    const of = liveness.janitors;
    const targets = Array.from({ length: of }, (_, index) => {
      const event = RuleTargetInput.fromObject({ of, index });
      // The next run finds what one that failed left, so a late repeat is worth nothing.
      return new LambdaFunction(this.handler, { event, retryAttempts: 0, maxEventAge: JANITOR_EVERY });
    });
    new Rule(this, 'Schedule', {
      description: `Holdfast ${environment}: looks after connections`,
      schedule: Schedule.rate(JANITOR_EVERY),
      targets,
    });
  }
}
