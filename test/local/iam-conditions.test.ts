import type { JsonObject } from '../../lambdas/contract/json';
import { conditionTest, contextOf } from '../../local/iam/conditions';

const ARN = 'arn:aws:events:us-east-1:000000000000:rule/bus/orders';
const context = contextOf(() => ({
  'aws:userid': 'AROA:fn',
  'aws:SourceArn': ARN,
  'aws:SecureTransport': 'true',
  'aws:SourceIp': '10.1.2.3',
  'aws:EpochTime': '1700000000',
  'aws:CurrentTime': '2023-11-14T22:13:20Z',
  'dynamodb:LeadingKeys': ['a', 'b'],
}));

/** Whether a condition with one operator, key and value holds. */
function holds(operator: string, key: string, value: string | readonly string[]): boolean {
  const test = conditionTest({ [operator]: { [key]: value } } as JsonObject, 'Condition', true);
  return test?.(context) === true;
}

/** `aws:SourceAccount` is absent. */
it.each<[operator: string, key: string, value: string | string[], expected: boolean]>([
  ['StringEquals', 'aws:userid', 'AROA:fn', true],
  ['StringEquals', 'AWS:UserID', 'AROA:fn', true],
  ['StringEquals', 'aws:userid', 'aroa:fn', false],
  ['StringEquals', 'aws:userid', 'AROA:*', false],
  ['StringEquals', 'aws:userid', ['x', 'AROA:fn'], true],
  ['StringEquals', 'aws:userid', `\${aws:userid}`, true],
  ['StringEquals', 'aws:SourceAccount', '1', false],
  ['StringEqualsIfExists', 'aws:SourceAccount', '1', true],
  ['StringEqualsIgnoreCase', 'aws:userid', 'aroa:FN', true],
  ['StringNotEquals', 'aws:userid', 'x', true],
  ['StringNotEquals', 'aws:userid', ['x', 'AROA:fn'], false],
  ['StringNotEquals', 'aws:SourceAccount', '1', true],
  ['StringNotEqualsIgnoreCase', 'aws:userid', 'aroa:FN', false],
  ['StringLike', 'aws:userid', 'AROA:*', true],
  ['StringLike', 'aws:userid', 'AROA:f?', true],
  ['StringLike', 'aws:userid', `AROA:\${*}`, false],
  ['StringLike', 'aws:userid', `\${aws:SourceAccount, 'AROA'}:*`, true],
  ['StringNotLike', 'aws:userid', 'AROA:*', false],
  ['ArnEquals', 'aws:SourceArn', ARN, true],
  ['ArnEquals', 'aws:SourceArn', 'arn:aws:events:*:*:rule/bus/*', true],
  ['ArnLike', 'aws:SourceArn', 'arn:aws:events:us-east-1:*:rule/*', true],
  ['ArnLike', 'aws:SourceArn', 'arn:aws:events:us-*:rule/bus/orders:*:*', false],
  ['ArnNotEquals', 'aws:SourceArn', ARN, false],
  ['ArnNotLike', 'aws:SourceArn', 'arn:aws:s3:*:*:*', true],
  ['Bool', 'aws:SecureTransport', 'true', true],
  ['Bool', 'aws:SecureTransport', 'False', false],
  ['IpAddress', 'aws:SourceIp', '10.0.0.0/8', true],
  ['IpAddress', 'aws:SourceIp', '10.1.2.3', true],
  ['IpAddress', 'aws:SourceIp', '11.0.0.0/8', false],
  ['IpAddress', 'aws:SourceIp', '0.0.0.0/0', true],
  ['IpAddress', 'aws:SourceIp', '::/0', false],
  ['NotIpAddress', 'aws:SourceIp', '10.0.0.0/8', false],
  ['NotIpAddress', 'aws:SourceIp', ['11.0.0.0/8', 'fd00::/8'], true],
  ['NumericEquals', 'aws:EpochTime', '1700000000.0', true],
  ['NumericNotEquals', 'aws:EpochTime', '1700000000', false],
  ['NumericLessThan', 'aws:EpochTime', '1700000001', true],
  ['NumericLessThanEquals', 'aws:EpochTime', '1700000000', true],
  ['NumericGreaterThan', 'aws:EpochTime', '1700000000', false],
  ['NumericGreaterThanEquals', 'aws:EpochTime', '1700000000', true],
  ['DateLessThan', 'aws:CurrentTime', '2040-01-01T00:00:00Z', true],
  ['DateGreaterThan', 'aws:CurrentTime', '2040-01-01T00:00:00Z', false],
  ['DateEquals', 'aws:CurrentTime', '1700000000', true],
  ['Null', 'aws:SourceAccount', 'true', true],
  ['Null', 'aws:userid', 'true', false],
  ['Null', 'aws:userid', 'false', true],
  ['ForAllValues:StringEquals', 'dynamodb:LeadingKeys', ['a', 'b', 'c'], true],
  ['ForAllValues:StringEquals', 'dynamodb:LeadingKeys', ['a'], false],
  ['ForAllValues:StringEquals', 'aws:SourceAccount', ['a'], true],
  ['ForAnyValue:StringEquals', 'dynamodb:LeadingKeys', ['b', 'c'], true],
  ['ForAnyValue:StringEquals', 'dynamodb:LeadingKeys', ['c'], false],
  ['ForAnyValue:StringEquals', 'aws:SourceAccount', ['a'], false],
  ['ForAllValues:StringNotEquals', 'dynamodb:LeadingKeys', ['b'], false],
  ['ForAnyValue:StringNotEquals', 'dynamodb:LeadingKeys', ['b'], true],
  ['ForAnyValue:StringNotEquals', 'aws:SourceAccount', ['b'], false],
  ['ForAnyValue:StringLikeIfExists', 'aws:SourceAccount', ['b'], true],
])('%s of %s and %j is %s', (operator, key, value, expected) => {
  expect(holds(operator, key, value)).toBe(expected);
});

it('every operator and every key has to hold', () => {
  const both = (account: string) =>
    conditionTest(
      { StringLike: { 'aws:userid': 'AROA:*' }, StringNotEquals: { 'aws:userid': account } },
      'Condition',
      true,
    )?.(context);
  expect(both('x')).toBe(true);
  expect(both('AROA:fn')).toBe(false);
});

it('booleans and numbers of JSON are as good as text', () => {
  const condition = { Bool: { 'aws:SecureTransport': true }, NumericLessThan: { 'aws:EpochTime': 2e9 } };
  expect(conditionTest(condition, 'Condition', true)?.(context)).toBe(true);
});
