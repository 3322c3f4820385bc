import { Validations } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  IpProtocol,
  type ISubnet,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { HoldfastConfig } from '../config';
import { asInterface } from './as-interface';
import { logRetentionOf, removalPolicyOf } from './durability';

export interface NetworkProps {
  readonly config: HoldfastConfig;
}

const HTTPS = 443;

/**
 * The VPC of the functions that use the cache. They leave it over IPv6 through an egress-only gateway, which costs
 * nothing; no NAT gateway, and no interface endpoint: one for execute-api would answer 403 to every post to a connection.
 * With `network.egress: nat` they leave it over IPv4 through one NAT gateway instead.
 */
export class Network extends Construct {
  readonly vpc: Vpc;
  /** Subnets of the functions and the cache, one an availability zone, two zones. */
  readonly subnets: readonly ISubnet[];
  /** The functions' security group: out to HTTPS and to what `connections.allowTo` adds, in from nowhere. */
  readonly functionSecurityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const { config } = props;
    const nat = config.network.egress === 'nat';
    this.vpc = new Vpc(this, 'Vpc', {
      // Without an account to look zones up in, two is what a template can name; it is what the cache needs, too.
      maxAzs: 2,
      ipProtocol: nat ? IpProtocol.IPV4_ONLY : IpProtocol.DUAL_STACK,
      natGateways: nat ? 1 : 0,
      createInternetGateway: nat,
      subnetConfiguration: [
        { name: 'functions', subnetType: SubnetType.PRIVATE_WITH_EGRESS },
        ...(nat
          ? [{ name: 'nat', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false, cidrMask: 28 }]
          : []),
      ],
      // Emptying the default group takes a custom resource; nothing of ours is in that group.
      restrictDefaultSecurityGroup: false,
    });
    this.subnets = this.vpc.privateSubnets;
    this.functionSecurityGroup = new SecurityGroup(this, 'FunctionSecurityGroup', {
      vpc: asInterface<IVpc>(this.vpc),
      description: 'Functions of the gateway that use the cache',
      allowAllOutbound: false,
      allowAllIpv6Outbound: false,
    });
    this.functionSecurityGroup.addEgressRule(
      nat ? Peer.anyIpv4() : Peer.anyIpv6(),
      Port.tcp(HTTPS),
      'AWS endpoints',
    );
    if (config.network.flowLogs) this.logFlows(config);
    else {
      Validations.of(this.vpc).acknowledge({
        id: 'AwsSolutions-VPC7',
        reason:
          'Only interfaces of functions and of the cache live here, none reachable from outside; flow logs are billed per GB and switched on by network.flowLogs.',
      });
    }
  }

  private logFlows(config: HoldfastConfig): void {
    const logGroup = new LogGroup(this, 'FlowLogs', {
      retention: logRetentionOf(config),
      removalPolicy: removalPolicyOf(config),
    });
    this.vpc.addFlowLog('FlowLog', { destination: FlowLogDestination.toCloudWatchLogs(logGroup) });
  }
}
