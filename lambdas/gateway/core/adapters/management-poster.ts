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

/** What an error of a call says about the call's effect. */
function outcomeOf(error: unknown): PostOutcome {
  if (error instanceof GoneException) return 'gone';
  if (error instanceof LimitExceededException) return 'throttled';
  if (error instanceof ForbiddenException || error instanceof PayloadTooLargeException) return 'failed';
  const code = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && NOT_SENT.has(code) ? 'failed' : 'unknown';
}

/** Posts by `POST @connections`. Its client must make one attempt only: a repeat of a post that arrived repeats publications. */
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
