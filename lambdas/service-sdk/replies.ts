import {
  type ApiGatewayManagementApiClient,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { PROTOCOL_ERRORS } from '../contract/codes';
import { encodeFrame, type Reply } from '../contract/frames';

/** Largest message that `@connections` takes. */
export const MAX_REPLY_BYTES = 128 * 1024;

/** `gone`: the connection has ended. `too-large`: the client got error 100 in place of the reply. */
export type ReplyOutcome =
  | { readonly outcome: 'sent' | 'gone' }
  | { readonly outcome: 'too-large'; readonly bytes: number };

/** Posts replies straight to a connection: one call, no queue and no cache between. */
export class Replies {
  readonly #connections: ApiGatewayManagementApiClient;

  constructor(connections: ApiGatewayManagementApiClient) {
    this.#connections = connections;
  }

  /** Throws what the client throws, except for a connection that is gone. */
  async send(client: string, reply: Reply): Promise<ReplyOutcome> {
    const frame = encodeFrame([reply]);
    const bytes = Buffer.byteLength(frame);
    if (bytes <= MAX_REPLY_BYTES) return { outcome: await this.#post(client, frame) };
    // Not temporary: asking again would give the same reply.
    const { code, message } = PROTOCOL_ERRORS.internal;
    const outcome = await this.#post(client, encodeFrame([{ id: reply.id, error: { code, message } }]));
    return outcome === 'gone' ? { outcome } : { outcome: 'too-large', bytes };
  }

  async #post(client: string, frame: string): Promise<'sent' | 'gone'> {
    try {
      await this.#connections.send(new PostToConnectionCommand({ ConnectionId: client, Data: frame }));
      return 'sent';
    } catch (error) {
      if (error instanceof GoneException) return 'gone';
      throw error;
    }
  }
}
