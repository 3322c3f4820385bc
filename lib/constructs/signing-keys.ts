import { Duration, RemovalPolicy, SecretValue, Stack } from 'aws-cdk-lib';
import { Grant, type IGrantable, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnRotationSchedule, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { parameterNames } from '../../lambdas/contract/parameters';
import type { HoldfastConfig } from '../config';
import { publishParameter } from './contract-parameters';
import { NodeFunction } from './node-function';

export interface SigningKeysProps {
  readonly config: HoldfastConfig;
}

const ROTATE_AFTER_DAYS = 30;

/**
 * The key pair that signs envelopes: the private half in Secrets Manager, the public halves in SSM. A rotation function
 * makes the pairs; the first rotation starts when the stack is deployed, so both begin empty.
 */
export class SigningKeys extends Construct {
  readonly secret: Secret;
  readonly publicKeys: StringParameter;
  readonly rotator: NodeFunction;

  constructor(scope: Construct, id: string, props: SigningKeysProps) {
    super(scope, id);
    const { config } = props;
    const parameterName = parameterNames(config.environment).signingKeys;
    this.secret = new Secret(this, 'Secret', {
      description: `Holdfast ${config.environment}: private key that signs envelopes`,
      // The value before the first rotation, no secret.
      secretStringValue: SecretValue.unsafePlainText('{}'),
      // A lost key costs one rotation, so there is nothing to keep even where secrets are kept.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.publicKeys = publishParameter(this, 'PublicKeys', parameterName, JSON.stringify({ keys: [] }));
    this.rotator = new NodeFunction(this, 'Rotator', {
      config,
      bundle: 'gateway-keys',
      description: 'Makes the key pair that signs envelopes',
      timeout: Duration.seconds(30),
      environment: { ENVIRONMENT: config.environment, SIGNING_KEYS_PARAMETER: parameterName },
    });
    Grant.addToPrincipal({
      grantee: this.rotator,
      actions: [
        'secretsmanager:DescribeSecret',
        'secretsmanager:GetSecretValue',
        'secretsmanager:PutSecretValue',
        'secretsmanager:UpdateSecretVersionStage',
      ],
      resourceArns: [this.secret.secretArn],
    });
    Grant.addToPrincipal({
      grantee: this.rotator,
      actions: ['ssm:GetParameter', 'ssm:PutParameter'],
      resourceArns: [this.publicKeys.parameterArn],
    });
    this.rotate();
  }

  /** Lets the gateway sign. */
  grantSign(grantee: IGrantable): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: ['secretsmanager:GetSecretValue'],
      resourceArns: [this.secret.secretArn],
    });
  }

  private rotate(): void {
    this.rotator.addPermission('Rotation', {
      principal: new ServicePrincipal('secretsmanager.amazonaws.com'),
      sourceAccount: Stack.of(this).account,
    });
    // Not the L2: its grants include random passwords from any resource, which a key pair has no use for.
    const schedule = new CfnRotationSchedule(this, 'Rotation', {
      secretId: this.secret.secretArn,
      rotationLambdaArn: this.rotator.functionArn,
      rotationRules: { automaticallyAfterDays: ROTATE_AFTER_DAYS },
      rotateImmediatelyOnUpdate: true,
    });
    // The first rotation starts at once: the permission, the role and the parameter have to be there.
    schedule.node.addDependency(this.rotator, this.publicKeys);
    if (this.rotator.role) schedule.node.addDependency(this.rotator.role);
  }
}
