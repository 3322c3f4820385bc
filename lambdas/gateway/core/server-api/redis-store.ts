import type { Channels, HistoryPage, HistoryRequest } from '../delivery/channels';
import { lookForKey } from '../delivery/scripts/published';
import { channelKeys, connectionKey, dueKey, userKeys } from '../keys';
import { DUE_SHARDS } from '../liveness/due-set';
import { inParallel } from '../parallel';
import type { Clock } from '../ports';
import { type ScriptRunner, textList } from '../redis-script';
import type { ApiLogs, Census, Position, UserConnections } from './ports';
import { connectionFacts, connectionsOfUser, countShard } from './scripts/look';
import { removeHistory } from './scripts/remove-history';

const SHARDS_AT_ONCE = 16;

/** What is known of a connection. */
export interface ConnectionFacts {
  /** A token was accepted, and nobody ended it. */
  readonly connected: boolean;
  /** Somebody serves a frame of it, which may be its connect command. */
  readonly served: boolean;
  readonly user: string;
  /** What its token shows of it, an object as JSON text. */
  readonly info: string | undefined;
}

/** What the server API reads of Redis beside the stores of others. */
export class RedisApiStore implements ApiLogs, UserConnections, Census {
  readonly #scripts: ScriptRunner;
  readonly #channels: Pick<Channels, 'history'>;
  readonly #clock: Clock;

  constructor(scripts: ScriptRunner, channels: Pick<Channels, 'history'>, clock: Clock) {
    this.#scripts = scripts;
    this.#channels = channels;
    this.#clock = clock;
  }

  async published(channel: string, idempotencyKey: string): Promise<Position | undefined> {
    const key = channelKeys(channel).idempotency(idempotencyKey);
    const [offset = '', epoch = ''] = textList(lookForKey, await this.#scripts.run(lookForKey, [key], []));
    return offset === '' ? undefined : { offset: Number(offset), epoch };
  }

  history(channel: string, request: HistoryRequest): Promise<HistoryPage> {
    return this.#channels.history(channel, request);
  }

  async removeHistory(channel: string): Promise<void> {
    await this.#scripts.run(removeHistory, [channelKeys(channel).log], []);
  }

  async of(user: string): Promise<readonly string[]> {
    const now = Math.floor(this.#clock.now() / 1000);
    const open = await this.#scripts.run(connectionsOfUser, [userKeys(user).connections], [now]);
    return textList(connectionsOfUser, open);
  }

  async facts(connection: string): Promise<ConnectionFacts> {
    const answer = await this.#scripts.run(connectionFacts, [connectionKey(connection)], []);
    const [state = '', user = '', info = '', lock = ''] = textList(connectionFacts, answer);
    return {
      connected: state === 'connected',
      served: lock !== '',
      user,
      info: info === '' ? undefined : info,
    };
  }

  async connections(): Promise<number> {
    const shards = Array.from({ length: DUE_SHARDS }, (_, shard) => dueKey(shard));
    const counts = await inParallel(shards, SHARDS_AT_ONCE, (key) =>
      this.#scripts.run(countShard, [key], []),
    );
    return counts.reduce<number>((sum, count) => sum + Number(count), 0);
  }
}
