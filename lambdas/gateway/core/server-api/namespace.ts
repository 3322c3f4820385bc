import { namespaceOf } from '../../../contract/channel';
import { PROTOCOL_ERRORS } from '../../../contract/codes';
import type { NamespaceRules } from '../../../contract/registry';
import { type ApiError, refused } from './answer';
import type { ServerApiParts } from './ports';

/**
 * The rules of a channel's namespace; one that is not known is looked for once more, since it may be new. Rejects where the
 * registry was never readable.
 */
export async function rulesFor(
  registry: ServerApiParts['registry'],
  channel: string,
): Promise<{ readonly rules: NamespaceRules } | { readonly error: ApiError }> {
  const namespace = namespaceOf(channel);
  let rules = await registry.namespace(namespace);
  if (rules === undefined) {
    await registry.refresh();
    rules = await registry.namespace(namespace);
  }
  if (rules !== undefined) return { rules };
  return refused(
    PROTOCOL_ERRORS.unknownChannel,
    `namespace: expected one that is registered, got "${namespace}"`,
  );
}
