import { generatedId, generatedName } from './naming';
import type { CreatedResource, ResourceRequest } from './provider';

/**
 * Types that shape a deployment and do nothing on one machine: networks, names, log settings, alarms. They get a name and plausible
 * attributes, and their properties are not looked at.
 */
const INERT: Readonly<Record<string, string>> = {
  'AWS::CDK::Metadata': 'metadata',
  'AWS::CertificateManager::Certificate': 'certificate',
  'AWS::CloudWatch::Alarm': 'alarm',
  'AWS::CloudWatch::Dashboard': 'dashboard',
  'AWS::EC2::EgressOnlyInternetGateway': 'eigw',
  'AWS::EC2::EIP': 'eipalloc',
  'AWS::EC2::FlowLog': 'fl',
  'AWS::EC2::InternetGateway': 'igw',
  'AWS::EC2::NatGateway': 'nat',
  'AWS::EC2::Route': 'r',
  'AWS::EC2::RouteTable': 'rtb',
  'AWS::EC2::SecurityGroup': 'sg',
  'AWS::EC2::SecurityGroupEgress': 'sgr',
  'AWS::EC2::SecurityGroupIngress': 'sgr',
  'AWS::EC2::Subnet': 'subnet',
  'AWS::EC2::SubnetRouteTableAssociation': 'rtbassoc',
  'AWS::EC2::VPC': 'vpc',
  'AWS::EC2::VPCCidrBlock': 'vpc-cidr-assoc',
  'AWS::EC2::VPCGatewayAttachment': 'vgw-attach',
  'AWS::Route53::RecordSet': 'record',
};

export const INERT_TYPES: ReadonlySet<string> = new Set(Object.keys(INERT));

export function createInert(request: ResourceRequest): CreatedResource {
  return { ref: generatedId(request, INERT[request.type] ?? 'resource') };
}

/** Value of an attribute of an inert resource; references between network parts only need to be distinct. */
export function inertAttribute(request: ResourceRequest, attribute: string): unknown {
  if (attribute === 'Arn') return `arn:aws:local:::${generatedName(request)}`;
  if (attribute === 'Ipv6CidrBlocks') return ['fd00::/56'];
  if (attribute === 'CidrBlock') return '10.0.0.0/16';
  if (attribute.endsWith('Id')) return createInert(request).ref;
  return `${generatedName(request)}.${attribute}`;
}
