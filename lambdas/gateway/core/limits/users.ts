import type { Identity } from '../connections/connection';

/** `limit`: the user has as many connections as one may. `revoked`: the token was issued before what is accepted. */
export type UserEntry = 'entered' | 'limit' | 'revoked';

/** The connections of each user. Connections without a user have no entry, and always enter. */
export interface Users {
  /** When a token was accepted for a connection, each time. Rejects where Redis fails. */
  enter(connection: string, identity: Pick<Identity, 'user' | 'issuedAt'>): Promise<UserEntry>;
  leave(connection: string, user: string): Promise<void>;
  /** Whether a token of the user that was issued then (epoch seconds; 0: it does not say) is not accepted any more. */
  isRevoked(user: string, issuedAt: number): Promise<boolean>;
  /**
   * Accepts no token of the user any more that was issued before that second (epoch), for `REVOCATION_TTL_SECONDS`, and answers
   * the connections that have one. A token that does not say when it was issued is older than any second.
   */
  revoke(user: string, issuedBefore: number): Promise<readonly string[]>;
}

/** How many connections one user may have unless the configuration says otherwise. */
export const MAX_CONNECTIONS_OF_USER = 100;

/** How long a revocation is known. Tokens that live longer are accepted again after it. */
export const REVOCATION_TTL_SECONDS = 90 * 24 * 3600;
