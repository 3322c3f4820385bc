import { PROTOCOL_ERRORS } from '../../../contract/codes';
import type { ClientInfo, Publication } from '../../../contract/frames';
import type { JsonObject } from '../../../contract/json';
import type { NamespaceRules } from '../../../contract/registry';
import { MAX_HISTORY, publicationOf } from '../delivery/channels';
import { type ApiAnswer, DONE, refused } from './answer';
import { rulesFor } from './namespace';
import type { ServerApiParts } from './ports';
import type { Request } from './requests';

type Parts = Pick<ServerApiParts, 'registry' | 'presence' | 'logs'>;

/** Lists who is in a channel. */
export async function presence(parts: Parts, { channel }: Request<'presence'>): Promise<ApiAnswer> {
  const refusal = await whyUnlisted(parts, channel);
  if (refusal) return refusal;
  const members = await parts.presence.members(channel);
  if (members === undefined) {
    return refused(
      PROTOCOL_ERRORS.notAvailable,
      'presence: expected members that can be listed, got too many; presence_stats counts them',
    );
  }
  return { result: { presence: Object.fromEntries(members.map((info) => [info.client, infoOf(info)])) } };
}

/** Counts who is in a channel. */
export async function presenceStats(parts: Parts, { channel }: Request<'presence'>): Promise<ApiAnswer> {
  const refusal = await whyUnlisted(parts, channel);
  if (refusal) return refusal;
  const { clients, users } = await parts.presence.counts(channel);
  return { result: { num_clients: clients, num_users: users } };
}

/** A page of a channel's publications, as clients get it. */
export async function history(parts: Parts, request: Request<'history'>): Promise<ApiAnswer> {
  const { channel, limit, since, reverse } = request;
  const kept = await keptBy(parts, channel);
  if ('error' in kept) return kept;
  const page = await parts.logs.history(channel, {
    limit: limit < 0 ? MAX_HISTORY : Math.min(limit, MAX_HISTORY),
    since: since?.offset,
    reverse,
    newest: kept.rules.historySize,
  });
  if (since !== undefined && (since.offset > page.top || !['', page.epoch].includes(since.epoch))) {
    return refused(
      PROTOCOL_ERRORS.unrecoverablePosition,
      `since: expected a position of this channel up to offset ${page.top}, got another`,
    );
  }
  const publications = page.entries.map((entry) => publicationFields(publicationOf(entry)));
  return { result: { publications, offset: page.top, epoch: page.epoch } };
}

/** Forgets a channel's publications. */
export async function historyRemove(
  parts: Parts,
  { channel }: Request<'history_remove'>,
): Promise<ApiAnswer> {
  const kept = await keptBy(parts, channel);
  if ('error' in kept) return kept;
  await parts.logs.removeHistory(channel);
  return DONE;
}

async function whyUnlisted({ registry }: Parts, channel: string): Promise<ApiAnswer | undefined> {
  const found = await rulesFor(registry, channel);
  if ('error' in found) return found;
  if (found.rules.presence) return undefined;
  return refused(PROTOCOL_ERRORS.notAvailable, 'presence: expected a namespace with it, got one without');
}

async function keptBy({ registry }: Parts, channel: string) {
  const found: { rules: NamespaceRules } | Extract<ApiAnswer, { error: unknown }> = await rulesFor(
    registry,
    channel,
  );
  if ('error' in found || found.rules.historySize > 0) return found;
  return refused(PROTOCOL_ERRORS.notAvailable, 'historySize: expected at least 1, got 0');
}

function infoOf({ user, client, conn_info, chan_info }: ClientInfo): JsonObject {
  return {
    client,
    user,
    ...(conn_info === undefined ? {} : { conn_info }),
    ...(chan_info === undefined ? {} : { chan_info }),
  };
}

function publicationFields({ offset, data, info }: Publication): JsonObject {
  return { offset, data, ...(info === undefined ? {} : { info: infoOf(info) }) };
}
