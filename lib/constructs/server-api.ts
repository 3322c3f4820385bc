import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { HttpApi, HttpMethod, HttpStage, IpAddressType } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENVELOPE_SOURCE } from '../../lambdas/contract/envelope';
import { LIMITS } from '../../lambdas/contract/limit-rules';
import { parameterNames } from '../../lambdas/contract/parameters';
import { API_ROUTES, BUS_REQUESTS } from '../../lambdas/contract/server-api';
import type { HoldfastConfig } from '../config';
import { limitRulesOf } from '../limits-config';
import { accessLogs } from './access-logs';
import type { Bus } from './bus';
import { deadLetterQueue } from './dead-letters';
import type { Deliveries } from './deliveries';
import { removalPolicyOf } from './durability';
import { grantReadRegistry } from './gateway-functions';
import { NodeFunction } from './node-function';
import type { StateReference } from './state-reference';
import type { WebsocketGateway } from './websocket-gateway';

export interface ServerApiProps {
  readonly config: HoldfastConfig;
  readonly state: StateReference;
  readonly gateway: WebsocketGateway;
  readonly bus: Bus;
  readonly deliveries: Deliveries;
}

/** API Gateway gives up after 30 s. A publish waits for 3 s, and so may a push for a frame of its connection. */
const TIMEOUT = Duration.seconds(25);

/**
 * How long the bus, and Lambda after it, try to hand over a request. Together less than an idempotency key is remembered, so
 * that what is tried again needs no other proof that it was not published before.
 */
const REQUEST_KEPT = Duration.minutes(2);

/** What backends talk to: `POST {url}/{method}` by key or by IAM, and requests on the bus. */
export class ServerApi extends Construct {
  readonly handler: NodeFunction;
  /** Ends in `/api`. */
  readonly url: string;
  /** Resource of the routes for signed requests, for `execute-api:Invoke`. */
  readonly signedRoutesArn: string;
  /** Secret whose whole value is the API key. */
  readonly apiKey: Secret;
  /** Requests of the bus that could not be carried out. */
  readonly deadLetters: Queue;
  private readonly props: ServerApiProps;

  constructor(scope: Construct, id: string, props: ServerApiProps) {
    super(scope, id);
    this.props = props;
    const { config } = props;
    this.apiKey = this.makeApiKey();
    this.deadLetters = deadLetterQueue(this, 'RequestDeadLetters', config, 'requests on the bus');
    this.handler = this.makeHandler();
    const api = this.makeApi();
    const stage = new HttpStage(this, 'Stage', {
      httpApi: api,
      stageName: config.environment,
      autoDeploy: true,
      // Backends publish as fast as clients may send.
      throttle: { rateLimit: config.limits.framesPerSecond, burstLimit: config.limits.frameBurst },
      detailedMetricsEnabled: true,
      accessLogSettings: accessLogs(this, 'AccessLogs', config),
    });
    const { region, urlSuffix } = Stack.of(this);
    this.url = `https://${api.apiId}.execute-api.${region}.${urlSuffix}/${stage.stageName}/api`;
    this.signedRoutesArn = Stack.of(this).formatArn({
      service: 'execute-api',
      resource: api.apiId,
      resourceName: `${stage.stageName}/POST/api/iam/*`,
    });
    this.makeRule();
  }

  private makeApi(): HttpApi {
    const { config } = this.props;
    const api = new HttpApi(this, 'Api', {
      apiName: `${config.environment}-holdfast-server`,
      description: `Holdfast ${config.environment}: server API for backends`,
      createDefaultStage: false,
      ipAddressType: IpAddressType.DUAL_STACK,
    });
    const integration = new HttpLambdaIntegration('Integration', this.handler);
    const methods = [HttpMethod.POST];
    api.addRoutes({ path: pathOf(API_ROUTES.key), methods, integration });
    api.addRoutes({
      path: pathOf(API_ROUTES.iam),
      methods,
      integration,
      authorizer: new HttpIamAuthorizer(),
    });
    Validations.of(api).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason: 'Requests without a signature bring the API key, which the api function checks.',
    });
    return api;
  }

  private makeApiKey(): Secret {
    const { config } = this.props;
    const secret = new Secret(this, 'ApiKey', {
      secretName: `${parameterNames(config.environment).root}/api-key`,
      description: `Holdfast ${config.environment}: key of the server API`,
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: removalPolicyOf(config),
    });
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'Backends outside this account hold the key, too: replacing it is an act of both sides, not a schedule.',
    });
    return secret;
  }

  private makeHandler(): NodeFunction {
    const { config, state, gateway, deliveries } = this.props;
    const handler = new NodeFunction(this, 'Function', {
      config,
      bundle: 'gateway-api',
      description: 'Server API for backends',
      timeout: TIMEOUT,
      network: state.network,
      environment: {
        ENVIRONMENT: config.environment,
        ...state.cacheEnvironment,
        API_KEY_SECRET_ARN: this.apiKey.secretArn,
        CALLBACK_URL: gateway.callbackUrl,
        CONNECTION_EVENTS: config.connectionEvents ? 'on' : 'off',
        DELIVERIES_QUEUE_URL: deliveries.deliveries.queueUrl,
        [LIMITS]: JSON.stringify(limitRulesOf(config.limits)),
        REQUEST_DEAD_LETTERS_QUEUE_URL: this.deadLetters.queueUrl,
        SERVICES_PARAMETER_PATH: parameterNames(config.environment).services,
        SUBSCRIPTIONS_PER_CONNECTION: String(config.limits.subscriptionsPerConnection),
        WAKES_QUEUE_URL: deliveries.wakes.queueUrl,
      },
      // Of invocations by the bus: those of the HTTP API are answered, whatever comes of them.
      overrides: { deadLetterQueue: this.deadLetters, maxEventAge: REQUEST_KEPT, retryAttempts: 2 },
    });
    state.grantCacheAccess(handler);
    deliveries.grantPublish(handler);
    deliveries.grantWake(handler);
    gateway.grantPost(handler);
    gateway.grantClose(handler);
    grantReadRegistry(handler, config);
    Grant.addToPrincipal({
      grantee: handler,
      actions: ['secretsmanager:GetSecretValue'],
      resourceArns: [this.apiKey.secretArn],
    });
    return handler;
  }

  /** An event cannot go to the queue of deliveries by itself: a rule has one group for all, and order is per channel. */
  private makeRule(): void {
    new Rule(this, 'Requests', {
      description: 'Requests of backends',
      eventBus: this.props.bus.eventBus,
      // Envelopes of the gateway have detail types of the same names.
      eventPattern: {
        source: Match.anythingBut(ENVELOPE_SOURCE),
        detailType: Object.keys(BUS_REQUESTS),
      },
      targets: [
        new LambdaFunction(this.handler, { maxEventAge: REQUEST_KEPT, deadLetterQueue: this.deadLetters }),
      ],
    });
  }
}

function pathOf(routeKey: string): string {
  return routeKey.slice(routeKey.indexOf(' ') + 1);
}
