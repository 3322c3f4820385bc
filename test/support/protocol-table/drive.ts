import type { Redis } from 'iovalkey';
import { channelKeys, connectionKey } from '../../../lambdas/gateway/core/keys';
import { ApiClient } from '../api-client';
import { type Clients, HandshakeRefused, type RawSocket } from '../clients';
import { postToConnection } from '../connections-api';
import type { Target } from '../target';
import type { Exchange, Handshake, Message, Row, Who } from './exchange';
import { sceneOn } from './stage';

/** Rows wait for nothing that takes longer, unless they say so. */
const WITHIN_MS = 8_000;

export interface Drive {
  readonly target: Target;
  readonly clients: Clients;
  /** The Redis of the target; rows that lose something need it. */
  readonly redis?: Redis;
}

/** Drives rows through raw sockets. */
export class Driver {
  readonly #drive: Drive;
  readonly #api: ApiClient;

  constructor(drive: Drive) {
    this.#drive = drive;
    this.#api = new ApiClient(drive.target);
  }

  /** Takes a row's steps one after the other. Rejects where an answer is another, comes too late or is one too many. */
  async run({ exchanges }: Row): Promise<void> {
    const scene = await sceneOn(this.#drive.target);
    const sockets = new Map<Who, RawSocket>();
    const ids = new Map<Who, string>();
    for (const exchange of exchanges(scene)) {
      if ('opens' in exchange) await this.#open(sockets, exchange);
      else if ('by' in exchange) {
        for (const { connect } of await this.#exchange(of(sockets, exchange.by), exchange)) {
          if (isMessage(connect)) ids.set(exchange.by, String(connect['client']));
        }
      } else if ('backend' in exchange) await this.#call(exchange);
      else if ('posts' in exchange) {
        await postToConnection(this.#drive.target, of(ids, exchange.to), JSON.stringify(exchange.posts));
      } else if (exchange.loses === 'channel') await this.#loseChannel(scene.channel);
      else await this.#redis().del(connectionKey(of(ids, exchange.loses)));
    }
    for (const socket of sockets.values()) {
      expect(socket.unread).toEqual([]);
      socket.terminate();
    }
  }

  async #open(
    sockets: Map<Who, RawSocket>,
    { opens, as = {}, refused, chosen }: Extract<Exchange, { readonly opens: Who }>,
  ): Promise<void> {
    const opened = await this.#handshake(as);
    if (refused !== undefined || typeof opened === 'number') {
      expect(typeof opened === 'number' ? opened : 101).toBe(refused);
    } else {
      expect(opened.protocol).toBe(chosen ?? '');
      sockets.set(opens, opened);
    }
  }

  async #handshake({ query = '', ...options }: Handshake): Promise<RawSocket | number> {
    try {
      return await this.#drive.clients.raw(query, options);
    } catch (error) {
      if (error instanceof HandshakeRefused) return error.status;
      throw error;
    }
  }

  async #exchange(
    socket: RawSocket,
    { sends, gets = [], unordered, closes, withinMs = WITHIN_MS }: Extract<Exchange, { readonly by: Who }>,
  ): Promise<Message[]> {
    if (Buffer.isBuffer(sends)) socket.sendBinary(sends);
    else if (typeof sends === 'string') socket.send(sends);
    else if (sends !== undefined) {
      socket.send(
        [sends]
          .flat()
          .map((message) => JSON.stringify(message))
          .join('\n'),
      );
    }
    const got: Message[] = [];
    for (const expected of gets) {
      const message = await socket.next(withinMs);
      got.push(message);
      if (!unordered) expect(message).toEqual(expected);
    }
    // As many as are expected, so that none is met by two.
    if (unordered) expect(got).toEqual(expect.arrayContaining([...gets]));
    if (closes !== undefined) expect(await socket.close(withinMs)).toBe(closes);
    return got;
  }

  async #call({ backend, calls, gets = {} }: Extract<Exchange, { readonly backend: string }>): Promise<void> {
    const { body } = await this.#api.call(backend, calls);
    expect(body.error ?? body.result).toEqual(gets);
  }

  async #loseChannel(channel: string): Promise<void> {
    const { meta, log } = channelKeys(channel);
    await this.#redis().del(meta, log);
  }

  #redis(): Redis {
    const { redis } = this.#drive;
    if (!redis) throw new Error('row: expected a target whose Redis can be reached, got one without');
    return redis;
  }
}

function of<Value>(values: ReadonlyMap<Who, Value>, who: Who): Value {
  const value = values.get(who);
  if (value === undefined) throw new Error(`row: expected ${who} connected before, got no connection`);
  return value;
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null;
}
