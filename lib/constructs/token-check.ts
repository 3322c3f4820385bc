import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { TOKEN_RULES } from '../../lambdas/contract/token-rules';
import { tokenRulesOf } from '../auth-config';
import type { HoldfastConfig } from '../config';
import type { Jwks } from './jwks';

export interface TokenCheckProps {
  readonly config: HoldfastConfig;
  /** Secret whose whole value signs and checks tokens (HS256). */
  readonly jwtSecret: Secret;
  /** @default - no published keys */
  readonly jwks?: Jwks | undefined;
}

/** What a function needs to check the tokens of clients: variables and permissions. */
export class TokenCheck {
  /** Variables of the function. */
  readonly environment: { readonly [name: string]: string };
  private readonly props: TokenCheckProps;

  constructor(props: TokenCheckProps) {
    const { config, jwtSecret, jwks } = props;
    this.props = props;
    this.environment = {
      [TOKEN_RULES]: JSON.stringify(tokenRulesOf(config.auth)),
      ...(config.auth.hmac ? { JWT_SECRET_ARN: jwtSecret.secretArn } : {}),
      ...jwks?.environment,
    };
  }

  /** Lets a function check tokens. */
  grant(grantee: IGrantable): void {
    const { config, jwtSecret, jwks } = this.props;
    if (config.auth.hmac) {
      Grant.addToPrincipal({
        grantee,
        actions: ['secretsmanager:GetSecretValue'],
        resourceArns: [jwtSecret.secretArn],
      });
    }
    jwks?.grantRead(grantee);
    jwks?.grantAsk(grantee);
  }
}
