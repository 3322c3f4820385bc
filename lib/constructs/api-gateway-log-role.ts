import { Validations } from 'aws-cdk-lib';
import { CfnAccount } from 'aws-cdk-lib/aws-apigateway';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { HoldfastConfig } from '../config';
import { removalPolicyOf } from './durability';

export interface ApiGatewayLogRoleProps {
  readonly config: HoldfastConfig;
}

/**
 * The role with which API Gateway writes logs: one an account and region, shared by every API in it. Without any, a
 * stage with access logs cannot be made; where the account has one already, `account.apiGatewayLogRole: false` leaves it
 * alone.
 */
export class ApiGatewayLogRole extends Construct {
  constructor(scope: Construct, id: string, props: ApiGatewayLogRoleProps) {
    super(scope, id);
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('apigateway.amazonaws.com'),
      description: 'API Gateway writes logs of every API in this region with it',
      managedPolicies: [
        ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonAPIGatewayPushToCloudWatchLogs'),
      ],
    });
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
      reason:
        'API Gateway accepts a role as the region-wide one only with the permissions of this policy, for log groups of any API.',
    });
    const account = new CfnAccount(this, 'Account', { cloudWatchRoleArn: role.roleArn });
    // Other APIs of the region may have come to rely on it.
    role.applyRemovalPolicy(removalPolicyOf(props.config));
    account.applyRemovalPolicy(removalPolicyOf(props.config));
  }
}
