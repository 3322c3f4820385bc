import { Cluster } from 'iovalkey';
import type { RedisScript, ScriptRunner } from '../redis-script';

/** One attempt of a script; a TLS handshake takes its time, a script a millisecond. */
const CONNECT_TIMEOUT_MS = 2_000;
/** A socket that does not end by itself is cut then; the client's own two seconds keep a process alive that is done. */
const DISCONNECT_TIMEOUT_MS = 200;
const COMMAND_TIMEOUT_MS = 2_000;

/** All attempts of a script: clients wait 5 s for a reply, and an error has to reach them before. */
export const TOTAL_TIMEOUT_MS = 3_000;

/** A second attempt with less time than this is not begun. */
const RETRY_RESERVE_MS = 200;

/** A sandbox that was frozen for this long comes back with sockets that look alive and are not. */
const IDLE_MS = 240_000;

export interface RedisCoordinates {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: () => Promise<string>;
  /** Certificate authorities in PEM, where the system's do not do. */
  readonly ca?: string;
}

/** Redis did not answer a script in time. */
export class RedisTimeoutError extends Error {
  override readonly name = 'RedisTimeoutError';

  constructor(script: string, milliseconds: number) {
    super(`script ${script}: expected an answer within ${milliseconds} ms, got none`);
  }
}

/** The client does not offer a script that was defined on it. */
export class UndefinedScriptError extends Error {
  override readonly name = 'UndefinedScriptError';

  constructor(script: string, got: string) {
    super(`script ${script}: expected a command of the client, got ${got}`);
  }
}

/**
 * Scripts on Redis in cluster mode over TLS. The connection is made at the first use and again after a freeze or a failure;
 * a script that fails on the way may have run, so it is tried once more on a new connection only where it is repeatable.
 */
export class RedisScripts implements ScriptRunner {
  readonly #coordinates: RedisCoordinates;
  readonly #defined = new WeakMap<Cluster, Set<string>>();
  #opening: Promise<Cluster> | undefined;
  #usedAt = 0;

  constructor(coordinates: RedisCoordinates) {
    this.#coordinates = coordinates;
  }

  async run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    const endsAt = Date.now() + TOTAL_TIMEOUT_MS;
    const all = [...(script.keys === 'given' ? [keys.length] : []), ...keys, ...args];
    try {
      return await this.#attempt(script, all, COMMAND_TIMEOUT_MS);
    } catch (error) {
      const left = endsAt - Date.now();
      // Where Redis answered, asking again would get the same answer.
      if (
        !script.repeatable ||
        (error instanceof Error && error.name === 'ReplyError') ||
        left < RETRY_RESERVE_MS
      )
        throw error;
      return this.#attempt(script, all, Math.min(left, COMMAND_TIMEOUT_MS));
    }
  }

  /** Ends the connection; the next script makes a new one. */
  async disconnect(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    await opening?.then(
      (cluster) => cluster.disconnect(),
      () => undefined,
    );
  }

  async #attempt(
    script: RedisScript,
    args: readonly (string | number)[],
    milliseconds: number,
  ): Promise<unknown> {
    if (Date.now() - this.#usedAt > IDLE_MS) await this.disconnect();
    this.#opening ??= this.#open();
    const opening = this.#opening;
    try {
      const result = await within(
        opening.then((cluster) => this.#call(cluster, script, args)),
        milliseconds,
        script.name,
      );
      this.#usedAt = Date.now();
      return result;
    } catch (error) {
      if (!(error instanceof Error && error.name === 'ReplyError') && this.#opening === opening) {
        void this.disconnect();
      }
      throw error;
    }
  }

  async #open(): Promise<Cluster> {
    const { host, port, user, password, ca } = this.#coordinates;
    const cluster = new Cluster([{ host, port }], {
      // Names stay names: certificates are for them, and a resolved address would fail the TLS name check.
      dnsLookup: (address, callback) => callback(null, address),
      lazyConnect: true,
      // Commands wait for the first connection; a connection that fails is replaced by this class, not by the client.
      enableOfflineQueue: true,
      clusterRetryStrategy: () => null,
      // A command whose connection broke may have run; only this class knows which may run again.
      retryDelayOnFailover: 0,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      slotsRefreshInterval: 0,
      maxRedirections: 4,
      redisOptions: {
        username: user,
        password: await password(),
        connectTimeout: CONNECT_TIMEOUT_MS,
        maxRetriesPerRequest: 1,
        disconnectTimeout: DISCONNECT_TIMEOUT_MS,
        tls: ca === undefined ? {} : { ca },
      },
    });
    // Every failure also rejects the command that met it; without a listener the process would end.
    cluster.on('error', () => undefined);
    this.#usedAt = Date.now();
    return cluster;
  }

  #call(cluster: Cluster, script: RedisScript, args: readonly (string | number)[]): Promise<unknown> {
    const defined = this.#defined.get(cluster) ?? new Set();
    this.#defined.set(cluster, defined);
    if (!defined.has(script.name)) {
      const { keys, lua } = script;
      cluster.defineCommand(script.name, keys === 'given' ? { lua } : { numberOfKeys: keys, lua });
      defined.add(script.name);
    }
    const command: unknown = Reflect.get(cluster, script.name);
    if (typeof command !== 'function') throw new UndefinedScriptError(script.name, typeof command);
    return Reflect.apply(command, cluster, [...args]);
  }
}

async function within<Value>(promise: Promise<Value>, milliseconds: number, script: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new RedisTimeoutError(script, milliseconds)), milliseconds);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
