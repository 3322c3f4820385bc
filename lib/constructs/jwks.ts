import { Duration, Stack } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { ParameterTier, StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { EMPTY_KEY_SET, keySetId } from '../../lambdas/contract/jwks';
import { parameterNames } from '../../lambdas/contract/parameters';
import type { HoldfastConfig } from '../config';
import { NodeFunction } from './node-function';

export interface JwksProps {
  readonly config: HoldfastConfig;
}

/** With the five minutes that gateway functions keep a set, a key that a provider withdraws is refused after twenty. */
const REFRESH_EVERY = Duration.minutes(15);

/**
 * The key sets of identity providers: a function outside of the VPC fetches them, since providers may have IPv4 only, and keeps
 * the usable keys in SSM, a parameter for each URL. Gateway functions read them there and ask the function for unknown keys.
 */
export class Jwks extends Construct {
  readonly fetcher: NodeFunction;
  private readonly path: string;

  constructor(scope: Construct, id: string, props: JwksProps) {
    super(scope, id);
    const { config } = props;
    const urls = config.auth.jwks.map(({ url }) => url);
    this.path = parameterNames(config.environment).jwks;
    const parameters = urls.map((url) => this.makeParameter(keySetId(url)));
    this.fetcher = new NodeFunction(this, 'Fetcher', {
      config,
      bundle: 'gateway-jwks',
      description: 'Fetches the key sets that check tokens',
      environment: {
        ENVIRONMENT: config.environment,
        JWKS_URLS: urls.join(' '),
        JWKS_PARAMETER_PATH: this.path,
      },
    });
    Grant.addToPrincipal({
      grantee: this.fetcher,
      actions: ['ssm:GetParameters', 'ssm:PutParameter'],
      resourceArns: parameters.map(({ parameterArn }) => parameterArn),
    });
    new Rule(this, 'Schedule', {
      description: `Holdfast ${config.environment}: fetches the key sets that check tokens`,
      schedule: Schedule.rate(REFRESH_EVERY),
      targets: [new LambdaFunction(this.fetcher)],
    });
  }

  /** What a function needs to know to check tokens by these keys. */
  get environment(): { readonly [name: string]: string } {
    return { JWKS_PARAMETER_PATH: this.path, JWKS_FUNCTION_NAME: this.fetcher.functionName };
  }

  /** Lets a function read the sets. */
  grantRead(grantee: IGrantable): Grant {
    // Reading by path is allowed on the path itself, not on what lies below it.
    const resourceArn = Stack.of(this).formatArn({
      service: 'ssm',
      resource: 'parameter',
      resourceName: this.path.slice(1),
    });
    return Grant.addToPrincipal({
      grantee,
      actions: ['ssm:GetParametersByPath'],
      resourceArns: [resourceArn],
    });
  }

  /** Lets a function ask for a key that is in no set. */
  grantAsk(grantee: IGrantable): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: ['lambda:InvokeFunction'],
      resourceArns: [this.fetcher.functionArn],
    });
  }

  private makeParameter(setId: string): StringParameter {
    return new StringParameter(this, `Set${setId}`, {
      parameterName: `${this.path}/${setId}`,
      stringValue: JSON.stringify(EMPTY_KEY_SET),
      // As the function writes it: a set of more than 4 KB makes it an advanced one.
      tier: ParameterTier.INTELLIGENT_TIERING,
    });
  }
}
