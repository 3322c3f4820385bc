import { randomBytes } from 'node:crypto';
import { CONNECTION_TTL_SECONDS } from '../connections/connection';
import { partitionKey } from '../keys';
import { ScriptResultError, type ScriptRunner, textList } from '../redis-script';
import type {
  Begun,
  Commit,
  Committed,
  Left,
  Member,
  MemberState,
  Partitions,
  PartitionView,
  Standing,
} from './partitions';
import { activate } from './scripts/activate';
import { announce } from './scripts/announce';
import { begin } from './scripts/begin';
import { commit as commitScript } from './scripts/commit';
import { join, standing } from './scripts/join';
import { land } from './scripts/land';
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
  flying: 'f',
  left: 'l',
};
const STATES = new Map(
  (Object.entries(STATE_CODES) as [MemberState, string][]).map(([state, code]) => [code, state]),
);
const JOINS = ['joined', 'epoch', 'busy'] as const;
const LEAVES = ['removed', 'absent', 'kept'] as const;
const LANDINGS = ['landed', 'removed', 'absent'] as const;
const ACTIVATIONS = ['active', 'wake', 'missing', 'told'] as const;

/** A member's kind: `s` for server-side, `p` for listed, `j` and a number where it is told joins and leaves. */
const KIND = /^(s?)(p?)(?:(j)(\d*))?$/;

function kindText({ serverSide, listed, moves }: Member): string {
  const told = moves === undefined ? '' : `j${moves === 'cursor' ? '' : moves}`;
  return `${serverSide ? 's' : ''}${listed ? 'p' : ''}${told}`;
}

function kindOf(text = ''): Pick<Member, 'serverSide' | 'listed' | 'moves'> {
  const [, serverSide, listed, told, number] = KIND.exec(text) ?? [];
  return {
    serverSide: serverSide === 's',
    ...(listed === 'p' ? { listed: true } : {}),
    ...(told === 'j' ? { moves: number ? Number(number) : 'cursor' } : {}),
  };
}

/** A member's field value: `<nonce>|<state>|<offset>|<until>|<kind>`; scripts read it too, but for the kind. */
function memberValue(member: Member): string {
  const until = member.state === 'active' ? '' : member.until;
  return `${member.nonce}|${STATE_CODES[member.state]}|${member.offset ?? ''}|${until}|${kindText(member)}`;
}

/** A member from its field value; undefined where it is none. */
export function memberOf(connection: string, value: string): Member | undefined {
  const [nonce = '', code = '', offset, until, kind] = value.split('|');
  const state = STATES.get(code);
  if (state === undefined) return undefined;
  return {
    connection,
    nonce,
    state,
    offset: offset ? Number(offset) : undefined,
    until: Number(until ?? 0),
    ...kindOf(kind),
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
    moves: own.has('moves') ? Number(own.get('moves')) : undefined,
    lastReader: own.get('done') ?? (own.has('made') ? '*' : ''),
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
    const known = JOINS.find((name) => name === result);
    if (known === undefined) throw new ScriptResultError(join, JOINS.join(' or '), result);
    return known;
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
    const key = partitionKey(channel, partition);
    const result = await this.#scripts.run(leave, [key], [MEMBER + connection, nonce]);
    const known = LEAVES.find((name) => name === result);
    if (known === undefined) throw new ScriptResultError(leave, LEAVES.join(' or '), result);
    return known;
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
          commit.moves ?? '',
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

  async land(
    channel: string,
    partition: number,
    now: number,
    { connection, nonce }: Pick<Member, 'connection' | 'nonce'>,
    outcome: Member | undefined,
  ) {
    const value = outcome === undefined ? '' : memberValue(outcome);
    const key = partitionKey(channel, partition);
    const result = await this.#scripts.run(land, [key], [MEMBER + connection, nonce, value, now]);
    const known = LANDINGS.find((name) => name === result);
    if (known === undefined) throw new ScriptResultError(land, LANDINGS.join(' or '), result);
    return known;
  }

  async has(channel: string, partition: number, connection: string, nonce: string): Promise<boolean> {
    return (await this.standing(channel, partition, connection, nonce)) !== undefined;
  }

  async standing(
    channel: string,
    partition: number,
    connection: string,
    nonce: string,
  ): Promise<Standing | undefined> {
    const key = partitionKey(channel, partition);
    const postedAt = await this.#scripts.run(standing, [key], [MEMBER + connection, nonce]);
    return typeof postedAt === 'string' ? { postedAt: Number(postedAt) } : undefined;
  }

  async mark(channel: string, partition: number, now: number, renewalMs: number): Promise<boolean> {
    const token = randomBytes(6).toString('base64url');
    const args = [now, renewalMs, token];
    return (await this.#scripts.run(mark, [partitionKey(channel, partition)], args)) === 1;
  }
}
