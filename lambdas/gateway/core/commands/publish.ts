import { randomUUID } from 'node:crypto';
import { PROTOCOL_ERRORS } from '../../../contract/codes';
import { publicationBytes } from '../../../contract/delivery';
import type { JsonValue } from '../../../contract/json';
import { GATEWAY_SERVICE } from '../../../contract/registry';
import type { Command } from '../protocol/commands';
import { type Answer, refuse } from './answer';
import { putEnvelope } from './envelopes';
import type { CommandParts } from './parts';
import { permitUse } from './permission';
import { clientInfo, parseInfo, type Sender } from './sender';

type PublishCommand = Extract<Command, { kind: 'publish' }>;

/**
 * Puts a client's publication on the deliveries queue, whose courier answers once it is in the log; or on the bus, for the
 * service that decides about it. Rejects where the queue, the bus, the registry or Redis fails.
 */
export async function servePublish(
  parts: CommandParts,
  sender: Sender,
  command: PublishCommand,
): Promise<Answer> {
  const { id, channel, data } = command;
  const found = await permitUse(parts, sender, channel, () => 'permitted');
  if ('result' in found) return found;
  const { rules, membership } = found;
  if (rules.publish === 'off') {
    return refuse(PROTOCOL_ERRORS.permissionDenied, 'publish: expected direct or service, got off');
  }
  if (data === undefined) return refuse(PROTOCOL_ERRORS.badRequest, 'data: expected any JSON, got none');
  const channelInfo = membership?.traits.info;
  const info = clientInfo(sender, channelInfo);
  const bytes = publicationBytes({ data, info });
  if (bytes > rules.publicationBytes) return tooLarge(rules.publicationBytes, bytes);
  if (rules.publish === 'service')
    return toService(parts, sender, { id, channel, data, channelInfo }, rules.owner);
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

function tooLarge(most: number, bytes: number): Answer {
  const reason = `publication: expected at most ${most} bytes, got ${bytes}`;
  const { code, message } = PROTOCOL_ERRORS.badRequest;
  return refuse({ code, message: `${message}: ${reason}` }, reason);
}

interface Publication {
  readonly id: number;
  readonly channel: string;
  readonly data: JsonValue;
  readonly channelInfo: string | undefined;
}

async function toService(
  parts: CommandParts,
  sender: Sender,
  { id, channel, data, channelInfo }: Publication,
  service: string | undefined,
): Promise<Answer> {
  if (service === undefined) {
    return refuse(
      PROTOCOL_ERRORS.permissionDenied,
      'namespace: expected one of a service, got one of the gateway',
    );
  }
  const issuedAt = parts.clock.now();
  return putEnvelope(parts, sender, {
    kind: 'publish',
    service,
    channel,
    commandId: id,
    data,
    ...(channelInfo === undefined ? {} : { channelInfo: parseInfo(channelInfo) }),
    issuedAt,
    deadline: issuedAt + parts.rpcTimeoutMs,
  });
}
