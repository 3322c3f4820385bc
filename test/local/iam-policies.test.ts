import type { JsonObject } from '../../lambdas/contract/json';
import { AccessControl, type CallFacts } from '../../local/iam/access-control';
import { PolicyError } from '../../local/iam/errors';
import { compilePolicy } from '../../local/iam/policy';
import type { Caller, Need } from '../../local/iam/request';

const ACCOUNT = '000000000000';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/service/echo`;
const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/echo/fn`;
const FUNCTION = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:fn`;
const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:queue.fifo`;
const RULE = `arn:aws:events:us-east-1:${ACCOUNT}:rule/bus/orders`;
const echo: Caller = { kind: 'role', roleArn: ROLE, session: 'fn', sourceFunctionArn: FUNCTION };
const eventBridge: Caller = { kind: 'service', service: 'events.amazonaws.com', sourceArn: RULE };
const send: Need = { action: 'sqs:SendMessage', resource: QUEUE };

type Statement = JsonObject;
const allow = (more: Statement): Statement => ({
  Effect: 'Allow',
  Action: 'sqs:SendMessage',
  Resource: QUEUE,
  ...more,
});
const without = (statement: Statement, name: string) =>
  Object.fromEntries(Object.entries(statement).filter(([key]) => key !== name));
const policy = (...statements: Statement[]) => ({ Version: '2012-10-17', Statement: statements });
const TRUST = policy({
  Effect: 'Allow',
  Principal: { Service: 'lambda.amazonaws.com' },
  Action: 'sts:AssumeRole',
});

function control(identity: Statement[], ofQueue: Statement[] = []): AccessControl {
  const access = new AccessControl({ account: ACCOUNT, region: 'us-east-1' });
  access.createRole(ROLE, TRUST);
  access.attachInline(ROLE, policy(...identity));
  if (ofQueue.length > 0) access.addResourcePolicy(QUEUE, policy(...ofQueue));
  return access;
}

function verdict(access: AccessControl, caller: Caller = echo, need = send, facts: CallFacts = {}): string {
  const decision = access.decide(caller, need, facts);
  if (decision.allowed) return 'allowed';
  return `${decision.explicit ? 'explicit' : 'implicit'} ${decision.policy}`;
}

describe('a statement', () => {
  it.each<[name: string, more: Statement, expected: boolean]>([
    ['names action and resource', {}, true],
    ['has another resource', { Resource: `${QUEUE}x` }, false],
    ['has a wildcard action', { Action: 'sqs:Send*' }, true],
    ['has an action in other letters', { Action: 'SQS:sendMESSAGE' }, true],
    ['has a one-letter wildcard', { Action: 'sqs:?endMessage' }, true],
    ['has another service', { Action: 'sns:*' }, false],
    ['has everything', { Action: '*', Resource: '*' }, true],
    ['has a list with the action', { Action: ['sqs:ReceiveMessage', 'sqs:SendMessage'] }, true],
    ['has a wildcard resource', { Resource: `arn:aws:sqs:*:${ACCOUNT}:queue*` }, true],
    ['has an ARN cut short', { Resource: 'arn:aws:sqs' }, true],
    ['has a wildcard that would have to reach over a colon', { Resource: 'arn:aws:sqs:*:queue.fifo' }, false],
    ['has a variable of the caller', { Resource: `${QUEUE.slice(0, -10)}\${aws:PrincipalType}` }, false],
    ['takes a dot for a dot', { Resource: QUEUE.replace('.', '?') }, true],
    ['takes no dot for another letter', { Resource: QUEUE.replace('queue.', 'queu..') }, false],
  ])('that %s', (_, more, expected) => {
    expect(verdict(control([allow(more)]))).toBe(expected ? 'allowed' : 'implicit identity-based');
  });

  it('with NotAction or NotResource speaks of everything else', () => {
    const notAction = without(allow({ NotAction: 'sqs:ReceiveMessage' }), 'Action');
    const notThis = without(allow({ NotResource: QUEUE }), 'Resource');
    expect(verdict(control([notAction]))).toBe('allowed');
    expect(verdict(control([notThis]))).toBe('implicit identity-based');
    expect(verdict(control([notThis]), echo, { ...send, resource: `${QUEUE}2` })).toBe('allowed');
  });

  it('covers an action without resources only by *', () => {
    const list: Need = { action: 'sqs:ListQueues', resource: '*' };
    expect(verdict(control([allow({ Action: 'sqs:*' })]), echo, list)).toBe('implicit identity-based');
    expect(verdict(control([allow({ Action: 'sqs:*', Resource: '*' })]), echo, list)).toBe('allowed');
  });

  it('reads variables only in version 2012-10-17', () => {
    const resource = (text: string) => allow({ Resource: `arn:aws:sqs:us-east-1:${ACCOUNT}:${text}` });
    const need = { ...send, resource: `arn:aws:sqs:us-east-1:${ACCOUNT}:AssumedRole` };
    const access = control([resource(`\${aws:PrincipalType}`)]);
    expect(verdict(access, echo, need)).toBe('allowed');
    const old = new AccessControl({ account: ACCOUNT, region: 'us-east-1' });
    old.createRole(ROLE, TRUST);
    old.attachInline(ROLE, { Statement: [resource(`\${aws:PrincipalType}`)] });
    expect(verdict(old, echo, need)).toBe('implicit identity-based');
  });
});

