import type { Command } from '../protocol/commands';
import type { Answer } from './answer';
import { putEnvelope } from './envelopes';
import type { CommandParts } from './parts';
import type { Sender } from './sender';

type SendCommand = Extract<Command, { kind: 'send' }>;

/** Puts a client's message on the bus, for the service that the configuration names. Rejects where the bus or Redis fails. */
export async function serveSend(parts: CommandParts, sender: Sender, { data }: SendCommand): Promise<Answer> {
  const { sendService: service, clock, log } = parts;
  if (service === undefined) {
    log('info', 'message without a service ignored', { connection: sender.connection });
    return { result: 'later' };
  }
  return putEnvelope(parts, sender, { kind: 'send', service, data, issuedAt: clock.now() });
}
