import {
  type ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  ForbiddenException,
  GoneException,
  LimitExceededException,
  PayloadTooLargeException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { causeOf } from '../../../contract/log';
import type { Log, Poster, PostOutcome } from '../ports';

/** A post ends within this, whatever the network does; rounds of a drain count on it. */
export const POST_TIMEOUT_MS = 2_500;

/** Codes of a request that never left. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** An answer that does not name its error (a proxy's, a front's) has its status only. */
function outcomeOfStatus(error: unknown): PostOutcome | undefined {
  const metadata: unknown = error instanceof Error ? Reflect.get(error, '$metadata') : undefined;
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const status: unknown = Reflect.get(metadata, 'httpStatusCode');
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
  if (status === 410) return 'gone';
  return status === 429 ? 'throttled' : 'failed';
}

/** What an error of a call says about the call's effect. */
function outcomeOf(error: unknown): PostOutcome {
  if (error instanceof GoneException) return 'gone';
  if (error instanceof LimitExceededException) return 'throttled';
  if (error instanceof ForbiddenException || error instanceof PayloadTooLargeException) return 'failed';
  const byStatus = outcomeOfStatus(error);
  if (byStatus !== undefined) return byStatus;
  const code = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && NOT_SENT.has(code) ? 'failed' : 'unknown';
}

/**
 * Posts by `POST @connections`. For publications its client must make one attempt only, since a repeat of a post that
 * arrived repeats them; replies and disconnects bear a repeat, and a client with several attempts saves them from a throttle
 * or a socket that a frozen sandbox left dead. All attempts share `POST_TIMEOUT_MS`, and the outcome is the last one's.
 */
export class ManagementPoster implements Poster {
  readonly #client: ApiGatewayManagementApiClient;
  readonly #log: Log;

  constructor(client: ApiGatewayManagementApiClient, log: Log) {
    this.#client = client;
    this.#log = log;
  }

  post(connection: string, frame: string): Promise<PostOutcome> {
    return this.#call('post', connection, (abortSignal) =>
      this.#client.send(new PostToConnectionCommand({ ConnectionId: connection, Data: frame }), {
        abortSignal,
      }),
    );
  }

  close(connection: string): Promise<PostOutcome> {
    return this.#call('close', connection, (abortSignal) =>
      this.#client.send(new DeleteConnectionCommand({ ConnectionId: connection }), { abortSignal }),
    );
  }

  async #call(
    what: string,
    connection: string,
    send: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<PostOutcome> {
    try {
      await send(AbortSignal.timeout(POST_TIMEOUT_MS));
      return 'ok';
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome === 'failed' || outcome === 'unknown') {
        this.#log('warn', `${what} did not succeed`, { connection, outcome, ...causeOf(error) });
      }
      return outcome;
    }
  }
}
