import type { Disconnect, ProtocolError } from './codes';
import type { JsonValue } from './json';

/** Publication as subscribers see it. `offset` counts a channel's publications from 1. */
export interface Publication {
  readonly offset: number;
  readonly data: JsonValue;
  readonly info?: ClientInfo;
}

/** Who a client is, as other clients see it. */
export interface ClientInfo {
  readonly user: string;
  /** Connection id. */
  readonly client: string;
  /** What the connection token says about the user. */
  readonly conn_info?: JsonValue;
  /** What the subscription's permission says about the user. */
  readonly chan_info?: JsonValue;
}

/** Result of a subscribe, and of each server-side subscription in a connect result. Zero values are left out. */
export interface SubscribeResult {
  readonly recoverable?: true;
  readonly positioned?: true;
  readonly epoch?: string;
  readonly offset?: number;
  readonly publications?: readonly Publication[];
  readonly was_recovering?: true;
  readonly recovered?: true;
  /** The client has to renew its permission after `ttl` seconds. */
  readonly expires?: true;
  readonly ttl?: number;
  /** For the client, from the token or the service that let it in. */
  readonly data?: JsonValue;
}

/** Result of a history: where the channel is, and a page of its publications in the order that was asked for. */
export interface HistoryResult {
  readonly publications: readonly Publication[];
  readonly epoch: string;
  /** Offset of the channel's last publication, 0 where there is none. */
  readonly offset: number;
}

export interface ConnectResult {
  readonly client: string;
  readonly version: string;
  /** Seconds between pings of the server; the client answers none (`pong` is absent). */
  readonly ping?: number;
  readonly expires?: true;
  readonly ttl?: number;
  readonly subs?: { readonly [channel: string]: SubscribeResult };
}

/** Result of a refresh; as in the connect result. */
export interface RefreshResult {
  readonly client: string;
  readonly version: string;
  readonly expires?: true;
  readonly ttl?: number;
}

/** Result of a sub_refresh; as in the subscribe result. */
export interface SubRefreshResult {
  readonly expires?: true;
  readonly ttl?: number;
}

/** Replies to commands: one object, one of the keys beside `id`. */
export type Reply =
  | { readonly id: number; readonly error: ProtocolError }
  | { readonly id: number; readonly connect: ConnectResult }
  | { readonly id: number; readonly subscribe: SubscribeResult }
  | { readonly id: number; readonly unsubscribe: Record<string, never> }
  | { readonly id: number; readonly publish: Record<string, never> }
  | { readonly id: number; readonly history: HistoryResult }
  | {
      readonly id: number;
      readonly presence: { readonly presence: { readonly [client: string]: ClientInfo } };
    }
  | {
      readonly id: number;
      readonly presence_stats: { readonly num_clients: number; readonly num_users: number };
    }
  | { readonly id: number; readonly rpc: { readonly data: JsonValue } }
  | { readonly id: number; readonly refresh: RefreshResult }
  | { readonly id: number; readonly sub_refresh: SubRefreshResult }
  | { readonly id: number; readonly ping: Record<string, never> };

/** Messages that answer no command. */
export type Push =
  | { readonly push: { readonly channel: string; readonly pub: Publication } }
  | { readonly push: { readonly channel: string; readonly join: { readonly info: ClientInfo } } }
  | { readonly push: { readonly channel: string; readonly leave: { readonly info: ClientInfo } } }
  | { readonly push: { readonly channel: string; readonly unsubscribe: Disconnect } }
  | {
      readonly push: {
        readonly channel: string;
        readonly subscribe: Pick<SubscribeResult, 'recoverable' | 'positioned' | 'epoch' | 'offset' | 'data'>;
      };
    }
  | { readonly push: { readonly message: { readonly data: JsonValue } } }
  | { readonly push: { readonly disconnect: Disconnect } };

/** Bytes of a WebSocket frame above which API Gateway closes with 1009 inbound, and bills a second message outbound. */
export const FRAME_BYTES = 32 * 1024;

/** Text frames carry one or more objects, one a line. */
export function encodeFrame(messages: readonly (Reply | Push)[]): string {
  return messages.map((message) => JSON.stringify(message)).join('\n');
}
