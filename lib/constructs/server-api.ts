import { Stack, Validations } from 'aws-cdk-lib';
import { HttpApi, HttpMethod, HttpStage, IpAddressType } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { parameterNames } from '../../lambdas/contract/parameters';
import type { HoldfastConfig } from '../config';
import { accessLogs } from './access-logs';
import { removalPolicyOf } from './durability';

export interface ServerApiProps {
  readonly config: HoldfastConfig;
  readonly handler: IFunction;
}

/** The HTTP API for backends: `POST {url}/{method}` with an API key. */
export class ServerApi extends Construct {
  /** Ends in `/api`. */
  readonly url: string;
  /** Secret whose whole value is the API key. */
  readonly apiKey: Secret;

  constructor(scope: Construct, id: string, props: ServerApiProps) {
    super(scope, id);
    const { config } = props;
    const api = new HttpApi(this, 'Api', {
      apiName: `${config.environment}-holdfast-server`,
      description: `Holdfast ${config.environment}: server API for backends`,
      createDefaultStage: false,
      ipAddressType: IpAddressType.DUAL_STACK,
    });
    api.addRoutes({
      path: '/api/{method}',
      methods: [HttpMethod.POST],
      integration: new HttpLambdaIntegration('Integration', props.handler),
    });
    Validations.of(api).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason:
        'Backends authenticate by the API key in the Authorization header, which the api function checks.',
    });
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
    this.apiKey = new Secret(this, 'ApiKey', {
      secretName: `${parameterNames(config.environment).root}/api-key`,
      description: `Holdfast ${config.environment}: key of the server API`,
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: removalPolicyOf(config),
    });
    Validations.of(this.apiKey).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'Backends outside this account hold the key, too: replacing it is an act of both sides, not a schedule.',
    });
  }
}
