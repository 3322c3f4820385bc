import type { Statement } from './policy';
import type { Caller, RequestContext } from './request';

/** Whether a request may go on; if not, which kind of policy says so, and whether it says it expressly. */
export type Decision =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      readonly explicit: boolean;
      readonly policy: 'identity-based' | 'resource-based';
    };

export interface Question {
  readonly caller: Caller;
  readonly action: string;
  readonly resource: string;
  readonly context: RequestContext;
  /** Policies of the caller's role; none for services. */
  readonly identity: readonly Statement[];
  /** Policies of the resource. */
  readonly ofResource: readonly Statement[];
}

const ALLOWED: Decision = { allowed: true };

/**
 * AWS's order within one account: an explicit deny wins; then one allow is enough, from the caller's policies or from the
 * resource's where it names the caller itself. Naming the caller's account alone leaves it to the caller's policies.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function decide({ caller, action, resource, context, identity, ofResource }: Question): Decision {
  let allowed = false;
  for (const statement of identity) {
    if (!statement.applies(action, resource, context)) continue;
    if (statement.effect === 'Deny') return { allowed: false, explicit: true, policy: 'identity-based' };
    allowed = true;
  }
  for (const statement of ofResource) {
    const naming = statement.principal?.(caller) ?? 'none';
    if (naming === 'none' || !statement.applies(action, resource, context)) continue;
    if (statement.effect === 'Deny') return { allowed: false, explicit: true, policy: 'resource-based' };
    if (naming === 'itself') allowed = true;
  }
  if (allowed) return ALLOWED;
  const policy = caller.kind === 'role' ? 'identity-based' : 'resource-based';
  return { allowed: false, explicit: false, policy };
}
