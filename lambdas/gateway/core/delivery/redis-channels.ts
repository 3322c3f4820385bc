import { randomBytes } from 'node:crypto';
import { IDEMPOTENCY_WINDOW_SECONDS } from '../../../contract/delivery';
import { FRAME_BYTES } from '../../../contract/frames';
import { systemClock } from '../clock';
import { channelKeys, keyDigest, witnessKey } from '../keys';
import type { Clock } from '../ports';
import { type RedisScript, ScriptResultError, type ScriptRunner, textList } from '../redis-script';
import {
  type Appended,
  type Channels,
  type HistoryPage,
  type HistoryRequest,
  type LogEntry,
  type LogRead,
  MAX_RECOVERED,
  MAX_RECOVERED_BYTES,
  type Move,
  type NewPublication,
  type Place,
  type Reader,
  type Retention,
  type TaggedOffset,
} from './channels';
import { newEpoch } from './epoch';
import { PARTITION_MEMBERS } from './partitions';
import { append } from './scripts/append';
import { history } from './scripts/history';
import { holds, renew } from './scripts/lineage';
import { place } from './scripts/place';
import { read } from './scripts/read';
import { vacate } from './scripts/vacate';
import { wakes } from './scripts/wakes';
import { witness } from './scripts/witness';

// A week: offsets go on over quiet days, and a channel that is not used any more is forgotten. Longer than any log or
// partition lives, unless its namespace keeps publications longer.
const META_TTL_SECONDS = 7 * 24 * 3600;

/** Most entries per range: more do not fit into one frame, unless they are under 100 bytes each. */
const READ_ENTRIES = 300;

/** Joins and leaves of one round: a quarter of a frame, so that publications fit into it as well. */
const MOVES_BYTES = FRAME_BYTES / 4;

/** How often the witness may move between two looks at it: once per drain of another partition. */
const WITNESS_ATTEMPTS = 5;

const APPEND_RESULTS = ['appended', 'repeated', 'outdated', 'unproven'] as const;

/** Four billion values: a lost entry and the one that took its offset are told apart. */
function newTag(): string {
  return randomBytes(4).toString('base64url');
}

/** What the script is told of a publication. */
function argumentsOf({ text, version, versionEpoch, idempotencyKey, former }: NewPublication) {
  return [
    text,
    newTag(),
    version ?? '',
    versionEpoch ?? '',
    keyDigest(idempotencyKey),
    former?.publishedAt ?? '',
    former?.forced ? '1' : '',
  ];
}

function flat(entries: readonly TaggedOffset[]): readonly (string | number)[] {
  return entries.flatMap(({ offset, tag }) => [offset, tag]);
}

function entriesOf(script: RedisScript, texts: readonly string[]): readonly LogEntry[] {
  const entries: LogEntry[] = [];
  for (let index = 0; index < texts.length; index += 3) {
    const [offset, publication, tag] = texts.slice(index, index + 3);
    if (publication === undefined || tag === undefined) {
      throw new ScriptResultError(script, 'offset, publication and tag', texts.length);
    }
    entries.push({ offset: Number(offset), publication, tag });
  }
  return entries;
}

function movesOf(texts: readonly string[]): readonly Move[] {
  const moves: Move[] = [];
  for (let index = 0; index < texts.length; index += 3) {
    const [number, kind, info] = texts.slice(index, index + 3);
    if (info === undefined || (kind !== 'join' && kind !== 'leave')) {
      throw new ScriptResultError(read, 'number, join or leave, and info', kind);
    }
    moves.push({ number: Number(number), kind, info });
  }
  return moves;
}

/** Channel logs in Redis. */
export class RedisChannels implements Channels {
  readonly #scripts: ScriptRunner;
  readonly #clock: Clock;
  readonly #membersPerPartition: number;

  constructor(
    scripts: ScriptRunner,
    clock: Clock = systemClock,
    membersPerPartition: number = PARTITION_MEMBERS,
  ) {
    this.#scripts = scripts;
    this.#clock = clock;
    this.#membersPerPartition = membersPerPartition;
  }

  async append(
    channel: string,
    publications: readonly NewPublication[],
    retention: Retention,
  ): Promise<readonly Appended[]> {
    const keys = channelKeys(channel);
    const [partitions, ...answers] = textList(
      append,
      await this.#scripts.run(
        append,
        [keys.meta, keys.log, ...publications.map(({ idempotencyKey }) => keys.idempotency(idempotencyKey))],
        [
          newEpoch(this.#clock.now()),
          retention.entries,
          retention.seconds,
          Math.max(META_TTL_SECONDS, retention.seconds),
          IDEMPOTENCY_WINDOW_SECONDS,
          this.#clock.now(),
          ...publications.flatMap(argumentsOf),
        ],
      ),
    );
    return publications.map((_, index) => {
      const [answer, offset, epoch = ''] = answers.slice(3 * index, 3 * index + 3);
      const result = APPEND_RESULTS.find((name) => name === answer);
      if (result === undefined) throw new ScriptResultError(append, APPEND_RESULTS.join(' or '), answer);
      return { result, offset: Number(offset), epoch, partitions: Number(partitions) };
    });
  }

