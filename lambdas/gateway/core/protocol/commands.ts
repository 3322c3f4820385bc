import type { JsonValue } from '../../../contract/json';

/** A position that a client knows: everything up to `offset` of that epoch. An empty epoch means any. */
export interface Position {
  readonly offset: number;
  readonly epoch: string;
}

/** A command as the gateway serves it, one per line of a frame. */
export type Command =
  | {
      readonly kind: 'connect';
      readonly id: number;
      readonly token: string;
      /** Server-side subscriptions that the client wants recovered. */
      readonly recover: ReadonlyMap<string, Position>;
    }
  | {
      readonly kind: 'subscribe';
      readonly id: number;
      readonly channel: string;
      /** A subscription token; empty where there is none. */
      readonly token: string;
      readonly recover: Position | undefined;
      /** The client wants to be told who joins and leaves. */
      readonly joinLeave: boolean;
      /** For the service that lets it in; null where there is none. */
      readonly data: JsonValue;
    }
  | { readonly kind: 'unsubscribe'; readonly id: number; readonly channel: string }
  | {
      readonly kind: 'publish';
      readonly id: number;
      readonly channel: string;
      /** Undefined where the field is absent, which is refused; `null` is data. */
      readonly data: JsonValue | undefined;
    }
  | {
      readonly kind: 'history';
      readonly id: number;
      readonly channel: string;
      /** Most publications; 0: the position alone, negative: as many as the server gives. */
      readonly limit: number;
      /** Where to start, itself not included; undefined: at the end that comes first in the order. */
      readonly since: Position | undefined;
      /** From new to old. */
      readonly reverse: boolean;
    }
  | { readonly kind: 'rpc'; readonly id: number; readonly method: string; readonly data: JsonValue }
  | { readonly kind: 'presence'; readonly id: number; readonly channel: string }
  | { readonly kind: 'presence_stats'; readonly id: number; readonly channel: string }
  /** A new connection token. */
  | { readonly kind: 'refresh'; readonly id: number; readonly token: string }
  /** A new subscription token. */
  | { readonly kind: 'sub_refresh'; readonly id: number; readonly channel: string; readonly token: string }
  | { readonly kind: 'ping'; readonly id: number }
  /** A known command whose fields are of the wrong type: the client gets error 107. */
  | { readonly kind: 'refused'; readonly id: number; readonly name: string; readonly reason: string }
  /** A message to the service of the connection. It gets no reply; `place` is its id, where it has one: its place in the order. */
  | { readonly kind: 'send'; readonly place: number | undefined; readonly data: JsonValue }
  /** The answer to a ping: `{}`. */
  | { readonly kind: 'pong' };

/** A frame, or the reason why its connection is to be closed with 3501. The reason is for the log: it repeats no input. */
export type ParsedFrame =
  | { readonly ok: true; readonly commands: readonly Command[] }
  | { readonly ok: false; readonly reason: string };
