import { isJsonObject } from '../../lambdas/contract/json';
import { keySetId, parseKeySet } from '../../lambdas/contract/jwks';
import { parameterNames } from '../../lambdas/contract/parameters';
import { readTokenRules } from '../../lambdas/contract/token-rules';
import { FETCH_TIMEOUT_MS } from '../../lambdas/gateway/jwks/fetch-jwks';
import { type Resource, resource, resourcesOf, type Template, templateOf } from './assembly';

const URLS = ['https://login.example.com/.well-known/jwks.json', 'https://other.example.com/jwks.json'];
const path = parameterNames('other').jwks;
const withSets = templateOf('other', 'gateway');
const without = templateOf('dev', 'gateway');

function functionOf(template: Template, environment: string, name: string): Resource {
  const found = resourcesOf(template, 'AWS::Lambda::Function').find(
    ([, { Properties }]) => Properties['FunctionName'] === `${environment}-holdfast-gateway-${name}`,
  );
  if (!found) throw new Error(`function ${name}: expected one, got none`);
  return found[1];
}

function variablesOf({ Properties }: Resource): Record<string, unknown> {
  return Object(Object(Properties['Environment'])['Variables']);
}

/** The statements of a role's policy that name an action of a service. */
function statementsOf(role: string, service: string) {
  const { Properties } = resource(withSets, 'AWS::IAM::Policy', role);
  const statements: unknown[] = Object(Properties['PolicyDocument'])['Statement'];
  return statements.filter(
    (statement) => isJsonObject(statement) && JSON.stringify(statement['Action']).includes(`"${service}:`),
  );
}

describe('without key sets', () => {
  it('there is neither a function nor a schedule nor a parameter for them', () => {
    expect(Object.keys(without.Resources).filter((id) => id.startsWith('Jwks'))).toEqual([]);
    const variables = ['connect', 'ingress'].map((name) => variablesOf(functionOf(without, 'dev', name)));
    for (const given of variables) expect(Object.keys(given)).not.toContain('JWKS_FUNCTION_NAME');
  });

  it.each(['connect', 'ingress'])('%s checks tokens by the secret', (name) => {
    const variables = variablesOf(functionOf(without, 'dev', name));
    expect(variables).toMatchObject({ TOKEN_RULES: '{"hmac":true,"anonymous":false,"jwks":[]}' });
    expect(variables).toHaveProperty('JWT_SECRET_ARN');
  });
});

describe('key sets', () => {
  const fetcher = functionOf(withSets, 'other', 'jwks');

  it('are fetched outside of the VPC, with time to spare', () => {
    expect(fetcher.Properties).not.toHaveProperty('VpcConfig');
    expect(Number(fetcher.Properties['Timeout']) * 1000).toBeGreaterThan(2 * FETCH_TIMEOUT_MS);
    expect(variablesOf(fetcher)).toEqual({
      ENVIRONMENT: 'other',
      JWKS_URLS: URLS.join(' '),
      JWKS_PARAMETER_PATH: path,
    });
  });

  it('are fetched every 15 minutes', () => {
    const { Properties } = resource(withSets, 'AWS::Events::Rule', 'JwksSchedule');
    expect(Properties).toMatchObject({ ScheduleExpression: 'rate(15 minutes)', State: 'ENABLED' });
    expect(JSON.stringify(Properties['Targets'])).toContain('JwksFetcher');
    const permission = resource(withSets, 'AWS::Lambda::Permission', 'JwksSchedule');
    expect(permission.Properties).toMatchObject({ Principal: 'events.amazonaws.com' });
    expect(JSON.stringify(permission.Properties['SourceArn'])).toContain('JwksSchedule');
  });

  it('have a parameter each, which is empty, and may grow beyond 4 KB', () => {
    const sets = resourcesOf(withSets, 'AWS::SSM::Parameter').filter(([id]) => id.startsWith('Jwks'));
    expect(sets.map(([, { Properties }]) => Properties['Name']).sort()).toEqual(
      URLS.map((url) => `${path}/${keySetId(url)}`).sort(),
    );
    for (const [, { Properties }] of sets) {
      expect(parseKeySet(String(Properties['Value'])).keys).toEqual([]);
      expect(Properties['Tier']).toBe('Intelligent-Tiering');
    }
  });

  it.each(['connect', 'ingress'])('are what %s checks tokens by, as each of them says', (name) => {
    const variables = variablesOf(functionOf(withSets, 'other', name));
    expect(variables['JWKS_PARAMETER_PATH']).toBe(path);
    expect(JSON.stringify(variables['JWKS_FUNCTION_NAME'])).toContain('JwksFetcher');
    expect(readTokenRules({ TOKEN_RULES: String(variables['TOKEN_RULES']) })).toEqual({
      hmac: false,
      anonymous: false,
      issuer: 'https://login.example.com/',
      jwks: [
        { id: keySetId(URLS[0] ?? ''), issuer: 'https://login.example.com/', audience: 'holdfast' },
        { id: keySetId(URLS[1] ?? ''), issuer: 'https://other.example.com' },
      ],
    });
  });

  it.each(['Connect', 'Ingress'])(
    'may be read and asked for by %s, which has no use for the secret',
    (name) => {
      const role = `Functions${name}Role`;
      expect(JSON.stringify(statementsOf(role, 'ssm'))).toContain(`parameter${path}"`);
      expect(statementsOf(role, 'lambda')).toEqual([
        {
          Action: 'lambda:InvokeFunction',
          Effect: 'Allow',
          Resource: { 'Fn::GetAtt': [expect.stringMatching(/^JwksFetcher/), 'Arn'] },
        },
      ]);
      expect(JSON.stringify(statementsOf(role, 'secretsmanager'))).not.toContain('"JwtSecret');
      expect(variablesOf(functionOf(withSets, 'other', name.toLowerCase()))).not.toHaveProperty(
        'JWT_SECRET_ARN',
      );
    },
  );

  it('are written by their function alone, which may nothing else', () => {
    const { Properties } = resource(withSets, 'AWS::IAM::Policy', 'JwksFetcherRole');
    const statements: unknown[] = Object(Properties['PolicyDocument'])['Statement'];
    expect(statements).toHaveLength(2);
    const [ssm] = statementsOf('JwksFetcherRole', 'ssm');
    expect(ssm).toMatchObject({ Action: ['ssm:GetParameters', 'ssm:PutParameter'], Effect: 'Allow' });
    const resources: unknown[] = Object(ssm)['Resource'];
    expect(resources).toHaveLength(2);
    expect(JSON.stringify(resources)).not.toContain('*');
    const writers = resourcesOf(withSets, 'AWS::IAM::Policy').filter(
      ([id, policy]) => JSON.stringify(policy).includes('ssm:PutParameter') && !id.startsWith('SigningKeys'),
    );
    expect(writers.map(([id]) => id)).toEqual([expect.stringMatching(/^JwksFetcherRole/)]);
  });
});
