import { CACHE_ACCESS_STRING } from '../../lambdas/contract/cache-access';
import { propertiesOf, resource, resourcesOf, templateOf, templatesOf } from './assembly';

const state = templateOf('dev', 'state');

describe('the network', () => {
  it('leads out over IPv6 alone, by an egress-only gateway in every subnet', () => {
    const routes = propertiesOf(state, 'AWS::EC2::Route');
    expect(routes).toHaveLength(2);
    for (const route of routes) {
      expect(route).toMatchObject({
        DestinationIpv6CidrBlock: '::/0',
        EgressOnlyInternetGatewayId: { Ref: expect.any(String) },
      });
      expect(route).not.toHaveProperty('DestinationCidrBlock');
    }
  });

  it.each(['AWS::EC2::NatGateway', 'AWS::EC2::EIP', 'AWS::EC2::InternetGateway', 'AWS::EC2::VPCEndpoint'])(
    'has no %s',
    (type) => {
      expect(resourcesOf(templatesOf('dev'), type)).toEqual([]);
    },
  );

  it('has dual-stack subnets in two availability zones', () => {
    const subnets = propertiesOf(state, 'AWS::EC2::Subnet');
    expect(subnets.map((subnet) => subnet['AvailabilityZone'])).toEqual([
      { 'Fn::Select': [0, { 'Fn::GetAZs': '' }] },
      { 'Fn::Select': [1, { 'Fn::GetAZs': '' }] },
    ]);
    for (const subnet of subnets) {
      expect(subnet).toMatchObject({
        AssignIpv6AddressOnCreation: true,
        Ipv6CidrBlock: expect.anything(),
        MapPublicIpOnLaunch: false,
      });
    }
  });

  it('lets functions out to HTTPS over IPv6 and to the cache, to nothing else', () => {
    const group = resource(state, 'AWS::EC2::SecurityGroup', 'NetworkFunctionSecurityGroup');
    expect(group.Properties['SecurityGroupEgress']).toEqual([
      { CidrIpv6: '::/0', Description: 'AWS endpoints', FromPort: 443, IpProtocol: 'tcp', ToPort: 443 },
    ]);
    expect(group.Properties).not.toHaveProperty('SecurityGroupIngress');
    expect(propertiesOf(state, 'AWS::EC2::SecurityGroupEgress')).toEqual([
      expect.objectContaining({ FromPort: 6379, ToPort: 6380, IpProtocol: 'tcp' }),
    ]);
  });

  it('with egress nat leads out over IPv4 through one NAT gateway', () => {
    const nat = templateOf('other', 'state');
    expect(resourcesOf(nat, 'AWS::EC2::NatGateway')).toHaveLength(1);
    expect(resourcesOf(nat, 'AWS::EC2::EgressOnlyInternetGateway')).toHaveLength(0);
    const group = resource(nat, 'AWS::EC2::SecurityGroup', 'NetworkFunctionSecurityGroup');
    expect(group.Properties['SecurityGroupEgress']).toEqual([
      expect.objectContaining({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443 }),
    ]);
    const functions = propertiesOf(templateOf('other', 'gateway'), 'AWS::Lambda::Function');
    expect(JSON.stringify(functions)).not.toContain('ipv6first');
    expect(JSON.stringify(functions)).toContain('"Ipv6AllowedForDualStack":false');
  });

  it('logs flows in prod', () => {
    expect(resourcesOf(templateOf('prod', 'state'), 'AWS::EC2::FlowLog')).toHaveLength(1);
    expect(resourcesOf(state, 'AWS::EC2::FlowLog')).toHaveLength(0);
  });
});

describe('the cache', () => {
  const cache = resource(state, 'AWS::ElastiCache::ServerlessCache');

  it('is Valkey in the subnets of the functions', () => {
    expect(cache.Properties).toMatchObject({ Engine: 'valkey', MajorEngineVersion: '8' });
    expect(cache.Properties['SubnetIds']).toEqual(
      resourcesOf(state, 'AWS::EC2::Subnet').map(([logicalId]) => ({ Ref: logicalId })),
    );
  });

  it('takes connections from the functions alone, on both of its ports', () => {
    const rules = propertiesOf(state, 'AWS::EC2::SecurityGroupIngress');
    expect(rules).toEqual([
      expect.objectContaining({
        FromPort: 6379,
        ToPort: 6380,
        SourceSecurityGroupId: {
          'Fn::GetAtt': [expect.stringMatching(/^NetworkFunctionSecurityGroup/), 'GroupId'],
        },
      }),
    ]);
  });

  it('knows one user, with the access string of the contract and a password by reference', () => {
    const user = resource(state, 'AWS::ElastiCache::User');
    expect(user.Properties).toMatchObject({
      AccessString: CACHE_ACCESS_STRING,
      Passwords: [
        { 'Fn::Join': ['', ['{{resolve:secretsmanager:', expect.anything(), ':SecretString:::}}']] },
      ],
    });
    const group = resource(state, 'AWS::ElastiCache::UserGroup');
    expect(group.Properties['UserIds']).toHaveLength(1);
    expect(cache.Properties).toHaveProperty('UserGroupId');
  });

  it('is capped in dev and keeps a snapshot in prod', () => {
    expect(cache.Properties).toHaveProperty('CacheUsageLimits');
    const production = resource(templateOf('prod', 'state'), 'AWS::ElastiCache::ServerlessCache');
    expect(production.Properties).not.toHaveProperty('CacheUsageLimits');
    expect(production.Properties).toMatchObject({ FinalSnapshotName: 'prod-holdfast-final' });
  });
});
