import { randomBytes } from 'node:crypto';
import { IDEMPOTENCY_WINDOW_SECONDS } from '../../../contract/delivery';
import { FRAME_BYTES } from '../../../contract/frames';
import { channelKeys, witnessKey } from '../keys';
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
  type NewPublication,
  type Place,
  type Reader,
  type Retention,
  type TaggedPosition,
} from './channels';
import { PARTITION_MEMBERS } from './partitions';
import { append } from './scripts/append';
import { history } from './scripts/history';
import { place } from './scripts/place';
import { read } from './scripts/read';
import { vacate } from './scripts/vacate';
import { seen, witness } from './scripts/witness';

// A week: offsets go on over quiet days, and a channel that is not used any more is forgotten. Longer than any log or
// partition lives, unless its namespace keeps publications longer.
const META_TTL_SECONDS = 7 * 24 * 3600;

/** Most entries per range: more do not fit into one frame, unless they are under 100 bytes each. */
const READ_ENTRIES = 300;

const APPEND_RESULTS = ['appended', 'repeated', 'outdated'] as const;

function newEpoch(): string {
  return randomBytes(6).toString('base64url');
}

/** Four billion values: a lost entry and the one that took its offset are told apart. */
function newTag(): string {
  return randomBytes(4).toString('base64url');
}

function entriesOf(script: RedisScript, flat: readonly string[]): readonly LogEntry[] {
  const entries: LogEntry[] = [];
  for (let index = 0; index < flat.length; index += 3) {
    const [offset, publication, tag] = flat.slice(index, index + 3);
    if (publication === undefined || tag === undefined) {
      throw new ScriptResultError(script, 'offset, publication and tag', flat.length);
    }
    entries.push({ offset: Number(offset), publication, tag });
  }
  return entries;
}

/** Channel logs in Redis. */
export class RedisChannels implements Channels {
  readonly #scripts: ScriptRunner;

  constructor(scripts: ScriptRunner) {
    this.#scripts = scripts;
  }

  async append(channel: string, publication: NewPublication, retention: Retention): Promise<Appended> {
    const keys = channelKeys(channel);
    const { text, idempotencyKey, version, versionEpoch } = publication;
    const tag = newTag();
    const known = await this.#scripts.run(seen, [witnessKey(channel)], []);
    const [seenEpoch = '', seenOffset = '', seenTag = ''] = typeof known === 'string' ? known.split('|') : [];
    const [answer, offset, epoch = '', partitions] = textList(
      append,
      await this.#scripts.run(
        append,
        [keys.meta, keys.log, keys.idempotency(idempotencyKey)],
        [
          newEpoch(),
          text,
          retention.entries,
          retention.seconds,
          Math.max(META_TTL_SECONDS, retention.seconds),
          IDEMPOTENCY_WINDOW_SECONDS,
          tag,
          seenEpoch,
          seenOffset,
          seenTag,
          version ?? '',
          versionEpoch ?? '',
        ],
      ),
    );
    const result = APPEND_RESULTS.find((name) => name === answer);
    if (result === undefined) throw new ScriptResultError(append, APPEND_RESULTS.join(' or '), answer);
    // A log in another epoch than its witness's counts as set back, so a new epoch is witnessed where it begins.
    if (result === 'appended' && epoch !== seenEpoch) {
      await this.witness(channel, { epoch, offset: Number(offset), tag });
    }
    return { result, offset: Number(offset), epoch, partitions: Number(partitions) };
  }

  async witness(channel: string, { epoch, offset, tag }: TaggedPosition): Promise<void> {
    await this.#scripts.run(witness, [witnessKey(channel)], [epoch, offset, tag, META_TTL_SECONDS]);
  }

  async place(channel: string, recoverFrom: number | undefined): Promise<Place> {
    const keys = channelKeys(channel);
    const [partition, epoch = '', top, tag = '', ...flat] = textList(
      place,
      await this.#scripts.run(
        place,
        [keys.meta, keys.log],
        [
          newEpoch(),
          PARTITION_MEMBERS,
          META_TTL_SECONDS,
          recoverFrom ?? '',
          MAX_RECOVERED,
          MAX_RECOVERED_BYTES,
        ],
      ),
    );
    return { partition: Number(partition), epoch, top: Number(top), tag, entries: entriesOf(place, flat) };
  }

  async vacate(channel: string, partition: number, places: number): Promise<void> {
    await this.#scripts.run(vacate, [channelKeys(channel).meta], [partition, places]);
  }

  async read(
    channel: string,
    { partition, token, last }: Reader,
    cursor: number,
    behind: number | undefined,
  ): Promise<LogRead> {
    const keys = channelKeys(channel);
    const [epoch = '', top, tag = '', clean, count, ...flat] = textList(
      read,
      await this.#scripts.run(
        read,
        [keys.meta, keys.log],
        [
          newEpoch(),
          META_TTL_SECONDS,
          cursor,
          READ_ENTRIES,
          behind ?? '',
          FRAME_BYTES,
          `r${partition}`,
          token,
          last,
        ],
      ),
    );
    const entries = entriesOf(read, flat);
    return {
      epoch,
      top: Number(top),
      tag,
      clean: clean === '1',
      afterCursor: entries.slice(0, Number(count)),
      beforeCursor: entries.slice(Number(count)),
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
          newEpoch(),
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
