import { randomUUID } from 'node:crypto';
import { PROTOCOL_ERRORS } from '../../../contract/codes';
import { MAX_PUBLICATION_BYTES, publicationBytes } from '../../../contract/delivery';
import { GATEWAY_SERVICE } from '../../../contract/registry';
import type { Command } from '../protocol/commands';
import { type Answer, refuse } from './answer';
import { rulesOf } from './namespace';
import type { CommandParts } from './parts';

type PublishCommand = Extract<Command, { kind: 'publish' }>;

/** Who sends a command, and its trace. */
export interface Sender {
  readonly connection: string;
  readonly user: string;
  readonly traceparent: string;
}

/**
 * Puts a client's publication on the deliveries queue; a courier answers once it is in the log. Rejects where the queue or
 * the registry fails.
 */
export async function servePublish(
  parts: CommandParts,
  sender: Sender,
  { id, channel, data }: PublishCommand,
): Promise<Answer> {
  const found = await rulesOf(parts.registry, channel, sender.user);
  if ('result' in found) return found;
  if (found.rules.publish !== 'direct') {
    return refuse(PROTOCOL_ERRORS.permissionDenied, `publish: expected direct, got ${found.rules.publish}`);
  }
  if (data === undefined) return refuse(PROTOCOL_ERRORS.badRequest, 'data: expected any JSON, got none');
  const info = { user: sender.user, client: sender.connection };
  const bytes = publicationBytes({ data, info });
  if (bytes > MAX_PUBLICATION_BYTES) {
    return refuse(
      PROTOCOL_ERRORS.badRequest,
      `publication: expected at most ${MAX_PUBLICATION_BYTES} bytes, got ${bytes}`,
    );
  }
  await parts.deliveries.send({
    v: 1,
    type: 'publication',
    channel,
    data,
    // The protocol has no key of the client's own, and plain clients may use an id twice.
    idempotencyKey: randomUUID(),
    source: GATEWAY_SERVICE,
    publishedAt: parts.clock.now(),
    traceparent: sender.traceparent,
    info,
    reply: { client: sender.connection, id, kind: 'publish' },
  });
  return { result: 'later' };
}
