import type { ClientInfo } from '../../../contract/frames';
import type { JsonObject } from '../../../contract/json';

/** Who sends a command, and its trace. */
export interface Sender {
  readonly connection: string;
  /** Empty: anonymous. */
  readonly user: string;
  /** What the connection's token shows of it, an object as JSON text. */
  readonly info?: string | undefined;
  readonly traceparent: string;
}

/** What tokens show of a client, as it was stored: they were checked to be objects. */
export function parseInfo(info: string): JsonObject {
  return JSON.parse(info) as JsonObject;
}

/**
 * A client as others see it.
 * @param channelInfo what its subscription shows of it, an object as JSON text
 */
export function clientInfo(
  { user, connection, info }: Pick<Sender, 'user' | 'connection' | 'info'>,
  channelInfo?: string,
): ClientInfo {
  return {
    user,
    client: connection,
    ...(info ? { conn_info: parseInfo(info) } : {}),
    ...(channelInfo ? { chan_info: parseInfo(channelInfo) } : {}),
  };
}
