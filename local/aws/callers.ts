import type { Identities } from '../identity';
import type { Principal } from '../ports';
import { SignatureError } from './refusal';
import { SignatureCheck, type SignedRequest, signatureScope } from './signature';

/** Tells who made a request. */
export class Callers {
  readonly #identities: Identities;
  readonly #signatures = new SignatureCheck();

  constructor(identities: Identities) {
    this.#identities = identities;
  }

  /**
   * Whoever comes with credentials that were issued here has to have signed with them. Everybody else is the developer whose
   * machine this is, whatever his credentials: the root.
   * @throws SignatureError
   */
  identify(request: SignedRequest, service: string): Principal {
    const scope = signatureScope(request.headers['authorization']);
    const root = this.#identities.root();
    const principal = scope && this.#identities.find(scope.accessKeyId);
    if (scope === undefined || principal === undefined || principal === root) return root;
    const problem = this.#signatures.problem(request, scope, principal);
    if (problem !== undefined) throw new SignatureError(problem, service);
    if (scope.service !== service) throw new SignatureError('signature', service);
    return principal;
  }
}
