import { randomBytes } from 'node:crypto';
import { systemClock } from '../clock';
import { connectionKey, inboxKey } from '../keys';
import type { Clock } from '../ports';
import { ScriptResultError, type ScriptRunner, textList } from '../redis-script';
import {
  CONNECTION_TTL_SECONDS,
  type Connection,
  type ConnectionState,
  type Connections,
  HOLD_MS,
  type HoldResult,
  type Identity,
  MAX_SUBSCRIPTIONS,
  type Membership,
  TOMBSTONE_TTL_SECONDS,
} from './connection';
import { close } from './scripts/close';
import { connect } from './scripts/connect';
import { drop } from './scripts/drop';
import { hold } from './scripts/hold';
import { leaveChannel } from './scripts/leave';
import { nextSeq } from './scripts/next-seq';
import { FIXED_FIELDS, open } from './scripts/open';
import { openedAt } from './scripts/opened-at';
import { readConnection } from './scripts/read';
import { settle } from './scripts/settle';

// Subscriptions are fields beside the fixed ones, so their names need a prefix.
const SUBSCRIPTION = 's:';
const MEMBERSHIP = /^(?:x:)?([^:]*):([^:]*)(?::\d+)?$/;
const SETTLED = /^(\d+):([^:]*)(?::\d+)?$/;

const STATES: readonly ConnectionState[] = ['pending', 'connected', 'closed'];
const HOLD_RESULTS: readonly HoldResult[] = ['held', 'subscribed', 'leaving', 'limit', 'closed', 'absent'];
const CONNECT_RESULTS = ['connected', 'repeated', 'closed', 'absent'] as const;
const DROP_RESULTS = ['dropped', 'other', 'absent'] as const;

function membershipOf(channel: string, partition: string, nonce: string): Membership {
  return { channel, partition: partition === '?' ? undefined : Number(partition), nonce };
}

function parseChannels(json: string | undefined): readonly string[] {
  if (!json) return [];
  const value: unknown = JSON.parse(json);
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** A connection from the fields state, user, channels, hand and exp of its hash. */
export function connectionOf([state, user = '', channels, hand, exp]: readonly string[]): Connection {
  return {
    state: STATES.find((known) => known === state) ?? 'absent',
    identity: { user, channels: parseChannels(channels), expiresAt: Number(exp) },
    mayConnectAgain: hand === '1',
  };
}

function membershipsOf(fields: readonly string[], pattern = MEMBERSHIP): readonly Membership[] {
  const memberships: Membership[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const field = fields[index] ?? '';
    const parts = pattern.exec(fields[index + 1] ?? '');
    if (!field.startsWith(SUBSCRIPTION) || parts === null) continue;
    memberships.push(membershipOf(field.slice(SUBSCRIPTION.length), parts[1] ?? '', parts[2] ?? ''));
  }
  return memberships;
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
    const channels = identity && identity.channels.length > 0 ? JSON.stringify(identity.channels) : '';
    const opened = await this.#scripts.run(
      open,
      [connectionKey(connection)],
      [
        awaitsConnect ? 'pending' : 'connected',
        identity?.user ?? '',
        identity?.expiresAt ?? 0,
        channels,
        identity ? '1' : '',
        CONNECTION_TTL_SECONDS,
        this.#clock.now(),
      ],
    );
    return opened === 1;
  }

  async connect(connection: string, identity: Identity, nonce: string) {
    const result = await this.#scripts.run(
      connect,
      [connectionKey(connection)],
      [identity.user, identity.expiresAt, nonce],
    );
    const known = CONNECT_RESULTS.find((name) => name === result);
    if (known === undefined) throw new ScriptResultError(connect, CONNECT_RESULTS.join(' or '), result);
    return known;
  }

  async nextSeq(connection: string): Promise<number> {
    return Number(await this.#scripts.run(nextSeq, [connectionKey(connection)], []));
  }

  async hold(connection: string, channel: string, nonce: string, now: number): Promise<HoldResult> {
    const result = await this.#scripts.run(
      hold,
      [connectionKey(connection)],
      [SUBSCRIPTION + channel, nonce, now, now + HOLD_MS, FIXED_FIELDS + this.#maxSubscriptions],
    );
    const known = HOLD_RESULTS.find((name) => name === result);
    if (known === undefined) throw new ScriptResultError(hold, HOLD_RESULTS.join(' or '), result);
    return known;
  }

  async settle(
    connection: string,
    { channel, nonce, partition }: Membership,
    startOffset: number,
  ): Promise<'settled' | 'lost'> {
    const result = await this.#scripts.run(
      settle,
      [connectionKey(connection)],
      [SUBSCRIPTION + channel, nonce, partition ?? '?', startOffset],
    );
    return result === 'settled' ? 'settled' : 'lost';
  }

  async leave(connection: string, channel: string, until: number): Promise<Membership | undefined> {
    const [partition, nonce] = textList(
      leaveChannel,
      await this.#scripts.run(leaveChannel, [connectionKey(connection)], [SUBSCRIPTION + channel, until]),
    );
    return partition === undefined || nonce === undefined
      ? undefined
      : membershipOf(channel, partition, nonce);
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

  async memberships(connection: string): Promise<readonly Membership[]> {
    const fields = await this.#scripts.run(readConnection, [connectionKey(connection)], []);
    return membershipsOf(textList(readConnection, fields), SETTLED);
  }

  async close(connection: string): Promise<readonly Membership[]> {
    const fields = await this.#scripts.run(
      close,
      [connectionKey(connection), inboxKey(connection)],
      [TOMBSTONE_TTL_SECONDS],
    );
    return membershipsOf(textList(close, fields));
  }
}
