import { randomBytes } from 'node:crypto';
import { isJsonObject, type JsonValue } from '../../../contract/json';
import { systemClock } from '../clock';
import { connectionKey, inboxKey } from '../keys';
import type { Clock } from '../ports';
import { ScriptResultError, type ScriptRunner, textList } from '../redis-script';
import {
  type Claimed,
  type Closed,
  CONNECTION_TTL_SECONDS,
  type Connection,
  type ConnectionState,
  type Connections,
  type ConnectionView,
  HOLD_MS,
  type HoldResult,
  type Identity,
  MAX_SUBSCRIPTIONS,
  type Membership,
  type Permission,
  type Question,
  type SubscriptionOptions,
  TOMBSTONE_TTL_SECONDS,
} from './connection';
import { claim } from './scripts/claim';
import { close } from './scripts/close';
import { connect } from './scripts/connect';
import { departed } from './scripts/departed';
import { drop } from './scripts/drop';
import { hold } from './scripts/hold';
import { hush } from './scripts/hush';
import { leaveChannel } from './scripts/leave';
import { nextSeq } from './scripts/next-seq';
import { open } from './scripts/open';
import { openedAt } from './scripts/opened-at';
import { readConnection } from './scripts/read';
import { readSubscription } from './scripts/read-subscription';
import { refresh } from './scripts/refresh';
import { renewSubscription } from './scripts/renew';
import { settle } from './scripts/settle';
import { wasConnected } from './scripts/was-connected';
import {
  FLAGS,
  SUBSCRIPTION,
  subscriptionRecord,
  subscriptionRecords,
  traitsText,
} from './subscription-record';

const STATES: readonly ConnectionState[] = ['pending', 'connected', 'closed'];
const HOLD_RESULTS: readonly HoldResult[] = ['held', 'subscribed', 'leaving', 'limit', 'closed', 'absent'];
const CONNECT_RESULTS = ['connected', 'repeated', 'closed', 'absent'] as const;
const DROP_RESULTS = ['dropped', 'other', 'absent'] as const;

type ServerSide = Pick<Identity, 'channels' | 'subs'>;

/** Server-side subscriptions as they are stored: a list of names, or an object by name where the token adds to them. */
function serverSideText({ channels, subs }: ServerSide): string {
  if (channels.length === 0) return '';
  if (subs === undefined || subs.size === 0) return JSON.stringify(channels);
  return JSON.stringify(Object.fromEntries(channels.map((name) => [name, subs.get(name) ?? {}])));
}

function parseServerSide(json: string | undefined): ServerSide {
  const value: unknown = json ? JSON.parse(json) : [];
  if (Array.isArray(value)) return { channels: value.filter((item) => typeof item === 'string') };
  if (!isJsonObject(value)) return { channels: [] };
  const subs = Object.entries(value).map(([name, options]) => [name, optionsOf(options)] as const);
  return {
    channels: Object.keys(value),
    subs: new Map(subs.filter(([, options]) => Object.keys(options).length > 0)),
  };
}

function optionsOf(value: JsonValue): SubscriptionOptions {
  const { info, data } = isJsonObject(value) ? value : {};
  return { ...(typeof info === 'string' ? { info } : {}), ...(data === undefined ? {} : { data }) };
}

function stateOf(text: string | undefined): ConnectionState {
  return STATES.find((known) => known === text) ?? 'absent';
}

/** The value of a field among fields and values; empty where there is none. */
function fieldOf(fields: readonly string[], name: string): string {
  const index = fields.findIndex((field, at) => at % 2 === 0 && field === name);
  return index < 0 ? '' : (fields[index + 1] ?? '');
}

/** A connection from the fields state, user, channels, hand, exp and info of its hash. */
export function connectionOf([state, user = '', channels, hand, exp, info]: readonly string[]): Connection {
  return {
    state: stateOf(state),
    identity: { user, ...parseServerSide(channels), expiresAt: Number(exp), ...(info ? { info } : {}) },
    mayConnectAgain: hand === '1',
  };
}

/** Connections in Redis. */
export class RedisConnections implements Connections {
  readonly #scripts: ScriptRunner;
  readonly #clock: Clock;
  readonly #maxSubscriptions: number;

  /** @param maxSubscriptions most channels that one connection may subscribe to */
  constructor(
    scripts: ScriptRunner,
    clock: Clock = systemClock,
    maxSubscriptions: number = MAX_SUBSCRIPTIONS,
  ) {
    this.#scripts = scripts;
    this.#clock = clock;
    this.#maxSubscriptions = maxSubscriptions;
  }

