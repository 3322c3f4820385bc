import { invalid, type SubscriptionVerdict } from '../auth/verdict';
import type { CommandParts } from './parts';
import type { Sender } from './sender';

/**
 * What a subscription token comes to: whether it is good, and not one of those that were revoked. Rejects where the keys or
 * Redis fail.
 */
export async function judgeToken(
  { tokens, users }: Pick<CommandParts, 'tokens' | 'users'>,
  { connection, user }: Pick<Sender, 'connection' | 'user'>,
  { channel, token }: { readonly channel: string; readonly token: string },
): Promise<SubscriptionVerdict> {
  const verdict = await tokens.subscription(token, { user, channel, connection });
  if (verdict.result !== 'ok' || !(await users.isRevoked(user, verdict.grant.issuedAt))) return verdict;
  return invalid('token: expected one that counts, got a revoked one');
}
