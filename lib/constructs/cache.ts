import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { type ISecurityGroup, type ISubnet, type IVpc, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { CfnServerlessCache, CfnUser, CfnUserGroup } from 'aws-cdk-lib/aws-elasticache';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { CACHE_ACCESS_STRING } from '../../lambdas/contract/cache-access';
import type { HoldfastConfig } from '../config';

export interface CacheProps {
  readonly config: HoldfastConfig;
  readonly vpc: IVpc;
  /** Two or three, each in another availability zone. */
  readonly subnets: readonly ISubnet[];
  /** Who may open connections. */
  readonly clients: ISecurityGroup;
}

/** Port of the writer endpoint; the next one is the reader's, on the same cache. */
const WRITER_PORT = 6379;
const READER_PORT = 6380;

/** What a development cache may grow to before it refuses: a loop then costs cents, not a month's budget. */
const DEVELOPMENT_LIMITS = {
  dataStorage: { maximum: 1, unit: 'GB' },
  ecpuPerSecond: { maximum: 5000 },
};

/**
 * ElastiCache Serverless for Valkey: cluster mode, TLS and encryption at rest always on, one user with the commands that
 * the gateway needs. Its password exists only in Secrets Manager.
 */
export class Cache extends Construct {
  readonly host: string;
  readonly port: string;
  readonly userName = 'holdfast';
  /** Secret whose whole value is the password. */
  readonly password: Secret;

  constructor(scope: Construct, id: string, props: CacheProps) {
    super(scope, id);
    const { config } = props;
    const name = `${config.environment}-holdfast`;
    const retained = config.removal === 'retain';

    this.password = new Secret(this, 'Password', {
      description: `Holdfast ${config.environment}: password of the cache user`,
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      // The user goes with the stack, so its password does, too.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(this.password).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'CloudFormation sets this password on the user by reference; a rotation beside it would be undone by the next deploy. It is replaced by replacing the secret.',
    });
    const user = new CfnUser(this, 'User', {
      engine: 'valkey',
      userId: name,
      userName: this.userName,
      accessString: CACHE_ACCESS_STRING,
      // A dynamic reference: the template holds the secret's name, CloudFormation resolves it.
      passwords: [this.password.secretValue.unsafeUnwrap()],
    });
    const userGroup = new CfnUserGroup(this, 'UserGroup', {
      engine: 'valkey',
      userGroupId: name,
      userIds: [user.ref],
    });

    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc: props.vpc,
      description: 'Cache of the gateway',
      allowAllOutbound: false,
    });
    securityGroup.connections.allowFrom(
      props.clients,
      Port.tcpRange(WRITER_PORT, READER_PORT),
      'Functions of the gateway',
    );

    const cache = new CfnServerlessCache(this, 'Cache', {
      serverlessCacheName: name,
      description: `Holdfast ${config.environment}: connections, channels and their logs`,
      engine: 'valkey',
      majorEngineVersion: '8',
      subnetIds: props.subnets.map(({ subnetId }) => subnetId),
      securityGroupIds: [securityGroup.securityGroupId],
      userGroupId: userGroup.ref,
      ...(retained
        ? { finalSnapshotName: `${name}-final`, snapshotRetentionLimit: 1 }
        : { cacheUsageLimits: DEVELOPMENT_LIMITS }),
    });
    this.host = cache.attrEndpointAddress;
    this.port = cache.attrEndpointPort;
  }
}
