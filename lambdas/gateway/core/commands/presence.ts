import { PROTOCOL_ERRORS } from '../../../contract/codes';
import type { Command } from '../protocol/commands';
import { type Answer, type Refusal, refuse } from './answer';
import type { CommandParts } from './parts';
import { permitUse } from './permission';
import type { Sender } from './sender';

type PresenceCommand = Extract<Command, { kind: 'presence' }>;
type StatsCommand = Extract<Command, { kind: 'presence_stats' }>;
type Parts = Pick<CommandParts, 'registry' | 'connections' | 'roster' | 'clock'>;
type Asker = Pick<Sender, 'connection' | 'user'>;

/** Why a client may not know who is in a channel; undefined where it may. */
async function refusalOf(parts: Parts, sender: Asker, channel: string): Promise<Refusal | undefined> {
  const found = await permitUse(parts, sender, channel, ({ presenceFor }) => presenceFor);
  if ('result' in found) return found;
  if (found.rules.presence) return undefined;
  return refuse(PROTOCOL_ERRORS.notAvailable, 'presence: expected a namespace with it, got one without');
}

/** Lists who is in a channel. Rejects where Redis or the registry fails. */
export async function servePresence(
  parts: Parts,
  sender: Asker,
  { id, channel }: PresenceCommand,
): Promise<Answer> {
  const refusal = await refusalOf(parts, sender, channel);
  if (refusal) return refusal;
  const listed = await parts.roster.members(channel);
  if (listed === undefined) {
    return refuse(
      PROTOCOL_ERRORS.notAvailable,
      'presence: expected members that can be listed, got too many',
    );
  }
  const presence = Object.fromEntries(listed.map((info) => [info.client, info]));
  return { result: 'reply', reply: { id, presence: { presence } } };
}

/** Counts who is in a channel, however many they are. Rejects where Redis or the registry fails. */
export async function servePresenceStats(
  parts: Parts,
  sender: Asker,
  { id, channel }: StatsCommand,
): Promise<Answer> {
  const refusal = await refusalOf(parts, sender, channel);
  if (refusal) return refusal;
  const { clients, users } = await parts.roster.counts(channel);
  return { result: 'reply', reply: { id, presence_stats: { num_clients: clients, num_users: users } } };
}
