import { Validations } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { parameterNames } from '../../lambdas/contract/parameters';
import type { HoldfastConfig } from '../config';
import { removalPolicyOf } from './durability';

export interface JwtSecretProps {
  readonly config: HoldfastConfig;
}

/** The secret that clients' tokens are signed with (HS256); its whole value is the key. */
export class JwtSecret extends Secret {
  constructor(scope: Construct, id: string, props: JwtSecretProps) {
    const { config } = props;
    super(scope, id, {
      secretName: `${parameterNames(config.environment).root}/jwt-secret`,
      description: `Holdfast ${config.environment}: signs and checks tokens of clients`,
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: removalPolicyOf(config),
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'The backends that issue tokens hold the key, too: replacing it ends every token, which is an act of its owners, not a schedule.',
    });
  }
}
