import { PROTOCOL_ERRORS } from '../../../contract/codes';
import { type HistoryPage, MAX_HISTORY, publicationOf } from '../delivery/channels';
import type { Command, Position } from '../protocol/commands';
import { type Answer, refuse } from './answer';
import type { CommandParts } from './parts';
import { permitUse } from './permission';
import type { Sender } from './sender';

type HistoryCommand = Extract<Command, { kind: 'history' }>;

/** Most publications to answer. A negative limit leaves it to the server. */
function countOf(limit: number): number {
  return limit < 0 ? MAX_HISTORY : Math.min(limit, MAX_HISTORY);
}

/** Why a position is none of this log: it has another epoch, or lost its end under the client. */
function whyUnknown({ epoch, offset }: Position, page: HistoryPage): string | undefined {
  if (epoch !== '' && epoch !== page.epoch) return 'since.epoch: expected that of the channel, got another';
  if (offset > page.top) return `since.offset: expected at most ${page.top}, got ${offset}`;
  return undefined;
}

/**
 * Reads a page of a channel's publications: of those that its namespace keeps, as many as fit into a reply. Rejects where
 * Redis or the registry fails.
 */
export async function serveHistory(
  parts: Pick<CommandParts, 'registry' | 'connections' | 'channels' | 'clock'>,
  sender: Pick<Sender, 'connection' | 'user'>,
  { id, channel, limit, since, reverse }: HistoryCommand,
): Promise<Answer> {
  const found = await permitUse(parts, sender, channel, ({ history }) => history);
  if ('result' in found) return found;
  const { historySize } = found.rules;
  if (historySize === 0) {
    return refuse(PROTOCOL_ERRORS.notAvailable, 'historySize: expected at least 1, got 0');
  }
  const page = await parts.channels.history(channel, {
    limit: countOf(limit),
    since: since?.offset,
    reverse,
    newest: historySize,
  });
  const unknown = since && whyUnknown(since, page);
  if (unknown !== undefined) return refuse(PROTOCOL_ERRORS.unrecoverablePosition, unknown);
  return {
    result: 'reply',
    reply: {
      id,
      history: { publications: page.entries.map(publicationOf), epoch: page.epoch, offset: page.top },
    },
  };
}
