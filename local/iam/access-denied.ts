import { AwsError } from '../ports';
import type { Decision } from './decision';
import { type Caller, type Need, sessionArn } from './request';

/** The caller's role, or the resource's policy, does not allow it. Worded as AWS does. */
export class AccessDeniedError extends AwsError {
  override readonly name = 'AccessDeniedError';

  constructor(caller: Caller, need: Need, decision: Extract<Decision, { allowed: false }>) {
    super('AccessDeniedException', messageOf(caller, need, decision), 403);
  }
}

function messageOf(
  caller: Caller,
  { action, resource, actionText = action, resourceText = resource }: Need,
  { explicit, policy }: Extract<Decision, { allowed: false }>,
): string {
  const reason = explicit
    ? `with an explicit deny in ${policy === 'identity-based' ? 'an' : 'a'} ${policy} policy`
    : `because no ${policy} policy allows the ${actionText} action`;
  return `User: ${nameOf(caller)} is not authorized to perform: ${actionText} on resource: ${resourceText} ${reason}`;
}

function nameOf(caller: Caller): string {
  return caller.kind === 'role' ? sessionArn(caller.roleArn, caller.session) : caller.service;
}
