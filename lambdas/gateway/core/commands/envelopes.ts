import { randomUUID } from 'node:crypto';
import { PROTOCOL_ERRORS } from '../../../contract/codes';
import type { UnsignedEnvelope } from '../../../contract/envelope';
import { type Answer, refuse } from './answer';
import type { CommandParts } from './parts';
import { parseInfo, type Sender } from './sender';

type Filled = 'v' | 'id' | 'seq' | 'client' | 'user' | 'info' | 'traceparent';

/** What an envelope of a kind has of its own. */
type OwnFields<Kind> = Kind extends UnsignedEnvelope ? Omit<Kind, Filled> : never;

/**
 * Puts a command on the bus; its service answers. Rejects where the bus, the signing key or Redis fails.
 */
export async function putEnvelope(
  { bus, connections, registry }: Pick<CommandParts, 'bus' | 'connections' | 'registry'>,
  { connection, user, info, traceparent }: Sender,
  fields: OwnFields<UnsignedEnvelope>,
): Promise<Answer> {
  const seq = await connections.nextSeq(connection);
  if (seq === 0) return refuse(PROTOCOL_ERRORS.internal, 'connection: expected its state, got none');
  const queueUrl = await registry.queueOf(fields);
  const envelope: UnsignedEnvelope = {
    v: 1,
    id: randomUUID(),
    seq,
    client: connection,
    user,
    ...(info ? { info: parseInfo(info) } : {}),
    traceparent,
    ...fields,
  };
  await bus.put(envelope, queueUrl);
  return { result: 'later' };
}
