import { Stack, type StackProps } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { parameterNames } from '../../lambdas/contract/parameters';
import type { HoldfastConfig } from '../config';
import { asInterface } from '../constructs/as-interface';
import { Cache } from '../constructs/cache';
import { publishListParameter, publishParameter } from '../constructs/contract-parameters';
import { Network } from '../constructs/network';

export interface StateStackProps extends StackProps {
  readonly config: HoldfastConfig;
}

/** What has state and changes rarely: the VPC and the cache. */
export class StateStack extends Stack {
  readonly network: Network;
  readonly cache: Cache;

  constructor(scope: Construct, id: string, props: StateStackProps) {
    super(scope, id, props);
    const { config } = props;
    this.network = new Network(this, 'Network', { config });
    this.cache = new Cache(this, 'Cache', {
      config,
      vpc: asInterface<IVpc>(this.network.vpc),
      subnets: this.network.subnets,
      clients: this.network.functionSecurityGroup,
    });

    const { state } = parameterNames(config.environment);
    const { functionSecurityGroup, subnets, vpc } = this.network;
    publishParameter(this, 'VpcId', state.vpcId, vpc.vpcId);
    publishListParameter(
      this,
      'SubnetIds',
      state.subnetIds,
      subnets.map(({ subnetId }) => subnetId),
    );
    publishParameter(
      this,
      'FunctionSecurityGroupId',
      state.functionSecurityGroupId,
      functionSecurityGroup.securityGroupId,
    );
    publishParameter(this, 'CacheHost', state.cacheHost, this.cache.host);
    publishParameter(this, 'CachePort', state.cachePort, this.cache.port);
    publishParameter(this, 'CacheUser', state.cacheUser, this.cache.userName);
    publishParameter(this, 'CacheSecretArn', state.cacheSecretArn, this.cache.password.secretArn);
  }
}
