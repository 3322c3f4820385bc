import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { parameterNames } from '../../lambdas/contract/parameters';
import type { HoldfastConfig } from '../config';
import { readListParameter, readParameter } from './contract-parameters';
import type { FunctionNetwork } from './node-function';

export interface StateReferenceProps {
  readonly config: HoldfastConfig;
}

/** The state stack, seen from another stack through the SSM contract. */
export class StateReference extends Construct {
  readonly network: FunctionNetwork;
  /** The variables with which a function finds the cache. */
  readonly cacheEnvironment: { readonly [name: string]: string };
  private readonly cacheSecretArn: string;

  constructor(scope: Construct, id: string, props: StateReferenceProps) {
    super(scope, id);
    const { state } = parameterNames(props.config.environment);
    this.network = {
      subnetIds: readListParameter(this, state.subnetIds),
      securityGroupId: readParameter(this, state.functionSecurityGroupId),
      ipv6: props.config.network.egress === 'ipv6',
    };
    this.cacheSecretArn = readParameter(this, state.cacheSecretArn);
    this.cacheEnvironment = {
      REDIS_HOST: readParameter(this, state.cacheHost),
      REDIS_PORT: readParameter(this, state.cachePort),
      REDIS_USER: readParameter(this, state.cacheUser),
      REDIS_SECRET_ARN: this.cacheSecretArn,
    };
  }

  /** Lets a function that stands in the VPC log in to the cache. */
  grantCacheAccess(grantee: IGrantable): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: ['secretsmanager:GetSecretValue'],
      resourceArns: [this.cacheSecretArn],
    });
  }
}
