import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { parameterNames } from '../../lambdas/contract/parameters';
import { GATEWAY_SERVICE } from '../../lambdas/contract/registry';
import { tokenRulesOf } from '../auth-config';
import type { HoldfastConfig } from '../config';
import { ApiGatewayLogRole } from '../constructs/api-gateway-log-role';
import { Bus } from '../constructs/bus';
import { publishParameter } from '../constructs/contract-parameters';
import { publishDeadLetters } from '../constructs/dead-letters';
import { Deliveries } from '../constructs/deliveries';
import { GatewayFunctions } from '../constructs/gateway-functions';
import { Janitor } from '../constructs/janitor';
import { Jwks } from '../constructs/jwks';
import { JwtSecret } from '../constructs/jwt-secret';
import { ServerApi } from '../constructs/server-api';
import { ServiceRegistrationParameter } from '../constructs/service-registration';
import { SigningKeys } from '../constructs/signing-keys';
import { StateReference } from '../constructs/state-reference';
import { TokenCheck } from '../constructs/token-check';
import { WebsocketGateway } from '../constructs/websocket-gateway';

export interface GatewayStackProps extends StackProps {
  readonly config: HoldfastConfig;
}

/** The gateway: sockets, bus, queues, and the functions between them. */
export class GatewayStack extends Stack {
  readonly gateway: WebsocketGateway;
  readonly functions: GatewayFunctions;

  constructor(scope: Construct, id: string, props: GatewayStackProps) {
    super(scope, id, props);
    const { config } = props;
    const state = new StateReference(this, 'State', { config });
    const bus = new Bus(this, 'Bus', { config });
    const deliveries = new Deliveries(this, 'Deliveries', { config });
    const signingKeys = new SigningKeys(this, 'SigningKeys', { config });
    const jwtSecret = new JwtSecret(this, 'JwtSecret', { config });
    const jwks = config.auth.jwks.length > 0 ? new Jwks(this, 'Jwks', { config }) : undefined;
    this.gateway = new WebsocketGateway(this, 'Gateway', { config });
    this.functions = new GatewayFunctions(this, 'Functions', {
      config,
      state,
      gateway: this.gateway,
      bus,
      deliveries,
      signingKeys,
      tokens: new TokenCheck({ config, jwtSecret, jwks }),
    });
    new Janitor(this, 'Janitor', { config, state, gateway: this.gateway, deliveries });
    this.gateway.route({
      $connect: this.functions.connect,
      $default: this.functions.ingress,
      $disconnect: this.functions.disconnect,
    });
    const serverApi = new ServerApi(this, 'ServerApi', {
      config,
      state,
      gateway: this.gateway,
      bus,
      deliveries,
    });
    if (config.account.apiGatewayLogRole) {
      this.gateway.stage.node.addDependency(new ApiGatewayLogRole(this, 'ApiGatewayLogRole', { config }));
    }
    new ServiceRegistrationParameter(this, 'Registration', {
      environment: config.environment,
      registration: { service: GATEWAY_SERVICE, methods: [], namespaces: config.namespaces },
    });

    const names = parameterNames(config.environment);
    publishParameter(this, 'BusName', names.busName, bus.eventBus.eventBusName);
    publishParameter(this, 'BusArn', names.busArn, bus.eventBus.eventBusArn);
    publishParameter(this, 'DeliveriesQueueUrl', names.deliveriesQueueUrl, deliveries.deliveries.queueUrl);
    publishParameter(this, 'DeliveriesQueueArn', names.deliveriesQueueArn, deliveries.deliveries.queueArn);
    publishParameter(this, 'CallbackUrl', names.callbackUrl, this.gateway.callbackUrl);
    publishParameter(this, 'PostConnectionsArn', names.postConnectionsArn, this.gateway.postConnectionsArn);
    const ingressRole = this.functions.ingress.role;
    if (ingressRole) publishParameter(this, 'IngressRoleArn', names.ingressRoleArn, ingressRole.roleArn);
    publishParameter(this, 'WebsocketUrl', names.websocketUrl, this.gateway.url);
    publishParameter(this, 'ServerApiUrl', names.serverApiUrl, serverApi.url);
    publishParameter(this, 'TokenRules', names.tokenRules, JSON.stringify(tokenRulesOf(config.auth)));
    publishParameter(this, 'ServerApiArn', names.serverApiArn, serverApi.signedRoutesArn);
    publishDeadLetters(this, config.environment, {
      deliveries: [deliveries.deliveriesDeadLetters, deliveries.deliveries.queueUrl],
      wakes: [deliveries.wakesDeadLetters, deliveries.wakes.queueUrl],
      requests: [serverApi.deadLetters, serverApi.handler.functionArn],
    });
    publishParameter(
      this,
      'RefusalFunctionArn',
      names.refusalFunctionArn,
      this.functions.refusal.functionArn,
    );

    new CfnOutput(this, 'wssUrl', { value: this.gateway.url, description: 'Where clients connect' });
    new CfnOutput(this, 'callbackUrl', {
      value: this.gateway.callbackUrl,
      description: 'Base of POST {callbackUrl}/@connections/{id}',
    });
    new CfnOutput(this, 'serverApiUrl', {
      value: serverApi.url,
      description: 'Base of POST {serverApiUrl}/{method} for backends',
    });
  }
}
