import { PROTOCOL_ERRORS } from '../../../contract/codes';
import { RPC_METHOD } from '../../../contract/registry';
import type { Command } from '../protocol/commands';
import { type Answer, refuse } from './answer';
import { putEnvelope } from './envelopes';
import type { CommandParts } from './parts';
import type { Sender } from './sender';

type RpcCommand = Extract<Command, { kind: 'rpc' }>;

/**
 * Puts an rpc on the bus; its service answers, by a post that is counted here. Rejects where the bus, the signing key, Redis or the registry fails.
 */
export async function serveRpc(
  parts: CommandParts,
  sender: Sender,
  { id, method, data }: RpcCommand,
): Promise<Answer> {
  const service = await parts.registry.serviceOf(method);
  if (service === undefined) {
    return refuse(
      PROTOCOL_ERRORS.methodNotFound,
      `method: expected one that is registered, got ${nameForLog(method)}`,
    );
  }
  const issuedAt = parts.clock.now();
  const answer = await putEnvelope(parts, sender, {
    kind: 'rpc',
    service,
    method,
    commandId: id,
    data,
    issuedAt,
    deadline: issuedAt + parts.rpcTimeoutMs,
  });
  if (answer.result === 'later') parts.postCount.add();
  return answer;
}

/** A client's text may stand in a log line only where it could be a name. */
function nameForLog(method: string): string {
  return RPC_METHOD.test(method) ? method : `${method.length} characters that are no name`;
}
