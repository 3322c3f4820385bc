import type { JsonObject } from '../../../lambdas/contract/json';

/** A client of a row. Each has a socket of its own, and a user that no other row has. */
export type Who = 'alice' | 'bob' | 'carol';

/** A message, which may have matchers of jest among its values. */
export type Message = { readonly [field: string]: unknown };

/** How a socket is opened. */
export interface Handshake {
  /** Behind the URL, as it stands. */
  readonly query?: string;
  readonly headers?: Record<string, string>;
  readonly protocols?: string[];
}

/** One step of a row; the steps of a row follow each other. */
export type Exchange =
  /** Opens a client's socket. `refused`: the status that it gets instead; `chosen`: the subprotocol. */
  | { readonly opens: Who; readonly as?: Handshake; readonly refused?: number; readonly chosen?: string }
  /**
   * A client sends a frame, of one message or several, text or binary as it stands; or only waits. It gets exactly these
   * messages, in this order unless `unordered`, and then a close with that code or nothing.
   */
  | {
      readonly by: Who;
      readonly sends?: Message | readonly Message[] | string | Buffer;
      readonly gets?: readonly Message[];
      readonly unordered?: true;
      readonly closes?: number;
      readonly withinMs?: number;
    }
  /** A call of the server API. It gets this result, or this error. */
  | { readonly backend: string; readonly calls: JsonObject; readonly gets?: Message }
  /** Who has the callback URL posts to a client's connection. */
  | { readonly posts: Message; readonly to: Who }
  /** Redis loses what it has of a channel or a client's connection: only where it can be reached. */
  | { readonly loses: 'channel' | Who };

/** What a row is about: names that no other row has, and tokens. */
export interface Scene {
  readonly channel: string;
  /** The user id of a client. */
  user(who: Who): string;
  /** A token of the environment's secret, of alice and for a minute unless the claims say otherwise. */
  token(claims?: JsonObject): string;
  /** A token that somebody else signed, or nobody. */
  forged(kind: 'other secret' | 'none'): string;
}

/** What is sent, and what has to be answered. */
export interface Row {
  readonly name: string;
  readonly exchanges: (scene: Scene) => readonly Exchange[];
}

/** Connects a client by a connect command of id 1. */
export function connects(scene: Scene, who: Who = 'alice', claims: JsonObject = {}): readonly Exchange[] {
  const token = scene.token({ sub: scene.user(who), ...claims });
  return [
    { opens: who },
    { by: who, sends: { id: 1, connect: { token } }, gets: [{ id: 1, connect: connected() }] },
  ];
}

/** A connect result of a token with an end, with these server-side subscriptions beside the user's own channel. */
export function connected(more: Message = {}): unknown {
  return expect.objectContaining({
    client: expect.any(String),
    version: expect.any(String),
    expires: true,
    ttl: expect.any(Number),
    ...more,
  });
}

/** A subscribe result of the namespace `room`. */
export function subscribed(offset = 0, more: Message = {}): unknown {
  return {
    recoverable: true,
    positioned: true,
    epoch: expect.any(String),
    ...(offset === 0 ? {} : { offset }),
    ...more,
  };
}

/** Who a client is to others. */
export function infoOf(scene: Scene, who: Who, more: Message = {}): unknown {
  return { user: scene.user(who), client: expect.any(String), ...more };
}
