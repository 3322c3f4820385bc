import { isJsonObject, type JsonValue } from '../../lambdas/contract/json';
import { PolicyError } from './errors';
import { type Caller, sessionArn } from './request';

/**
 * How a policy names a caller: not at all, itself (or everybody), or by its account, which leaves the decision to the policies
 * of the caller.
 */
export type Naming = 'none' | 'itself' | 'account';

export type PrincipalTest = (caller: Caller) => Naming;

const ACCOUNT = /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/;
const IDENTITY = /^arn:aws:(?:iam::\d{12}:(?:role|user)\/|sts::\d{12}:(?:assumed-role|federated-user)\/)/;
const KINDS = ['AWS', 'Service', 'Federated', 'CanonicalUser'];

/** Compiles a `Principal` element. @throws PolicyError */
export function principalTest(value: JsonValue | undefined, path: string): PrincipalTest {
  if (value === '*') return () => 'itself';
  if (!isJsonObject(value)) throw new PolicyError(path, '* or an object with AWS or Service', value);
  const tests = Object.entries(value).flatMap(([kind, names]) => {
    if (!KINDS.includes(kind)) throw new PolicyError(path, KINDS.join(', '), kind);
    return texts(names, `${path}.${kind}`).map((name) => nameTest(kind, name, `${path}.${kind}`));
  });
  if (tests.length === 0) throw new PolicyError(path, 'at least one principal', value);
  return (caller) => strongest(tests.map((test) => test(caller)));
}

function nameTest(kind: string, name: string, path: string): PrincipalTest {
  if (kind === 'Service') {
    return (caller) => (caller.kind === 'service' && caller.service === name ? 'itself' : 'none');
  }
  // Nobody comes to the local runtime by an identity provider or as an S3 user.
  if (kind !== 'AWS') return () => 'none';
  if (name === '*') return () => 'itself';
  const account = ACCOUNT.exec(name)?.[1];
  if (account !== undefined) {
    return (caller) => (caller.kind === 'role' && accountOf(caller.roleArn) === account ? 'account' : 'none');
  }
  if (!IDENTITY.test(name) || /[*?]/.test(name)) {
    throw new PolicyError(path, 'an account, a role, a role session, a user or * alone', name);
  }
  return (caller) => (caller.kind === 'role' && namesOf(caller).includes(name) ? 'itself' : 'none');
}

function namesOf({ roleArn, session }: Extract<Caller, { kind: 'role' }>): readonly string[] {
  return [roleArn, sessionArn(roleArn, session)];
}

function accountOf(roleArn: string): string {
  return roleArn.split(':')[4] ?? '';
}

function strongest(namings: readonly Naming[]): Naming {
  if (namings.includes('itself')) return 'itself';
  return namings.includes('account') ? 'account' : 'none';
}

function texts(value: JsonValue, path: string): readonly string[] {
  const list: readonly JsonValue[] = Array.isArray(value) ? value : [value as JsonValue];
  return list.map((each) => {
    if (typeof each === 'string') return each;
    throw new PolicyError(path, 'text', each);
  });
}
