import { randomBytes } from 'node:crypto';
import { CONNECTION_TTL_SECONDS } from '../connections/connection';
import { partitionKey } from '../keys';
import { ScriptResultError, type ScriptRunner, textList } from '../redis-script';
import {
  type Begun,
  type Commit,
  type Committed,
  type Left,
  type Member,
  type MemberState,
  type Partitions,
  type PartitionView,
  WAKE_RENEWAL_MS,
} from './partitions';
import { activate } from './scripts/activate';
import { announce } from './scripts/announce';
import { begin } from './scripts/begin';
import { commit as commitScript } from './scripts/commit';
import { join } from './scripts/join';
import { leave } from './scripts/leave';
import { mark } from './scripts/mark';

// Members are fields beside the partition's own ones, so their names need a prefix.
const MEMBER = 'm:';

// No member joins for longer than its connection lives.
const PARTITION_TTL_SECONDS = CONNECTION_TTL_SECONDS;

const STATE_CODES: Readonly<Record<MemberState, string>> = {
  active: 'a',
  behind: 'b',
  pending: 'p',
  stale: 's',
  unsubscribing: 'u',
  closing: 'x',
};
const STATES = new Map(
  (Object.entries(STATE_CODES) as [MemberState, string][]).map(([state, code]) => [code, state]),
);
const ACTIVATIONS = ['active', 'wake', 'missing', 'told'] as const;

/** A member's field value: `<nonce>|<state>|<offset>|<until>|<s for server-side>`; scripts read it too. */
function memberValue(member: Member): string {
  const until = member.state === 'active' ? '' : member.until;
  const kind = member.serverSide ? 's' : '';
  return `${member.nonce}|${STATE_CODES[member.state]}|${member.offset ?? ''}|${until}|${kind}`;
}

function memberOf(connection: string, value: string): Member | undefined {
  const [nonce = '', code = '', offset, until, kind] = value.split('|');
  const state = STATES.get(code);
  if (state === undefined) return undefined;
  return {
    connection,
    nonce,
    state,
    offset: offset ? Number(offset) : undefined,
    until: Number(until ?? 0),
    serverSide: kind === 's',
  };
}

function viewOf(fields: readonly string[]): PartitionView {
  const own = new Map<string, string>();
  const members: Member[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [field = '', value = ''] = fields.slice(index, index + 2);
    const member = field.startsWith(MEMBER) ? memberOf(field.slice(MEMBER.length), value) : undefined;
    if (member === undefined) own.set(field, value);
    else members.push(member);
  }
  return {
    epoch: own.get('epoch') ?? '',
    cursor: Number(own.get('cursor') ?? 0),
    unclean: own.has('fly'),
    members,
  };
}

/** Delivery partitions in Redis. */
export class RedisPartitions implements Partitions {
  readonly #scripts: ScriptRunner;

  constructor(scripts: ScriptRunner) {
    this.#scripts = scripts;
  }

  async join(channel: string, partition: number, member: Member, position: { epoch: string; top: number }) {
    const result = await this.#scripts.run(
      join,
      [partitionKey(channel, partition)],
      [MEMBER + member.connection, memberValue(member), position.epoch, position.top, PARTITION_TTL_SECONDS],
    );
    return result === 'joined' ? 'joined' : 'epoch';
  }

  async activate(channel: string, partition: number, connection: string, nonce: string, now: number) {
    const result = await this.#scripts.run(
      activate,
      [partitionKey(channel, partition)],
      [MEMBER + connection, nonce, now],
    );
    const known = ACTIVATIONS.find((name) => name === result);
    if (known === undefined) throw new ScriptResultError(activate, ACTIVATIONS.join(' or '), result);
    return known;
  }

  async leave(channel: string, partition: number, connection: string, nonce: string): Promise<Left> {
    const [removed, token, until] = textList(
      leave,
      await this.#scripts.run(leave, [partitionKey(channel, partition)], [MEMBER + connection, nonce]),
    );
    return { removed: removed === '1', drain: token ? { token, until: Number(until) } : undefined };
  }

  async begin(
    channel: string,
    partition: number,
    token: string,
    now: number,
    deadline: number,
  ): Promise<Begun> {
    const [result, ...fields] = textList(
      begin,
      await this.#scripts.run(
        begin,
        [partitionKey(channel, partition)],
        [token, now, deadline, PARTITION_TTL_SECONDS],
      ),
    );
    if (result === 'held') return { result, view: viewOf(fields) };
    return { result: result === 'none' ? 'none' : 'busy' };
  }

  async announce(channel: string, partition: number, token: string, top: number): Promise<boolean> {
    return (await this.#scripts.run(announce, [partitionKey(channel, partition)], [token, top])) === 1;
  }

  async commit(
    channel: string,
    partition: number,
    token: string,
    now: number,
    commit: Commit,
  ): Promise<Committed> {
    const [result, dirty, removed] = textList(
      commitScript,
      await this.#scripts.run(
        commitScript,
        [partitionKey(channel, partition)],
        [
          token,
          commit.epoch,
          commit.cursor,
          commit.posted ? now : '',
          now,
          ...commit.changes.flatMap((member) => [
            MEMBER + member.connection,
            member.nonce,
            memberValue(member),
          ]),
          ...commit.removals.flatMap((member) => [MEMBER + member.connection, member.nonce, '']),
        ],
      ),
    );
    if (result !== 'committed') return { result: 'lost' };
    return { result: 'committed', dirty: dirty === '1', removed: Number(removed) };
  }

  async mark(channel: string, partition: number, now: number): Promise<boolean> {
    const token = randomBytes(6).toString('base64url');
    const args = [now, WAKE_RENEWAL_MS, token];
    return (await this.#scripts.run(mark, [partitionKey(channel, partition)], args)) === 1;
  }
}
