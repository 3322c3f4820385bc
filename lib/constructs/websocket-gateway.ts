import { Stack, Validations } from 'aws-cdk-lib';
import { IpAddressType, WebSocketApi, WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { HoldfastConfig } from '../config';
import { accessLogs } from './access-logs';

export interface WebsocketGatewayProps {
  readonly config: HoldfastConfig;
}

/** The three routes that there are: everything that a client sends is a command of our protocol. */
export interface GatewayRoutes {
  readonly $connect: IFunction;
  readonly $default: IFunction;
  readonly $disconnect: IFunction;
}

/** The WebSocket API: holds the sockets, knows nothing of what they say. */
export class WebsocketGateway extends Construct {
  readonly api: WebSocketApi;
  readonly stage: WebSocketStage;
  /** `wss://...`, where clients connect. */
  readonly url: string;
  /** `https://...`, base of `POST {callbackUrl}/@connections/{id}`. */
  readonly callbackUrl: string;
  /** Resource of `execute-api:ManageConnections` for posts to the connections of this stage. */
  readonly postConnectionsArn: string;
  private readonly closeConnectionsArn: string;

  constructor(scope: Construct, id: string, props: WebsocketGatewayProps) {
    super(scope, id);
    const { config } = props;
    this.api = new WebSocketApi(this, 'Api', {
      apiName: `${config.environment}-holdfast`,
      description: `Holdfast ${config.environment}: connections of clients`,
      // Our functions reach it over IPv6 only (`Network`); clients choose.
      ipAddressType: IpAddressType.DUAL_STACK,
      // Frames carry several commands, so nothing in one frame can choose a route.
      routeSelectionExpression: '\\$default',
    });
    this.stage = new WebSocketStage(this, 'Stage', {
      webSocketApi: this.api,
      stageName: config.environment,
      autoDeploy: true,
      throttle: { rateLimit: config.limits.framesPerSecond, burstLimit: config.limits.frameBurst },
      detailedMetricsEnabled: true,
      accessLogSettings: accessLogs(this, 'AccessLogs', config, {
        eventType: '$context.eventType',
        connectionId: '$context.connectionId',
      }),
    });
    this.url = this.stage.url;
    this.callbackUrl = this.stage.callbackUrl;
    this.postConnectionsArn = this.connectionsArn('POST');
    this.closeConnectionsArn = this.connectionsArn('DELETE');
  }

  /** Sends the routes to functions. */
  route(routes: GatewayRoutes): void {
    for (const [key, handler] of Object.entries(routes)) {
      const integration = new WebSocketLambdaIntegration(`${key.slice(1)}Integration`, handler);
      this.api.addRoute(key, { integration });
    }
    Validations.of(this.api).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason:
        'Clients authenticate by a token in the connect command or at the handshake, which the connect and ingress functions check: a REQUEST authorizer sees neither the command nor a refresh.',
    });
  }

  /** Lets a function send frames to connections. */
  grantPost(grantee: IGrantable): Grant {
    return this.grantConnections(grantee, this.postConnectionsArn, 'POST');
  }

  /** Lets a function close connections. */
  grantClose(grantee: IGrantable): Grant {
    return this.grantConnections(grantee, this.closeConnectionsArn, 'DELETE');
  }

  private grantConnections(grantee: IGrantable, resourceArn: string, method: string): Grant {
    const grant = Grant.addToPrincipal({
      grantee,
      actions: ['execute-api:ManageConnections'],
      resourceArns: [resourceArn],
    });
    const api = Stack.of(this).resolve(this.api.apiId).Ref;
    const principal = grantee.grantPrincipal;
    if (Construct.isConstruct(principal)) {
      Validations.of(principal).acknowledge({
        id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<${api}>/${this.stage.stageName}/${method}/@connections/*]`,
        reason: 'Connection ids come and go; API, stage and method are fixed.',
      });
    }
    return grant;
  }

  private connectionsArn(method: 'POST' | 'DELETE'): string {
    return Stack.of(this).formatArn({
      service: 'execute-api',
      resource: this.api.apiId,
      resourceName: `${this.stage.stageName}/${method}/@connections/*`,
    });
  }
}
