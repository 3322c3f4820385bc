// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Fn::Sub reads these placeholders.
import fc from 'fast-check';
import { parseTemplate, ResolutionError, type ResolverLookups, StackResolver } from '../../local/assembly';
import { rounds } from '../support/counts';

const lookups: ResolverLookups = {
  ref: (id) => `ref-of-${id}`,
  attribute: (id, name) => (name === 'Blocks' ? ['2001:db8:1:ff00::/56'] : `${id}/${name}`),
  ssm: async (name) => {
    if (name === '/missing') throw new Error('no such parameter');
    return name === '/list' ? 'a, b' : `ssm-of-${name}`;
  },
  secret: (id, { jsonKey, stage }) => `secret(${id},${jsonKey},${stage})`,
  exported: (name) => (name === 'known' ? 'exported' : undefined),
  stackOutput: (stack, output) => `${stack}.${output}`,
};

function resolver(template: object, parameters: Record<string, string> = {}) {
  return new StackResolver({
    stackName: 'local-app',
    template: parseTemplate('local-app', { Resources: { R: { Type: 'T' }, S: { Type: 'T' } }, ...template }),
    pseudo: { region: 'eu-west-1', accountId: '000000000000' },
    lookups,
    parameters,
  });
}

describe('intrinsic functions', () => {
  const template = {
    Parameters: {
      Name: { Type: 'String', Default: 'n' },
      Stored: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/stored' },
      StoredList: { Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: '/list' },
      Commas: { Type: 'CommaDelimitedList', Default: 'x,y' },
      Absent: { Type: 'String' },
      NotStored: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/missing' },
    },
    Mappings: { M: { 'eu-west-1': { k: 'mapped' } } },
    Conditions: {
      Yes: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'eu-west-1'] },
      No: { 'Fn::Not': [{ Condition: 'Yes' }] },
      Both: {
        'Fn::And': [{ Condition: 'Yes' }, { 'Fn::Or': [{ Condition: 'No' }, { 'Fn::Equals': [1, '1'] }] }],
      },
      Loop: { 'Fn::Not': [{ Condition: 'Loop' }] },
    },
    Resources: { R: { Type: 'T' }, S: { Type: 'T' }, Off: { Type: 'T', Condition: 'No' } },
  };

  it.each<[string, unknown, unknown]>([
    ['Ref of a resource', { Ref: 'R' }, 'ref-of-R'],
    ['Ref of a parameter', { Ref: 'Name' }, 'n'],
    ['Ref of a stored parameter', { Ref: 'Stored' }, 'ssm-of-/stored'],
    ['Ref of a stored list', { Ref: 'StoredList' }, ['a', 'b']],
    ['Ref of a list', { Ref: 'Commas' }, ['x', 'y']],
    [
      'pseudo parameters',
      [{ Ref: 'AWS::AccountId' }, { Ref: 'AWS::Partition' }, { Ref: 'AWS::URLSuffix' }],
      ['000000000000', 'aws', 'amazonaws.com'],
    ],
    [
      'the stack',
      [{ Ref: 'AWS::StackName' }, { Ref: 'AWS::StackId' }],
      ['local-app', 'arn:aws:cloudformation:eu-west-1:000000000000:stack/local-app/local'],
    ],
    ['GetAtt', { 'Fn::GetAtt': ['R', 'Arn'] }, 'R/Arn'],
    ['GetAtt as text, with dots', { 'Fn::GetAtt': 'R.Endpoint.Port' }, 'R/Endpoint.Port'],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'R' }, 1]] }, 'a-ref-of-R-1'],
    ['Join of a list that a function gives', { 'Fn::Join': ['-', { Ref: 'Commas' }] }, 'x-y'],
    ['Sub', { 'Fn::Sub': 'a-${Name}-${R.Arn}-${AWS::Region}-${!Kept}' }, 'a-n-R/Arn-eu-west-1-${Kept}'],
    ['Sub with variables', { 'Fn::Sub': ['${V}-${R}', { V: { Ref: 'S' } }] }, 'ref-of-S-ref-of-R'],
    ['Select and Split', { 'Fn::Select': ['1', { 'Fn::Split': [':', 'a:b:c'] }] }, 'b'],
    ['FindInMap', { 'Fn::FindInMap': ['M', { Ref: 'AWS::Region' }, 'k'] }, 'mapped'],
    ['FindInMap with a default', { 'Fn::FindInMap': ['M', 'x', 'k', { DefaultValue: 'd' }] }, 'd'],
    ['If', { 'Fn::If': ['Yes', 'y', { Ref: 'Nowhere' }] }, 'y'],
    ['If by a condition of conditions', { 'Fn::If': ['Both', 'y', 'n'] }, 'y'],
    ['ImportValue', { 'Fn::ImportValue': { 'Fn::Sub': 'known' } }, 'exported'],
    ['GetStackOutput', { 'Fn::GetStackOutput': { StackName: 's', OutputName: 'o' } }, 's.o'],
    ['GetAZs', { 'Fn::GetAZs': '' }, ['eu-west-1a', 'eu-west-1b', 'eu-west-1c']],
    ['Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
    ['Cidr', { 'Fn::Cidr': ['10.0.0.0/16', 2, '8'] }, ['10.0.0.0/24', '10.0.1.0/24']],
    [
      'Cidr of IPv6',
      {
        'Fn::Select': [
          1,
          { 'Fn::Cidr': [{ 'Fn::Select': [0, { 'Fn::GetAtt': ['R', 'Blocks'] }] }, 4, '64'] },
        ],
      },
      '2001:db8:1:ff01::/64',
    ],
    [
      'Length and ToJsonString',
      [{ 'Fn::Length': ['a', 'b'] }, { 'Fn::ToJsonString': { a: { Ref: 'R' } } }],
      [2, '{"a":"ref-of-R"}'],
    ],
    [
      'NoValue',
      { a: { Ref: 'AWS::NoValue' }, b: [1, { 'Fn::If': ['No', 2, { Ref: 'AWS::NoValue' }] }] },
      { b: [1] },
    ],
    [
      'a policy statement, whose Condition is a member',
      [{ Condition: { StringEquals: { k: 'v' } } }],
      [{ Condition: { StringEquals: { k: 'v' } } }],
    ],
    [
      'a secret',
      'x{{resolve:secretsmanager:name:SecretString:key:AWSCURRENT}}y',
      'xsecret(name,key,AWSCURRENT)y',
    ],
    [
      'a secret by ARN, joined',
      {
        'Fn::Join': [
          '',
          ['{{resolve:secretsmanager:', 'arn:aws:secretsmanager:r:0:secret:n-AbC', ':SecretString:::}}'],
        ],
      },
      'secret(arn:aws:secretsmanager:r:0:secret:n-AbC,undefined,undefined)',
    ],
    ['an SSM reference', '{{resolve:ssm:/a/b:1}}', 'ssm-of-/a/b'],
  ])('%s', async (_name, expression, expected) => {
    expect(await resolver(template).resolve(expression, 'R')).toEqual(expected);
  });

  it.each<[string, unknown, RegExp]>([
    ['an unknown resource', { Ref: 'Nowhere' }, /no resource or parameter Nowhere/],
    ['a resource that its condition switches off', { 'Fn::GetAtt': ['Off', 'Arn'] }, /condition No is false/],
    ['a pseudo parameter that does not exist', { Ref: 'AWS::Zone' }, /no pseudo parameter/],
    ['a parameter without value', { Ref: 'Absent' }, /no value and no default/],
    ['an SSM parameter that does not exist', { Ref: 'NotStored' }, /no such parameter/],
    ['an index out of range', { 'Fn::Select': [2, ['a', 'b']] }, /index 2 is out of range/],
    ['a key that the mappings lack', { 'Fn::FindInMap': ['M', 'x', 'k'] }, /M \/ x \/ k/],
    ['an unknown export', { 'Fn::ImportValue': 'other' }, /no stack exports other/],
    ['a list in text', { 'Fn::Sub': '${Commas}' }, /expected text, got \["x","y"\]/],
    ['a circle of conditions', { 'Fn::If': ['Loop', 1, 2] }, /Loop -> Loop/],
    ['an unknown condition', { 'Fn::If': ['Maybe', 1, 2] }, /no such condition/],
    ['too few values', { 'Fn::Join': [','] }, /expected a list of 2 values/],
    ['an unknown function', { 'Fn::Transform': {} }, /Fn::Transform is not known/],
    ['a block too small', { 'Fn::Cidr': ['10.0.0.0/30', 8, 2] }, /room for 1 such blocks/],
    ['a reference that fails', '{{resolve:ssm:/missing}}', /no such parameter/],
  ])('says stack, resource and expression for %s', async (_name, expression, reason) => {
    const failed = resolver(template).resolve({ Deep: [expression] }, 'R');
    await expect(failed).rejects.toThrow(ResolutionError);
    await expect(failed).rejects.toThrow(reason);
    await expect(failed).rejects.toThrow(/^Stack local-app, /);
  });

  it('names the path of the expression', async () => {
    const expression = { Deep: [{ 'Fn::Join': ['', [{ Ref: 'Nowhere' }]] }] };
    await expect(resolver(template).resolve(expression, 'R')).rejects.toThrow(
      'Stack local-app, R at Deep.0.Fn::Join.0: {"Ref":"Nowhere"}: the template has no',
    );
  });

  it('gives any value without functions back as it is', async () => {
    const json = fc.jsonValue().filter((value) => !/"(?:Ref|Fn::)|\{\{resolve:/.test(JSON.stringify(value)));
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        expect(JSON.stringify(await resolver({}).resolve(value))).toBe(JSON.stringify(value));
      }),
    );
  });

  it('fails only with ResolutionError, whatever the expression', async () => {
    const word = fc.constantFrom(
      'Ref',
      'Fn::Join',
      'Fn::Sub',
      'Fn::Select',
      'Fn::Split',
      'Fn::If',
      'Fn::GetAtt',
      'Fn::Cidr',
      'Fn::FindInMap',
      'Fn::GetAZs',
      'Condition',
      'a',
    );
    const leaf = fc.oneof(
      fc.constantFrom('R', 'R.Arn', 'Yes', '${', '${R.', '10.0.0.0/8', '::/0', '{{resolve:ssm:x}}', 1, null),
      fc.string(),
    );
    const { node } = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(word, tie('node'), { maxKeys: 1 }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(node, async (expression) => {
        await resolver(template)
          .resolve(expression)
          .catch((error: unknown) => expect(error).toBeInstanceOf(ResolutionError));
      }),
      { numRuns: rounds(1000, 50_000) },
    );
  });
});

