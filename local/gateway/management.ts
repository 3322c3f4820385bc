import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { refusal } from '../aws/refusal';
import type { Faults, PostFault } from '../faults/faults';
import { passes } from '../hops';
import { AwsError, type AwsResponse } from '../ports';
import type { GatewayConnection } from './connection';
import { isIdentifier } from './identifiers';
import type { GatewayLimits } from './limits';
import { readBody } from './request-body';
import { isSigned, type ManagementAccess, originOf, requestOf } from './signed-access';
import type { AccountThrottle } from './throttle';

/** The API and stage that the path names. */
export interface ManagedApi {
  readonly apiId: string;
  readonly stage: string;
  readonly connections: ReadonlyMap<string, GatewayConnection>;
}

/** What decides about a request beside its path. */
export interface ManagementRules {
  readonly limits: GatewayLimits;
  /** Undefined lets everybody in whose request is signed. */
  readonly access: ManagementAccess | undefined;
  readonly throttle: AccountThrottle;
  /** What goes wrong on request. */
  readonly faults: Pick<Faults, 'post'> | undefined;
}

const NO_BODY = Buffer.alloc(0);

/**
 * Answers one request to `@connections/{id}` as the API Gateway Management API does (restJson1).
 *
 * A POST counts as accepted when its whole body is there and goes to the socket at that very moment, so that
 * messages reach the client in the order in which their requests were accepted.
 *
 * @param encodedId the last part of the path, still URL-encoded
 */
export async function answerManagement(
  request: IncomingMessage,
  response: ServerResponse,
  encodedId: string,
  api: ManagedApi,
  { limits, access, throttle, faults }: ManagementRules,
): Promise<void> {
  if (!isSigned(request) || !['GET', 'POST', 'DELETE'].includes(request.method ?? '')) {
    return fail(
      request,
      response,
      403,
      'MissingAuthenticationTokenException',
      'Missing Authentication Token',
    );
  }
  const connectionId = decode(encodedId);
  if (connectionId === undefined || !isIdentifier(connectionId)) {
    const name = connectionId ?? encodedId;
    return fail(request, response, 400, 'BadRequestException', `Invalid connectionId: ${name}`);
  }
  let data: Buffer | undefined;
  if (request.method === 'POST') {
    data = await readBody(request, limits.messageBytes);
    if (!data) return fail(request, response, 413, 'PayloadTooLargeException', 'Message too long');
  }
  // Nothing may be awaited from here to the send, but where a fault asks for it: see the order above.
  const refused = access && refusalOf(access, request, { ...api, connectionId }, data ?? NO_BODY);
  if (refused) return answer(response, refused);
  if (!throttle.takeRequest()) {
    return fail(request, response, 429, 'LimitExceededException', 'Rate exceeded');
  }
  const connection = api.connections.get(connectionId);
  if (!connection?.isOpen) return fail(request, response, 410, 'GoneException');
  if (request.method === 'GET') return succeed(response, 200, describe(connection));
  if (!data) {
    connection.close(1000);
    return succeed(response, 204);
  }
  if (connection.bufferedBytes > limits.slowClientBytes) {
    return fail(request, response, 429, 'LimitExceededException', 'The client reads too slowly');
  }
  const fault = faults?.post();
  if (fault) return meetFault(request, response, connection, data, fault);
  passes('post', connectionId, data);
  connection.send(data);
  return succeed(response, 200);
}

/** Answers a post as the fault says, which may not be what becomes of it. */
async function meetFault(
  request: IncomingMessage,
  response: ServerResponse,
  connection: GatewayConnection,
  data: Buffer,
  { answer, delivered, delayMs }: PostFault,
): Promise<void> {
  if (delayMs > 0) await sleep(delayMs);
  if (delivered || answer === 'ok') connection.send(data);
  switch (answer) {
    case 'ok':
      return succeed(response, 200);
    case '410':
      connection.terminate();
      return fail(request, response, 410, 'GoneException');
    case '429':
      return fail(request, response, 429, 'LimitExceededException', 'Rate exceeded');
    case '500':
      return fail(request, response, 500, 'InternalServerErrorException', 'Internal server error');
    case 'hang':
      return;
  }
}

/** The answer to a caller who may not do this; undefined for one who may. */
function refusalOf(
  access: ManagementAccess,
  request: IncomingMessage,
  { apiId, stage, connectionId }: ManagedApi & { readonly connectionId: string },
  body: Buffer,
): AwsResponse | undefined {
  try {
    access.check(requestOf(request, body), { apiId, stage, connectionId }, originOf(request));
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return refusal('execute-api', error, undefined);
    throw error;
  }
}

function answer(response: ServerResponse, { status, headers, body }: AwsResponse): void {
  response.writeHead(status, { 'x-amzn-requestid': randomUUID(), ...headers });
  response.end(body);
}

function describe(connection: GatewayConnection): object {
  const { connectedAt, sourceIp, userAgent } = connection.context;
  return {
    connectedAt: new Date(connectedAt).toISOString(),
    identity: { sourceIp, userAgent },
    lastActiveAt: new Date(connection.lastActiveAt).toISOString(),
  };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function succeed(response: ServerResponse, status: number, body?: object): void {
  response.writeHead(status, { 'x-amzn-requestid': randomUUID(), 'content-type': 'application/json' });
  response.end(body && JSON.stringify(body));
}

/** Without a message the body is empty: that is what AWS answers for a connection that is gone. */
function fail(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  errorType: string,
  message?: string,
): void {
  request.resume();
  response.writeHead(status, {
    'x-amzn-requestid': randomUUID(),
    'x-amzn-errortype': errorType,
    'content-type': 'application/json',
    // The rest of a body that is too large is not worth reading.
    ...(status === 413 ? { connection: 'close' } : {}),
  });
  response.end(message === undefined ? undefined : JSON.stringify({ message }));
}
