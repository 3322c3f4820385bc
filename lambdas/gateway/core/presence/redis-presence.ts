import type { ClientInfo } from '../../../contract/frames';
import { CONNECTION_TTL_SECONDS } from '../connections/connection';
import { channelKeys } from '../keys';
import type { Clock } from '../ports';
import { type RedisScript, ScriptResultError, type ScriptRunner, textList } from '../redis-script';
import {
  type Arrival,
  type Attendance,
  MAX_LIST_BYTES,
  type PendingEvents,
  type Presence,
  type PresenceEvent,
  type Stir,
} from './presence';
import { appear } from './scripts/appear';
import { forgetEvents, readEvents } from './scripts/events';
import { counts, members } from './scripts/members';
import { vanish } from './scripts/vanish';

/** As many as one call of the bus takes. */
const EVENTS_AT_ONCE = 10;

const EVENT_KINDS = ['subscribed', 'unsubscribed', 'occupied', 'vacated'] as const;

function rosterKeys(channel: string): readonly string[] {
  const { meta, members, users, leases, moves, events } = channelKeys(channel);
  return [meta, members, users, leases, moves, events];
}

/** The info as it is stored: its user first, without the client, whose field it is. */
function storedInfo({ client: _, user, ...more }: ClientInfo): string {
  return JSON.stringify({ user, ...more });
}

/** Own text: `storedInfo` and the scripts wrote it. */
function infoOf(text: string): ClientInfo {
  return JSON.parse(text) as ClientInfo;
}

function stirOf([partitions, written]: readonly string[]): Stir {
  return { partitions: Number(partitions), events: written === '1' };
}

function eventOf(id: string, fields: readonly string[]): PresenceEvent {
  const named = new Map<string, string>();
  for (let index = 0; index + 1 < fields.length; index += 2) {
    named.set(fields[index] ?? '', fields[index + 1] ?? '');
  }
  const kind = EVENT_KINDS.find((known) => known === named.get('event'));
  if (kind === undefined) throw new ScriptResultError(readEvents, EVENT_KINDS.join(' or '), undefined);
  const [client, nonce, info, generation] = ['client', 'nonce', 'info', 'generation'].map((name) =>
    named.get(name),
  );
  return {
    id,
    kind,
    at: Number(named.get('at')),
    ...(client !== undefined && nonce !== undefined && info !== undefined
      ? { of: { connection: client, nonce, info: { ...infoOf(info), client } } }
      : {}),
    ...(generation === undefined ? {} : { generation: Number(generation) }),
  };
}

/** Presence in Redis. */
export class RedisPresence implements Presence {
  readonly #scripts: ScriptRunner;
  readonly #clock: Clock;

  constructor(scripts: ScriptRunner, clock: Clock) {
    this.#scripts = scripts;
    this.#clock = clock;
  }

  async appear(channel: string, { connection, nonce, info, lifecycle, listens }: Arrival): Promise<Stir> {
    const ends = this.#clock.now() + CONNECTION_TTL_SECONDS * 1000;
    return stirOf(
      await this.#run(appear, channel, [
        connection,
        nonce,
        JSON.stringify(info.user),
        storedInfo(info),
        ends,
        lifecycle ? 'l' : '',
        listens ? 'j' : '',
      ]),
    );
  }

  async vanish(channel: string, { connection, nonce }: Attendance): Promise<Stir> {
    return stirOf(await this.#run(vanish, channel, [connection, nonce]));
  }

  async members(channel: string) {
    const answer = await this.#run(members, channel, [MAX_LIST_BYTES]);
    const [result, ...infos] = answer.slice(2);
    return { ...stirOf(answer), listed: result === 'listed' ? infos.map(infoOf) : undefined };
  }

  async counts(channel: string) {
    const answer = await this.#run(counts, channel, []);
    const [clients, users] = answer.slice(2);
    return { ...stirOf(answer), clients: Number(clients), users: Number(users) };
  }

  async pendingEvents(channel: string, of: Attendance | undefined): Promise<PendingEvents> {
    const keys = channelKeys(channel);
    const args = [EVENTS_AT_ONCE, of?.connection ?? '', of?.nonce ?? ''];
    const answer = await this.#scripts.run(readEvents, [keys.members, keys.events], args);
    const [present, more, ...entries] = textList(readEvents, answer);
    const events: PresenceEvent[] = [];
    for (let index = 0; index + 1 < entries.length; index += 2) {
      const [id = '', fields = '[]'] = entries.slice(index, index + 2);
      events.push(eventOf(id, JSON.parse(fields) as readonly string[]));
    }
    return { events, more: more !== '0', present: present === '1' };
  }

  async forgetEvents(channel: string, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#scripts.run(forgetEvents, [channelKeys(channel).events], ids);
  }

  async #run(script: RedisScript, channel: string, args: readonly (string | number)[]) {
    const keys = rosterKeys(channel);
    return textList(script, await this.#scripts.run(script, keys, [this.#clock.now(), ...args]));
  }
}
