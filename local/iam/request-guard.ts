import { LOCAL_ACCOUNT, type Principal } from '../ports';
import type { AccessControl } from './access-control';
import type { Need, RoleCaller } from './request';

export interface CallOrigin {
  readonly sourceIp: string | undefined;
  readonly userAgent: string | undefined;
}

/** Lets calls of functions pass that their roles allow, and every call of the developer. */
export class RequestGuard {
  readonly #access: AccessControl;

  constructor(access: AccessControl) {
    this.#access = access;
  }

  /**
   * @param needs asked only where the caller is no administrator
   * @throws AccessDeniedError at the first need that is not allowed
   */
  check(principal: Principal, origin: CallOrigin, needs: () => readonly Need[]): void {
    if (principal.arn === ROOT) return;
    const caller = roleCaller(principal);
    const facts = { ...origin, userId: principal.senderId };
    for (const need of needs()) this.#access.require(caller, need, facts);
  }
}

const ROOT = `arn:aws:iam::${LOCAL_ACCOUNT}:root`;

function roleCaller({ arn, senderId, functionArn }: Principal): RoleCaller {
  return {
    kind: 'role',
    roleArn: arn,
    session: senderId.slice(senderId.indexOf(':') + 1),
    sourceFunctionArn: functionArn,
  };
}
