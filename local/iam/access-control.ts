import type { JsonValue } from '../../lambdas/contract/json';
import { AccessDeniedError } from './access-denied';
import { contextOf } from './conditions';
import { type Decision, decide } from './decision';
import { PolicyError } from './errors';
import { AWS_MANAGED_POLICIES } from './managed-policies';
import { compilePolicy, type Statement } from './policy';
import type { Caller, Need, RequestContext, RoleCaller } from './request';

export interface AccessControlOptions {
  readonly account: string;
  readonly region: string;
  /** Hears of every refusal. */
  readonly onDenied?: (denial: Denial) => void;
}

/** A call that was refused. */
export interface Denial {
  readonly caller: Caller;
  readonly need: Need;
  readonly message: string;
}

/** What is known of a call beside caller, action and resource. */
export interface CallFacts {
  /** Address that the call came from. */
  readonly sourceIp?: string | undefined;
  readonly userAgent?: string | undefined;
  /** Unique id of the role session, `AROA...:name`. */
  readonly userId?: string | undefined;
  /** Whether it came over TLS, or stands for a call that does on AWS. @default true */
  readonly secure?: boolean;
}

interface Role {
  readonly arn: string;
  readonly trust: readonly Statement[];
  statements: readonly Statement[];
}

const AWS_POLICY = /^arn:aws[a-z-]*:iam::aws:policy\/(.+)$/;

/**
 * The roles and policies of the templates, and what they decide. Policies are compiled when they are made; a call then costs
 * the statements of one role and one resource.
 */
export class AccessControl {
  readonly #options: AccessControlOptions;
  readonly #roles = new Map<string, Role>();
  readonly #managed = new Map<string, readonly Statement[]>();
  readonly #ofResources = new Map<string, readonly Statement[]>();

  constructor(options: AccessControlOptions) {
    this.#options = options;
  }

  /** @param trust its AssumeRolePolicyDocument @throws PolicyError */
  createRole(arn: string, trust: JsonValue): void {
    this.#roles.set(arn, { arn, trust: compilePolicy(trust, 'trust'), statements: [] });
  }

  /** Adds an inline policy to a role, named by ARN or name. @throws PolicyError, also for a role of another place */
  attachInline(role: string, document: JsonValue): void {
    this.#attach(role, compilePolicy(document, 'identity'));
  }

  /** Makes a customer managed policy. @throws PolicyError */
  createManaged(arn: string, document: JsonValue): void {
    this.#managed.set(arn, compilePolicy(document, 'identity'));
  }

  /** Attaches a managed policy of these templates or of AWS. @throws PolicyError for one that is not known here */
  attachManaged(role: string, policyArn: string): void {
    const own = this.#managed.get(policyArn);
    const [, name = ''] = AWS_POLICY.exec(policyArn) ?? [];
    const document = Object.hasOwn(AWS_MANAGED_POLICIES, name) ? AWS_MANAGED_POLICIES[name] : undefined;
    if (own === undefined && document === undefined) {
      const known = Object.keys(AWS_MANAGED_POLICIES).join(', ');
      throw new PolicyError('managed policy', `one of these templates, or of AWS: ${known}`, policyArn);
    }
    this.#attach(role, own ?? compilePolicy(document ?? {}, 'identity'));
  }

  /** Adds statements to the policy of a resource. @throws PolicyError */
  addResourcePolicy(resourceArn: string, document: JsonValue): void {
    const before = this.#ofResources.get(resourceArn) ?? [];
    this.#ofResources.set(resourceArn, [...before, ...compilePolicy(document, 'resource')]);
  }

  /**
   * A session of a role that a service takes on.
   * @throws AccessDeniedError where the role does not trust the service
   */
  assume(roleArn: string, service: string, session: string, sourceArn?: string): RoleCaller {
    const caller: Caller = { kind: 'service', service, sourceArn };
    const trust = this.#roles.get(roleArn)?.trust ?? [];
    const need: Need = { action: 'sts:AssumeRole', resource: roleArn };
    const context = this.#context(caller, need, {});
    const question = { caller, ...need, context, identity: [], ofResource: trust };
    this.#enforce(caller, need, decide(question));
    return { kind: 'role', roleArn, session };
  }

  decide(caller: Caller, need: Need, facts: CallFacts = {}): Decision {
    const identity = caller.kind === 'role' ? (this.#roles.get(caller.roleArn)?.statements ?? []) : [];
    return decide({
      caller,
      action: need.action,
      resource: need.resource,
      context: this.#context(caller, need, facts),
      identity,
      ofResource: this.#ofResources.get(policyHolder(need.resource)) ?? [],
    });
  }

  /** @throws AccessDeniedError */
  require(caller: Caller, need: Need, facts?: CallFacts): void {
    this.#enforce(caller, need, this.decide(caller, need, facts));
  }

  #enforce(caller: Caller, need: Need, decision: Decision): void {
    if (decision.allowed) return;
    const error = new AccessDeniedError(caller, need, decision);
    this.#options.onDenied?.({ caller, need, message: error.message });
    throw error;
  }

  #attach(role: string, statements: readonly Statement[]): void {
    const found =
      this.#roles.get(role) ?? [...this.#roles.values()].find(({ arn }) => arn.endsWith(`/${role}`));
    if (found === undefined) throw new PolicyError('Roles', 'a role of these templates', role);
    found.statements = [...found.statements, ...statements];
  }

  #context(caller: Caller, need: Need, facts: CallFacts): RequestContext {
    const { account, region } = this.#options;
    return contextOf(() => {
      const now = Date.now();
      return {
        'aws:CurrentTime': new Date(now).toISOString(),
        'aws:EpochTime': String(Math.floor(now / 1000)),
        'aws:RequestedRegion': region,
        'aws:ResourceAccount': account,
        'aws:SecureTransport': String(facts.secure ?? true),
        'aws:SourceIp': facts.sourceIp,
        'aws:UserAgent': facts.userAgent,
        'aws:ViaAWSService': 'false',
        ...(caller.kind === 'role'
          ? keysOfRole(caller, account, facts.userId)
          : keysOfService(caller, account)),
        ...need.context,
      };
    });
  }
}

function keysOfRole({ roleArn, sourceFunctionArn }: RoleCaller, account: string, userId: string | undefined) {
  return {
    'aws:PrincipalAccount': account,
    'aws:PrincipalArn': roleArn,
    'aws:PrincipalIsAWSService': 'false',
    'aws:PrincipalType': 'AssumedRole',
    'aws:userid': userId,
    'lambda:SourceFunctionArn': sourceFunctionArn,
  };
}

function keysOfService(
  { service, sourceArn }: Extract<Caller, { kind: 'service' }>,
  account: string,
): Record<string, string | undefined> {
  return {
    'aws:PrincipalIsAWSService': 'true',
    'aws:PrincipalServiceName': service,
    'aws:SourceAccount': account,
    'aws:SourceArn': sourceArn,
  };
}

/** Whose policy counts: `$LATEST` is the function itself, an index has its table's. */
function policyHolder(resource: string): string {
  return resource.replace(/:\$LATEST$/, '').replace(/(:table\/[^/]+)\/index\/.*$/, '$1');
}
