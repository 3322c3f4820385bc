import { randomUUID } from 'node:crypto';
import { PROTOCOL_ERRORS } from '../../../contract/codes';
import { publicationBytes } from '../../../contract/delivery';
import { GATEWAY_SERVICE } from '../../../contract/registry';
import type { Command } from '../protocol/commands';
import { type Answer, refuse } from './answer';
import type { CommandParts } from './parts';
import { permitUse } from './permission';
import { clientInfo, type Sender } from './sender';

type PublishCommand = Extract<Command, { kind: 'publish' }>;

/**
 * Puts a client's publication on the deliveries queue; a courier answers once it is in the log. Rejects where the queue or
 * the registry fails.
 */
export async function servePublish(
  parts: CommandParts,
  sender: Sender,
  { id, channel, data }: PublishCommand,
): Promise<Answer> {
  const found = await permitUse(parts, sender, channel, () => 'permitted');
  if ('result' in found) return found;
  const { rules } = found;
  if (rules.publish !== 'direct') {
    return refuse(PROTOCOL_ERRORS.permissionDenied, `publish: expected direct, got ${rules.publish}`);
  }
  if (data === undefined) return refuse(PROTOCOL_ERRORS.badRequest, 'data: expected any JSON, got none');
  const info = clientInfo(sender, found.membership?.traits.info);
  const bytes = publicationBytes({ data, info });
  if (bytes > rules.publicationBytes) {
    const reason = `publication: expected at most ${rules.publicationBytes} bytes, got ${bytes}`;
    const { code, message } = PROTOCOL_ERRORS.badRequest;
    return refuse({ code, message: `${message}: ${reason}` }, reason);
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
