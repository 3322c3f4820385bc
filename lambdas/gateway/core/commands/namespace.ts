import { isChannelName, MAX_CHANNEL_LENGTH, namespaceOf, namesUser } from '../../../contract/channel';
import { PROTOCOL_ERRORS } from '../../../contract/codes';
import type { Namespace, Registry } from '../ports';
import { type Refusal, refuse } from './answer';

/**
 * The rules of a channel's namespace, or why there are none for this user: whatever brings somebody to a channel, these two
 * stand. Connections without a user have only namespaces that are open to them, and channels that name users are theirs.
 */
export async function rulesOf(
  registry: Pick<Registry, 'namespace'>,
  channel: string,
  user: string,
): Promise<{ readonly rules: Namespace } | Refusal> {
  if (!isChannelName(channel)) {
    return refuse(
      PROTOCOL_ERRORS.badRequest,
      `channel: expected 1 to ${MAX_CHANNEL_LENGTH} printable ASCII characters, got another name`,
    );
  }
  const namespace = namespaceOf(channel);
  const rules = await registry.namespace(namespace);
  if (!rules) {
    // The channel's alphabet is checked above, so its namespace may stand in a log line.
    return refuse(
      PROTOCOL_ERRORS.unknownChannel,
      `namespace: expected one that is registered, got "${namespace}"`,
    );
  }
  if (user === '' && !rules.anonymous) {
    return refuse(PROTOCOL_ERRORS.permissionDenied, 'connection: expected one with a user, got one without');
  }
  if (rules.subscribe === 'user-limited' && !namesUser(channel, user)) {
    return refuse(PROTOCOL_ERRORS.permissionDenied, 'channel: expected one that names the user, got another');
  }
  return { rules };
}
