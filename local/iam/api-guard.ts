import { Callers } from '../aws/callers';
import type { SignedRequest } from '../aws/signature';
import type { ManagementAccess, ManagementCall, RouteAccess } from '../gateway/signed-access';
import type { Identities } from '../identity';
import { LOCAL_ACCOUNT, type Principal } from '../ports';
import type { AccessControl } from './access-control';
import type { Need } from './request';
import { type CallOrigin, RequestGuard } from './request-guard';

const SERVICE = 'execute-api';

/**
 * Lets functions post to, ask for and close connections where their roles allow `execute-api:ManageConnections`, and use
 * signed routes where they allow `execute-api:Invoke`.
 */
export class ApiGuard implements ManagementAccess, RouteAccess {
  readonly #callers: Callers;
  readonly #guard: RequestGuard;
  readonly #region: string;

  constructor(options: {
    readonly identities: Identities;
    readonly access: AccessControl;
    readonly region: string;
  }) {
    this.#callers = new Callers(options.identities);
    this.#guard = new RequestGuard(options.access);
    this.#region = options.region;
  }

  /** @throws SignatureError, AccessDeniedError */
  check(request: SignedRequest, call: ManagementCall, origin: CallOrigin): void {
    const principal = this.#callers.identify(request, SERVICE);
    this.#guard.check(principal, origin, () => [this.#need(request.method, call)]);
  }

  /** @throws SignatureError, AccessDeniedError */
  signer(request: SignedRequest, routeArn: string, origin: CallOrigin): Principal {
    const principal = this.#callers.identify(request, SERVICE);
    this.#guard.check(principal, origin, () => [{ action: 'execute-api:Invoke', resource: routeArn }]);
    return principal;
  }

  /** API Gateway hides most of the account and the id of the connection in its error. */
  #need(method: string, { apiId, stage, connectionId }: ManagementCall): Need {
    const arn = (account: string, id: string) =>
      `arn:aws:${SERVICE}:${this.#region}:${account}:${apiId}/${stage}/${method}/@connections/${id}`;
    return {
      action: 'execute-api:ManageConnections',
      resource: arn(LOCAL_ACCOUNT, connectionId),
      resourceText: arn(`********${LOCAL_ACCOUNT.slice(-4)}`, '{connectionId}'),
    };
  }
}
