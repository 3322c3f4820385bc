import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../lambdas/contract/json';
import { describeValue } from '../grants/describe-value';
import { type Grant, grantsOf } from '../grants/grants';
import { isClear, runWithout } from '../grants/removal';
import { withoutPair } from '../grants/statement';
import { differences, readTable, renderTable } from '../grants/table';
import { type SynthesizedTemplates, synthesizeTemplates } from '../grants/templates';

const TABLE = join(__dirname, '..', '..', 'docs', 'grants.md');
const BASE_PORT = 7200;

let templates: SynthesizedTemplates;
let grants: Grant[];

beforeAll(async () => {
  templates = await synthesizeTemplates();
  grants = grantsOf(templates.assembly);
}, 120_000);
afterAll(() => templates.remove());

it('docs/grants.md has every grant of the templates, and no other', () => {
  // `npm run test:grants -- --missing` brings it up to date.
  expect(differences(grants, readTable(readFileSync(TABLE, 'utf8')))).toEqual({ missing: [], gone: [] });
});

it('grants have names of their own', () => {
  expect(new Set(grants.map(({ key }) => key)).size).toBe(grants.length);
});

describe('without a grant the platform fails, because somebody is refused:', () => {
  it.each([
    ['gateway-keys | allows | secretsmanager:PutSecretValue |', 'the stack starts'],
    [
      'lets in | lambda:InvokeFunction | apigateway.amazonaws.com for arn:aws:execute-api:<region>:<account>:GatewayApi/*$connect',
      undefined,
    ],
    ['gateway-ingress | allows | events:PutEvents |', undefined],
    ['gateway-courier | allows | sqs:DeleteMessage | Deliveries', undefined],
    ['service-echo | allows | ssm:GetParameter |', undefined],
  ])(
    '%s',
    async (text, scenario) => {
      const [grant] = grants.filter(({ key }) => key.includes(text));
      if (!grant) throw new Error(`expected a grant ${text}, got none`);
      const outcome = await runWithout(templates.assembly, grant, BASE_PORT);
      expect(outcome).toMatchObject({ neededBy: scenario ?? expect.any(String), refused: true });
      expect(isClear(outcome)).toBe(true);
    },
    120_000,
  );
});

describe('taking a grant away', () => {
  const statement: JsonObject = { Effect: 'Allow', Action: ['a:1', 'a:2'], Resource: ['r1', { Ref: 'R2' }] };
  const [r1, r2] = ['r1', (statement['Resource'] as JsonObject[])[1] ?? {}];

  it('leaves the other pairs of action and resource', () => {
    expect(withoutPair(statement, 'a:1', r2)).toEqual([
      { Effect: 'Allow', Action: ['a:2'], Resource: [r1, r2] },
      { Effect: 'Allow', Action: 'a:1', Resource: [r1] },
    ]);
    expect(withoutPair({ Effect: 'Allow', Action: 'a:1', Resource: r1 }, 'a:1', r1)).toEqual([]);
  });

  it('changes nothing else in the template', () => {
    const [grant] = grants.filter(({ kind }) => kind === 'allows');
    const template = JSON.parse(
      readFileSync(join(templates.assembly, grant?.file ?? ''), 'utf8'),
    ) as Parameters<Grant['remove']>[0];
    const changed = grant?.remove(template).Resources ?? {};
    const different = Object.keys(template.Resources).filter(
      (id) => JSON.stringify(template.Resources[id]) !== JSON.stringify(changed[id]),
    );
    expect(different).toHaveLength(1);
  });
});

it('values are described by what they refer to', () => {
  const template = {
    Resources: {},
    Parameters: { SsmValue: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/app/arn' } },
  };
  const text = (value: JsonObject | string) => describeValue(value, template);
  expect(text({ 'Fn::GetAtt': ['Queue1234ABCD', 'Arn'] })).toBe('Queue');
  expect(text({ 'Fn::GetAtt': ['Queue1234ABCD', 'QueueName'] })).toBe('Queue.QueueName');
  expect(text({ Ref: 'SsmValue' })).toBe('<value of /app/arn>');
  expect(text({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':', { Ref: 'AWS::Region' }]] })).toBe(
    'arn:aws:<region>',
  );
  expect(text({ Service: 'x.amazonaws.com' })).toBe('Service x.amazonaws.com');
});

it('the table is read as it was written', () => {
  const rows = [
    { key: 'stack | fn | allows | a:1 | r', neededBy: 'a client connects', note: '' },
    { key: 'stack | q | denies | sqs:* | AWS * where Bool', neededBy: undefined, note: 'no' },
  ];
  expect(readTable(renderTable(rows, 'abc'))).toEqual(rows);
});