describe('a stack', () => {
  it('looks up only what is used: the bootstrap version is never asked for', async () => {
    const asked: string[] = [];
    const stack = new StackResolver({
      stackName: 's',
      template: parseTemplate('s', {
        Parameters: {
          BootstrapVersion: {
            Type: 'AWS::SSM::Parameter::Value<String>',
            Default: '/cdk-bootstrap/x/version',
          },
        },
        Resources: { R: { Type: 'T', Properties: { A: 1 } } },
      }),
      pseudo: { region: 'r', accountId: '0' },
      lookups: { ...lookups, ssm: (name) => `${asked.push(name)}` },
    });
    expect(await stack.plan()).toEqual(['R']);
    expect(await stack.properties('R')).toEqual({ A: 1 });
    expect(asked).toEqual([]);
  });

  it('resolves its outputs, without those that are switched off', async () => {
    const stack = resolver(
      {
        Parameters: { Env: { Type: 'String', Default: 'dev', AllowedValues: ['dev', 'local'] } },
        Conditions: { Local: { 'Fn::Equals': [{ Ref: 'Env' }, 'local'] } },
        Outputs: {
          url: {
            Value: { 'Fn::Sub': 'wss://${R}' },
            Description: 'd',
            Export: { Name: { 'Fn::Sub': '${Env}-url' } },
          },
          hidden: { Value: 'x', Condition: 'Local' },
        },
      },
      { Env: 'dev' },
    );
    expect(await stack.outputs()).toEqual({
      url: { value: 'wss://ref-of-R', exportName: 'dev-url', description: 'd' },
    });
  });

  it('refuses a value that a parameter does not allow', async () => {
    const stack = resolver(
      { Parameters: { Env: { Type: 'String', AllowedValues: ['dev'] } } },
      { Env: 'moon' },
    );
    await expect(stack.resolve({ Ref: 'Env' })).rejects.toThrow('"moon": expected one of dev');
  });
});
