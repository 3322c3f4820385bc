import { Duration, Stack } from 'aws-cdk-lib';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { LIMITS } from '../../lambdas/contract/limit-rules';
import { LIVENESS } from '../../lambdas/contract/liveness-rules';
import { parameterNames } from '../../lambdas/contract/parameters';
import type { HoldfastConfig } from '../config';
import { limitRulesOf } from '../limits-config';
import { livenessRulesOf } from '../liveness-config';
import type { Bus } from './bus';
import { COURIER_TIMEOUT, type Deliveries } from './deliveries';
import { NodeFunction } from './node-function';
import type { SigningKeys } from './signing-keys';
import type { StateReference } from './state-reference';
import type { TokenCheck } from './token-check';
import type { WebsocketGateway } from './websocket-gateway';

export interface GatewayFunctionsProps {
  readonly config: HoldfastConfig;
  readonly state: StateReference;
  readonly gateway: WebsocketGateway;
  readonly bus: Bus;
  readonly deliveries: Deliveries;
  readonly signingKeys: SigningKeys;
  readonly tokens: TokenCheck;
}

/** API Gateway gives up on a frame's function after 29 s; none of ours needs half of that. */
const FRAME_TIMEOUT = Duration.seconds(15);

/** A handshake that takes longer has lost its client. */
const HANDSHAKE_TIMEOUT = Duration.seconds(10);

/** Reads up to 5,000 connections, each in a slot of its own. */
const EXPLAIN_TIMEOUT = Duration.seconds(30);

/** The gateway's functions, each with what it needs and no more. */
export class GatewayFunctions extends Construct {
  readonly connect: NodeFunction;
  readonly ingress: NodeFunction;
  readonly disconnect: NodeFunction;
  readonly courier: NodeFunction;
  /** On-failure destination of the services' `rpc` aliases. */
  readonly refusal: NodeFunction;
  /** Tells operators of a publication's way; invoked by them alone. */
  readonly explain: NodeFunction;
  private readonly props: GatewayFunctionsProps;

  constructor(scope: Construct, id: string, props: GatewayFunctionsProps) {
    super(scope, id);
    this.props = props;
    this.connect = this.makeConnect();
    this.ingress = this.makeIngress();
    this.disconnect = this.makeDisconnect();
    this.courier = this.makeCourier();
    this.refusal = this.makeRefusal();
    this.explain = this.makeExplain();
  }

  private makeConnect(): NodeFunction {
    const { config, state, deliveries, tokens } = this.props;
    const connect = new NodeFunction(this, 'Connect', {
      config,
      bundle: 'gateway-connect',
      description: 'Handshakes: origin, token, subprotocol',
      timeout: HANDSHAKE_TIMEOUT,
      network: state.network,
      environment: {
        ENVIRONMENT: config.environment,
        ...state.cacheEnvironment,
        ...tokens.environment,
        ALLOWED_ORIGINS: config.auth.allowedOrigins.join(','),
        [LIMITS]: JSON.stringify(limitRulesOf(config.limits)),
        [LIVENESS]: JSON.stringify(livenessRulesOf(config.liveness)),
        WAKES_QUEUE_URL: deliveries.wakes.queueUrl,
        CONNECTION_EVENTS: config.connectionEvents ? 'on' : 'off',
      },
    });
    state.grantCacheAccess(connect);
    tokens.grant(connect);
    deliveries.grantWake(connect);
    return connect;
  }

  private makeIngress(): NodeFunction {
    const { config, state, gateway, bus, deliveries, signingKeys, tokens } = this.props;
    const ingress = new NodeFunction(this, 'Ingress', {
      config,
      bundle: 'gateway-ingress',
      description: 'Commands of clients',
      timeout: FRAME_TIMEOUT,
      network: state.network,
      environment: {
        ENVIRONMENT: config.environment,
        ...state.cacheEnvironment,
        ...tokens.environment,
        SIGNING_SECRET_ARN: signingKeys.secret.secretArn,
        BUS_NAME: bus.eventBus.eventBusName,
        DELIVERIES_QUEUE_URL: deliveries.deliveries.queueUrl,
        WAKES_QUEUE_URL: deliveries.wakes.queueUrl,
        CALLBACK_URL: gateway.callbackUrl,
        SERVICES_PARAMETER_PATH: parameterNames(config.environment).services,
        RPC_TIMEOUT_SECONDS: String(config.limits.rpcTimeoutSeconds),
        SUBSCRIPTIONS_PER_CONNECTION: String(config.limits.subscriptionsPerConnection),
        [LIMITS]: JSON.stringify(limitRulesOf(config.limits)),
        [LIVENESS]: JSON.stringify(livenessRulesOf(config.liveness)),
        USER_CHANNEL: config.userChannel ? 'on' : 'off',
        ...(config.sendService === undefined ? {} : { SEND_SERVICE: config.sendService }),
        CONNECTION_EVENTS: config.connectionEvents ? 'on' : 'off',
      },
    });
    state.grantCacheAccess(ingress);
    tokens.grant(ingress);
    signingKeys.grantSign(ingress);
    bus.grantPut(ingress);
    deliveries.grantPublish(ingress);
    deliveries.grantWake(ingress);
    gateway.grantPost(ingress);
    gateway.grantClose(ingress);
    this.grantReadRegistry(ingress);
    return ingress;
  }

