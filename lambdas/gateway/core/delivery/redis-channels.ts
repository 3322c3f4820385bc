import { randomBytes } from 'node:crypto';
import { IDEMPOTENCY_WINDOW_SECONDS } from '../../../contract/delivery';
import { FRAME_BYTES } from '../../../contract/frames';
import { channelKeys } from '../keys';
import { type RedisScript, ScriptResultError, type ScriptRunner, textList } from '../redis-script';
import {
  type Appended,
  type Channels,
  type LogEntry,
  type LogRead,
  MAX_RECOVERED,
  MAX_RECOVERED_BYTES,
  type Place,
  type Retention,
} from './channels';
import { PARTITION_MEMBERS } from './partitions';
import { append } from './scripts/append';
import { place } from './scripts/place';
import { read } from './scripts/read';
import { vacate } from './scripts/vacate';

// A week: offsets go on over quiet days, and a channel that is not used any more is forgotten. Longer than any log or
// partition lives, unless its namespace keeps publications longer.
const META_TTL_SECONDS = 7 * 24 * 3600;

/** Most entries per range: more do not fit into one frame, unless they are under 100 bytes each. */
const READ_ENTRIES = 300;

function newEpoch(): string {
  return randomBytes(6).toString('base64url');
}

function entriesOf(script: RedisScript, flat: readonly string[]): readonly LogEntry[] {
  const entries: LogEntry[] = [];
  for (let index = 0; index < flat.length; index += 2) {
    const publication = flat[index + 1];
    if (publication === undefined) throw new ScriptResultError(script, 'pairs', flat.length);
    entries.push({ offset: Number(flat[index]), publication });
  }
  return entries;
}

/** Channel logs in Redis. */
export class RedisChannels implements Channels {
  readonly #scripts: ScriptRunner;

  constructor(scripts: ScriptRunner) {
    this.#scripts = scripts;
  }

  async append(
    channel: string,
    publication: string,
    retention: Retention,
    idempotencyKey: string,
  ): Promise<Appended> {
    const keys = channelKeys(channel);
    const [result, offset, epoch = '', partitions] = textList(
      append,
      await this.#scripts.run(
        append,
        [keys.meta, keys.log, keys.idempotency(idempotencyKey)],
        [
          newEpoch(),
          publication,
          retention.entries,
          retention.seconds,
          Math.max(META_TTL_SECONDS, retention.seconds),
          IDEMPOTENCY_WINDOW_SECONDS,
        ],
      ),
    );
    return {
      repeated: result === 'repeated',
      offset: Number(offset),
      epoch,
      partitions: Number(partitions),
    };
  }

  async place(channel: string, recoverFrom: number | undefined): Promise<Place> {
    const keys = channelKeys(channel);
    const [partition, epoch = '', top, ...flat] = textList(
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
    return { partition: Number(partition), epoch, top: Number(top), entries: entriesOf(place, flat) };
  }

  async vacate(channel: string, partition: number, places: number): Promise<void> {
    await this.#scripts.run(vacate, [channelKeys(channel).meta], [partition, places]);
  }

  async read(channel: string, cursor: number, behind: number | undefined): Promise<LogRead> {
    const keys = channelKeys(channel);
    const [epoch = '', top, count, ...flat] = textList(
      read,
      await this.#scripts.run(
        read,
        [keys.meta, keys.log],
        [newEpoch(), META_TTL_SECONDS, cursor, READ_ENTRIES, behind ?? '', FRAME_BYTES],
      ),
    );
    const entries = entriesOf(read, flat);
    return {
      epoch,
      top: Number(top),
      afterCursor: entries.slice(0, Number(count)),
      beforeCursor: entries.slice(Number(count)),
    };
  }
}