  async open(
    connection: string,
    identity: Identity | undefined,
    awaitsConnect = identity === undefined,
  ): Promise<boolean> {
    const opened = await this.#scripts.run(
      open,
      [connectionKey(connection)],
      [
        awaitsConnect ? 'pending' : 'connected',
        identity?.user ?? '',
        identity?.expiresAt ?? 0,
        identity ? serverSideText(identity) : '',
        identity ? '1' : '',
        CONNECTION_TTL_SECONDS,
        this.#clock.now(),
        identity?.info ?? '',
        identity?.issuedAt ?? '',
      ],
    );
    return opened === 1;
  }

  async connect(connection: string, identity: Identity, nonce: string) {
    const result = await this.#scripts.run(
      connect,
      [connectionKey(connection)],
      [identity.user, identity.expiresAt, nonce, identity.info ?? '', identity.issuedAt ?? ''],
    );
    const known = CONNECT_RESULTS.find((name) => name === result);
    if (known === undefined) throw new ScriptResultError(connect, CONNECT_RESULTS.join(' or '), result);
    return known;
  }

  async refresh(connection: string, { user, expiresAt, info, issuedAt }: Identity): Promise<boolean> {
    const args = [user, expiresAt, info ?? '', issuedAt ?? ''];
    return (await this.#scripts.run(refresh, [connectionKey(connection)], args)) === 1;
  }

  async renewSubscription(
    connection: string,
    channel: string,
    { expiresAt, info }: Permission,
  ): Promise<boolean> {
    const args = [SUBSCRIPTION + channel, FLAGS.serverSide, expiresAt, info ?? ''];
    return (await this.#scripts.run(renewSubscription, [connectionKey(connection)], args)) === 1;
  }

  async subscription(connection: string, channel: string): Promise<Membership | undefined> {
    const args = [SUBSCRIPTION + channel];
    const value = await this.#scripts.run(readSubscription, [connectionKey(connection)], args);
    const record = typeof value === 'string' ? subscriptionRecord(channel, value) : undefined;
    return record?.stage === 'settled' ? record : undefined;
  }

  async hush(connection: string, until: number): Promise<void> {
    await this.#scripts.run(hush, [connectionKey(connection)], [until]);
  }

  async nextSeq(connection: string): Promise<number> {
    return Number(await this.#scripts.run(nextSeq, [connectionKey(connection)], []));
  }

  async hold(
    connection: string,
    channel: string,
    nonce: string,
    now: number,
    question?: Question,
  ): Promise<HoldResult> {
    const result = await this.#scripts.run(
      hold,
      [connectionKey(connection)],
      [
        SUBSCRIPTION + channel,
        nonce,
        now,
        now + HOLD_MS,
        this.#maxSubscriptions,
        question ? JSON.stringify(question) : '',
      ],
    );
    const known = HOLD_RESULTS.find((name) => name === result);
    if (known === undefined) throw new ScriptResultError(hold, HOLD_RESULTS.join(' or '), result);
    return known;
  }

  async claim(
    connection: string,
    channel: string,
    question: string,
    nonce: string,
  ): Promise<Claimed | undefined> {
    const until = this.#clock.now() + HOLD_MS;
    const args = [SUBSCRIPTION + channel, question, nonce, until];
    const [user, info, asked] = textList(
      claim,
      await this.#scripts.run(claim, [connectionKey(connection)], args),
    );
    if (user === undefined || asked === undefined) return undefined;
    // Own text, as `hold` wrote it.
    const { recover, joinLeave } = JSON.parse(asked) as Question;
    return { user, info: info === '' ? undefined : info, recover, joinLeave };
  }

  async settle(
    connection: string,
    { channel, nonce, partition, traits }: Membership,
    startOffset: number,
  ): Promise<'settled' | 'lost'> {
    const result = await this.#scripts.run(
      settle,
      [connectionKey(connection)],
      [SUBSCRIPTION + channel, nonce, `${partition ?? '?'}:${nonce}:${startOffset}:${traitsText(traits)}`],
    );
    return result === 'settled' ? 'settled' : 'lost';
  }

  async leave(connection: string, channel: string, until: number): Promise<Membership | undefined> {
    const record = await this.#scripts.run(
      leaveChannel,
      [connectionKey(connection)],
      [SUBSCRIPTION + channel, until],
    );
    return typeof record === 'string' ? subscriptionRecord(channel, record) : undefined;
  }

  async drop(connection: string, channel: string, nonce: string) {
    const result = await this.#scripts.run(
      drop,
      [connectionKey(connection)],
      [SUBSCRIPTION + channel, nonce, randomBytes(6).toString('base64url')],
    );
    const known = DROP_RESULTS.find((name) => name === result);
    if (known === undefined) throw new ScriptResultError(drop, DROP_RESULTS.join(' or '), result);
    return known;
  }

  async openedAt(connection: string): Promise<number | undefined> {
    const at = await this.#scripts.run(openedAt, [connectionKey(connection)], []);
    return typeof at === 'string' && at !== '' ? Number(at) : undefined;
  }

  async view(connection: string): Promise<ConnectionView> {
    const answer = await this.#scripts.run(readConnection, [connectionKey(connection)], []);
    const fields = textList(readConnection, answer);
    return {
      state: stateOf(fieldOf(fields, 'state')),
      openedAt: Number(fieldOf(fields, 'at')),
      expiresAt: Number(fieldOf(fields, 'exp')),
      subscriptions: subscriptionRecords(fields),
    };
  }

  async memberships(connection: string): Promise<readonly Membership[]> {
    const fields = await this.#scripts.run(readConnection, [connectionKey(connection)], []);
    return subscriptionRecords(textList(readConnection, fields)).filter(({ stage }) => stage === 'settled');
  }

  async close(connection: string): Promise<Closed> {
    const answer = await this.#scripts.run(
      close,
      [connectionKey(connection), inboxKey(connection)],
      [TOMBSTONE_TTL_SECONDS],
    );
    const fields = textList(close, answer);
    return {
      user: fieldOf(fields, 'user'),
      opened: fieldOf(fields, 'hand') !== '',
      departed: fieldOf(fields, 'departed') === '1',
      memberships: subscriptionRecords(fields),
    };
  }

  async wasConnected(connection: string): Promise<boolean> {
    return (await this.#scripts.run(wasConnected, [connectionKey(connection)], [])) === 1;
  }

  async departed(connection: string): Promise<void> {
    await this.#scripts.run(departed, [connectionKey(connection)], []);
  }
}