  private makeDisconnect(): NodeFunction {
    const { config, state, deliveries } = this.props;
    const disconnect = new NodeFunction(this, 'Disconnect', {
      config,
      bundle: 'gateway-disconnect',
      description: 'Cleans up after a connection',
      timeout: HANDSHAKE_TIMEOUT,
      network: state.network,
      environment: {
        ENVIRONMENT: config.environment,
        ...state.cacheEnvironment,
        WAKES_QUEUE_URL: deliveries.wakes.queueUrl,
        CONNECTION_EVENTS: config.connectionEvents ? 'on' : 'off',
      },
    });
    state.grantCacheAccess(disconnect);
    deliveries.grantWake(disconnect);
    return disconnect;
  }

  private makeCourier(): NodeFunction {
    const { config, state, gateway, bus, deliveries, signingKeys } = this.props;
    const courier = new NodeFunction(this, 'Courier', {
      config,
      bundle: 'gateway-courier',
      description: 'Appends publications to their logs and delivers them',
      timeout: COURIER_TIMEOUT,
      // Posting is what it does, and that is CPU.
      memorySize: 1024,
      network: state.network,
      environment: {
        ENVIRONMENT: config.environment,
        ...state.cacheEnvironment,
        CALLBACK_URL: gateway.callbackUrl,
        WAKES_QUEUE_URL: deliveries.wakes.queueUrl,
        DEAD_LETTERS_QUEUE_URL: deliveries.deliveriesDeadLetters.queueUrl,
        SERVICES_PARAMETER_PATH: parameterNames(config.environment).services,
        SIGNING_SECRET_ARN: signingKeys.secret.secretArn,
        BUS_NAME: bus.eventBus.eventBusName,
        CONNECTION_EVENTS: config.connectionEvents ? 'on' : 'off',
        [LIMITS]: JSON.stringify(limitRulesOf(config.limits)),
      },
    });
    state.grantCacheAccess(courier);
    deliveries.grantWake(courier);
    deliveries.grantPutAside(courier);
    deliveries.drainedBy(courier);
    gateway.grantPost(courier);
    gateway.grantClose(courier);
    signingKeys.grantSign(courier);
    bus.grantPut(courier);
    this.grantReadRegistry(courier);
    return courier;
  }

  private makeRefusal(): NodeFunction {
    const { config, gateway } = this.props;
    const refusal = new NodeFunction(this, 'Refusal', {
      config,
      bundle: 'gateway-refusal',
      description: 'Answers error 100 where the function of an rpc failed',
      environment: { ENVIRONMENT: config.environment, CALLBACK_URL: gateway.callbackUrl },
    });
    gateway.grantPost(refusal);
    return refusal;
  }

  private makeExplain(): NodeFunction {
    const { config, state } = this.props;
    const explain = new NodeFunction(this, 'Explain', {
      config,
      bundle: 'gateway-explain',
      description: 'Tells operators why a user got a publication or not',
      timeout: EXPLAIN_TIMEOUT,
      network: state.network,
      environment: { ENVIRONMENT: config.environment, ...state.cacheEnvironment },
    });
    state.grantCacheAccess(explain);
    return explain;
  }

  private grantReadRegistry(grantee: NodeFunction): void {
    grantReadRegistry(grantee, this.props.config);
  }
}

/** Lets a function read what services registered. */
export function grantReadRegistry(grantee: NodeFunction, config: HoldfastConfig): void {
  // Reading by path is allowed on the path itself, not on what lies below it.
  const path = parameterNames(config.environment).services;
  const resourceArn = Stack.of(grantee).formatArn({
    service: 'ssm',
    resource: 'parameter',
    resourceName: path.slice(1),
  });
  Grant.addToPrincipal({ grantee, actions: ['ssm:GetParametersByPath'], resourceArns: [resourceArn] });
}