describe('the decision', () => {
  it('is no without any policy', () => {
    expect(verdict(control([]))).toBe('implicit identity-based');
    expect(verdict(control([]), eventBridge)).toBe('implicit resource-based');
  });

  it('is no by an explicit deny, whatever else allows', () => {
    const deny = allow({ Effect: 'Deny' });
    expect(verdict(control([allow({}), deny]))).toBe('explicit identity-based');
    expect(verdict(control([allow({})], [{ ...deny, Principal: '*' }]))).toBe('explicit resource-based');
    expect(verdict(control([allow({})], [{ ...deny, Principal: { AWS: ACCOUNT } }]))).toBe(
      'explicit resource-based',
    );
  });

  it.each<[name: string, principal: JsonObject | string, expected: string]>([
    ['its role', { AWS: ROLE }, 'allowed'],
    ['its session', { AWS: SESSION }, 'allowed'],
    ['everybody', '*', 'allowed'],
    ['every AWS principal', { AWS: '*' }, 'allowed'],
    ['one of a list', { AWS: [`arn:aws:iam::${ACCOUNT}:role/other`, ROLE] }, 'allowed'],
    ['another role', { AWS: `arn:aws:iam::${ACCOUNT}:role/other` }, 'implicit identity-based'],
    ['its account, which leaves it to the role', { AWS: ACCOUNT }, 'implicit identity-based'],
    ['the root of its account', { AWS: `arn:aws:iam::${ACCOUNT}:root` }, 'implicit identity-based'],
    ['a service', { Service: 'events.amazonaws.com' }, 'implicit identity-based'],
  ])('by the resource alone, which names %s', (_, principal, expected) => {
    expect(verdict(control([], [allow({ Principal: principal })]))).toBe(expected);
  });

  it('lets a service in for the source that the condition names', () => {
    const statement = (condition: JsonObject) =>
      allow({ Principal: { Service: 'events.amazonaws.com' }, Condition: condition });
    const access = (condition: JsonObject) => control([], [statement(condition)]);
    expect(verdict(access({ ArnEquals: { 'aws:SourceArn': RULE } }), eventBridge)).toBe('allowed');
    expect(verdict(access({ ArnLike: { 'AWS:sourcearn': `${RULE}*` } }), eventBridge)).toBe('allowed');
    expect(verdict(access({ ArnEquals: { 'aws:SourceArn': `${RULE}2` } }), eventBridge)).toBe(
      'implicit resource-based',
    );
    expect(verdict(access({ StringEquals: { 'aws:SourceAccount': ACCOUNT } }), eventBridge)).toBe('allowed');
    expect(verdict(access({ ArnEquals: { 'aws:SourceArn': RULE } }), echo)).toBe('implicit identity-based');
  });

  it('denies what does not come over TLS, as enforceSSL has it', () => {
    const insecure = allow({
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: 'sqs:*',
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
    const access = control([allow({})], [insecure]);
    expect(verdict(access)).toBe('allowed');
    expect(verdict(access, echo, send, { secure: false })).toBe('explicit resource-based');
  });

  it("denies to a function's code what Lambda itself may do with its role", () => {
    const interfaces = { Action: 'ec2:CreateNetworkInterface', Resource: '*' };
    const access = control([
      { Effect: 'Allow', ...interfaces },
      { Effect: 'Deny', ...interfaces, Condition: { ArnEquals: { 'lambda:SourceFunctionArn': FUNCTION } } },
    ]);
    const need = { action: 'ec2:CreateNetworkInterface', resource: '*' };
    expect(verdict(access, echo, need)).toBe('explicit identity-based');
    const lambda = access.assume(ROLE, 'lambda.amazonaws.com', 'fn');
    expect(verdict(access, lambda, need)).toBe('allowed');
  });

  it('finds the policy of a table behind its index, and of a function behind $LATEST', () => {
    const table = `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/t`;
    const access = control([]);
    const all = (resource: string) =>
      policy(allow({ Principal: '*', Action: '*', Resource: [resource, `${resource}/*`, `${resource}:*`] }));
    access.addResourcePolicy(table, all(table));
    access.addResourcePolicy(FUNCTION, all(FUNCTION));
    const index = { action: 'dynamodb:Query', resource: `${table}/index/i` };
    expect(verdict(access, echo, index)).toBe('allowed');
    const invoke = (resource: string) => verdict(access, echo, { action: 'lambda:InvokeFunction', resource });
    expect(invoke(`${FUNCTION}:$LATEST`)).toBe('allowed');
    // An alias has a policy of its own.
    expect(invoke(`${FUNCTION}:rpc`)).toBe('implicit identity-based');
  });
});

describe('roles', () => {
  it('are taken on by the services that they trust', () => {
    const access = control([]);
    expect(access.assume(ROLE, 'lambda.amazonaws.com', 'fn')).toMatchObject({ roleArn: ROLE, session: 'fn' });
    expect(() => access.assume(ROLE, 'scheduler.amazonaws.com', 's')).toThrow(
      `User: scheduler.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`,
    );
    expect(() => access.assume(`${ROLE}2`, 'lambda.amazonaws.com', 'fn')).toThrow(/not authorized/);
  });

  it('get managed policies, of the template by ARN and of AWS by name', () => {
    const access = control([]);
    const arn = `arn:aws:iam::${ACCOUNT}:policy/send`;
    access.createManaged(arn, policy(allow({})));
    access.attachManaged('echo', arn);
    expect(verdict(access)).toBe('allowed');
    const logs = {
      action: 'logs:PutLogEvents',
      resource: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:x:log-stream:y`,
    };
    expect(verdict(access, echo, logs)).toBe('implicit identity-based');
    access.attachManaged(ROLE, 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole');
    expect(verdict(access, echo, logs)).toBe('allowed');
  });

  it('that no template makes, and managed policies that nobody here knows, are refused', () => {
    const access = control([]);
    expect(() => access.attachInline('other', policy(allow({})))).toThrow(/a role of these templates.*other/);
    expect(() => access.attachManaged(ROLE, 'arn:aws:iam::aws:policy/AdministratorAccess')).toThrow(
      /AWSLambdaBasicExecutionRole.*AdministratorAccess/,
    );
  });
});

describe('the error', () => {
  const message = (access: AccessControl, caller: Caller = echo, need = send) => {
    try {
      access.require(caller, need);
      return 'allowed';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };

  it('is worded as AWS words it', () => {
    expect(message(control([]))).toBe(
      `User: ${SESSION} is not authorized to perform: sqs:SendMessage on resource: ${QUEUE} because no identity-based policy allows the sqs:SendMessage action`,
    );
    expect(message(control([allow({ Effect: 'Deny' })]))).toMatch(
      /with an explicit deny in an identity-based policy$/,
    );
    expect(message(control([], [allow({ Effect: 'Deny', Principal: '*' })]))).toMatch(
      /with an explicit deny in a resource-based policy$/,
    );
    expect(message(control([]), eventBridge)).toMatch(/^User: events\.amazonaws\.com .* no resource-based/);
  });

  it('is heard by whoever listens', () => {
    const onDenied = jest.fn();
    const access = new AccessControl({ account: ACCOUNT, region: 'us-east-1', onDenied });
    expect(() => access.require(echo, send)).toThrow();
    expect(onDenied).toHaveBeenCalledWith({
      caller: echo,
      need: send,
      message: expect.stringContaining(QUEUE),
    });
  });
});

describe('what is not understood is refused', () => {
  const statement = (more: Statement) => policy(allow(more));
  it.each<[text: string, document: JsonObject, path: RegExp]>([
    ['an unknown element', statement({ Actions: 'x' }), /Statement\[0\].*got "Actions"/],
    ['no effect', policy(without(allow({}), 'Effect')), /Effect: expected Allow or Deny/],
    ['another version', { Version: '2020-01-01', Statement: [] }, /2008-10-17 or 2012-10-17/],
    ['an unknown element of the policy', { Statements: [] }, /got "Statements"/],
    ['no action', policy(without(allow({}), 'Action')), /one of Action and NotAction, got "none"/],
    [
      'both kinds of resource',
      statement({ NotResource: '*' }),
      /one of Resource and NotResource, got "both"/,
    ],
    ['an empty list', statement({ Action: [] }), /at least one value/],
    ['an action without service', statement({ Action: 'SendMessage' }), /service:Action/],
    ['a resource that is no ARN', statement({ Resource: 'queue' }), /\* or an ARN, got "queue"/],
    [
      'a variable before the fifth colon',
      statement({ Resource: `arn:aws:sqs:\${aws:RequestedRegion}:1:q` }),
      /fifth colon/,
    ],
    ['an unknown variable', statement({ Resource: `${QUEUE}\${aws:username}` }), /got "aws:username"/],
    ['a principal', statement({ Principal: '*' }), /got "Principal"/],
    [
      'an unknown operator',
      statement({ Condition: { StringMatches: { 'aws:userid': 'x' } } }),
      /got "StringMatches"/,
    ],
    [
      'an inherited name as operator',
      statement({ Condition: { constructor: { 'aws:userid': 'x' } } }),
      /an operator of/,
    ],
    [
      'a key that nobody carries',
      statement({ Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o' } } }),
      /got "aws:PrincipalOrgID"/,
    ],
    [
      'a bad boolean',
      statement({ Condition: { Bool: { 'aws:SecureTransport': 'no' } } }),
      /true or false, got "no"/,
    ],
    ['a bad number', statement({ Condition: { NumericEquals: { 'aws:EpochTime': 'x' } } }), /a number/],
    ['a bad date', statement({ Condition: { DateLessThan: { 'aws:CurrentTime': 'x' } } }), /a date/],
    ['a bad range', statement({ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/33' } } }), /CIDR/],
    [
      'an ARN cut short in a condition',
      statement({ Condition: { ArnLike: { 'aws:SourceArn': '*' } } }),
      /six parts/,
    ],
    [
      'a key of many values without quantifier',
      statement({ Condition: { StringEquals: { 'dynamodb:LeadingKeys': 'x' } } }),
      /ForAllValues or ForAnyValue/,
    ],
    ['no value', statement({ Condition: { StringEquals: { 'aws:userid': [] } } }), /at least one value/],
  ])('%s', (_, document, message) => {
    expect(() => compilePolicy(document, 'identity')).toThrow(PolicyError);
    expect(() => compilePolicy(document, 'identity')).toThrow(message);
  });

  it.each<[text: string, more: Statement, message: RegExp]>([
    ['no principal', {}, /Principal/],
    ['a wildcard in a principal', { Principal: { AWS: `${ROLE}*` } }, /\* alone/],
    ['an unknown kind of principal', { Principal: { Group: 'x' } }, /got "Group"/],
    ['NotPrincipal', { NotPrincipal: '*' }, /got "NotPrincipal"/],
  ])('a resource policy with %s', (_, more, message) => {
    expect(() => compilePolicy(policy(allow(more)), 'resource')).toThrow(message);
  });
});