  async witness(
    channel: string,
    epoch: string,
    shown: TaggedOffset,
    seen: readonly TaggedOffset[] = [],
  ): Promise<boolean> {
    const proof = [shown, ...seen];
    for (let attempt = 0; attempt < WITNESS_ATTEMPTS; attempt++) {
      const [result, first = '', tag = ''] = textList(
        witness,
        await this.#scripts.run(witness, [witnessKey(channel)], [META_TTL_SECONDS, epoch, ...flat(proof)]),
      );
      if (result === 'noted') return true;
      if (result === 'set back') {
        await this.#renew(channel, epoch, first);
        return false;
      }
      const witnessed = { offset: Number(first), tag };
      if (!(await this.#holds(channel, epoch, [shown, witnessed]))) {
        await this.#renew(channel, epoch, epoch);
        return false;
      }
      proof.push(witnessed);
    }
    throw new ScriptResultError(witness, 'a witness that stands still', 'one that moves');
  }

  async #holds(channel: string, epoch: string, entries: readonly TaggedOffset[]): Promise<boolean> {
    const { meta, log } = channelKeys(channel);
    return (await this.#scripts.run(holds, [meta, log], [epoch, ...flat(entries)])) === 1;
  }

  async #renew(channel: string, epoch: string, youngest: string): Promise<void> {
    const next = newEpoch(this.#clock.now(), youngest);
    await this.#scripts.run(renew, [channelKeys(channel).meta], [epoch, next, META_TTL_SECONDS]);
  }

  async place(channel: string, recoverFrom: number | undefined): Promise<Place> {
    const keys = channelKeys(channel);
    const [partition, epoch = '', top, tag = '', move, ...flat] = textList(
      place,
      await this.#scripts.run(
        place,
        [keys.meta, keys.log],
        [
          newEpoch(this.#clock.now()),
          this.#membersPerPartition,
          META_TTL_SECONDS,
          recoverFrom ?? '',
          MAX_RECOVERED,
          MAX_RECOVERED_BYTES,
        ],
      ),
    );
    return {
      partition: Number(partition),
      epoch,
      top: Number(top),
      tag,
      move: Number(move),
      entries: entriesOf(place, flat),
    };
  }

  async vacate(channel: string, partition: number, places: number): Promise<void> {
    await this.#scripts.run(vacate, [channelKeys(channel).meta], [partition, places]);
  }

  async wakes(channel: string, partition: number): Promise<boolean> {
    return (await this.#scripts.run(wakes, [channelKeys(channel).meta], [partition])) === 1;
  }

  async read(
    channel: string,
    { partition, token, last }: Reader,
    cursor: number,
    behind: number | undefined,
    movesAfter?: number,
  ): Promise<LogRead> {
    const keys = channelKeys(channel);
    const [epoch = '', top, tag = '', clean, count, cursorTag = '', move, moves, ...flat] = textList(
      read,
      await this.#scripts.run(
        read,
        [keys.meta, keys.log, keys.moves],
        [
          newEpoch(this.#clock.now()),
          META_TTL_SECONDS,
          cursor,
          READ_ENTRIES,
          behind ?? '',
          FRAME_BYTES,
          `r${partition}`,
          token,
          last,
          movesAfter ?? '',
          MOVES_BYTES,
        ],
      ),
    );
    const end = flat.length - 3 * Number(moves);
    const entries = entriesOf(read, flat.slice(0, end));
    return {
      epoch,
      top: Number(top),
      tag,
      cursorTag,
      clean: clean === '1',
      afterCursor: entries.slice(0, Number(count)),
      beforeCursor: entries.slice(Number(count)),
      moves: { top: Number(move), after: movesOf(flat.slice(end)) },
    };
  }

  async history(channel: string, { limit, since, reverse, newest }: HistoryRequest): Promise<HistoryPage> {
    const keys = channelKeys(channel);
    const [epoch = '', top, ...flat] = textList(
      history,
      await this.#scripts.run(
        history,
        [keys.meta, keys.log],
        [
          newEpoch(this.#clock.now()),
          META_TTL_SECONDS,
          limit,
          since ?? '',
          reverse ? 'reverse' : 'forward',
          newest,
          MAX_RECOVERED_BYTES,
        ],
      ),
    );
    return { epoch, top: Number(top), entries: entriesOf(history, flat) };
  }
}
