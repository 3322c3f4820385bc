import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { sourceAddress } from '../gateway/handshake';
import { LOOPBACK, listen } from '../http-server';
import { AccessDeniedError } from '../iam/access-denied';
import type { RequestNeeds } from '../iam/needs';
import type { RequestGuard } from '../iam/request-guard';
import type { Identities } from '../identity';
import { AwsError, type AwsResponse, type AwsService } from '../ports';
import { Turns } from '../turns';
import { Callers } from './callers';
import type { ConnectedRequest } from './json-service';
import { refusal, SignatureError } from './refusal';
import { signatureScope } from './signature';

/** A batch of ten messages that fills SQS's 1 MiB may be several times that once it is escaped as JSON. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Longer than any SDK keeps an idle socket, so that it is never the server that closes one under a new request. */
const KEEP_ALIVE_MS = 75_000;

/** Prefix of `X-Amz-Target` -> service, for requests that are not signed. */
const TARGETS: readonly (readonly [prefix: string, service: string])[] = [
  ['AmazonSQS.', 'sqs'],
  ['AmazonSSM.', 'ssm'],
  ['AWSEvents.', 'events'],
  ['secretsmanager.', 'secretsmanager'],
  ['DynamoDB_', 'dynamodb'],
];

class BodyTooLargeError extends AwsError {
  constructor() {
    super('RequestEntityTooLargeException', `body: expected at most ${MAX_BODY_BYTES} bytes, got more`, 413);
  }
}

class UnknownServiceError extends AwsError {
  constructor(got: string, known: readonly string[]) {
    super(
      'UnknownOperationException',
      `expected a service of the local runtime (${known.join(', ')}), got ${got || 'a request without signature or target'}`,
      501,
    );
  }
}

export interface AwsEndpointOptions {
  readonly identities: Identities;
  /** By name in the signature's scope: `sqs`, `ssm`, `secretsmanager`, `events`, `dynamodb`, `lambda`, `sts`. */
  readonly services: Readonly<Record<string, AwsService>>;
  /** What functions may do. @default everything */
  readonly access?: { readonly guard: RequestGuard; readonly needsOf: RequestNeeds };
  /** Hears of what a service threw that is no AwsError; the caller only sees InternalFailure. */
  readonly onFailure?: (service: string, error: unknown) => void;
}

/**
 * One HTTP address for every AWS service, as `AWS_ENDPOINT_URL` wants it. The service is read from the scope of the
 * SigV4 signature, the caller from its access key; a function's signature has to be right, and its role has to allow the call.
 */
export class AwsEndpoint {
  readonly #options: AwsEndpointOptions;
  readonly #callers: Callers;
  readonly #server: Server;
  readonly #turns = new Turns();

  constructor(options: AwsEndpointOptions) {
    this.#options = options;
    this.#callers = new Callers(options.identities);
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#server.headersTimeout = KEEP_ALIVE_MS + 5_000;
  }

  /** Listens on `port` (0: any free one) and returns the port. */
  listen(port: number, host = LOOPBACK): Promise<number> {
    return listen(this.#server, port, host);
  }

  /** Stops listening and cuts the connections that are open, long polls included. */
  close(): Promise<void> {
    if (!this.#server.listening) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#server.close((error) => (error ? reject(error) : resolve()));
      this.#server.closeAllConnections();
    });
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const hangUp = new AbortController();
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) hangUp.abort();
    });
    outgoing.on('error', () => hangUp.abort());
    try {
      const response = await this.#dispatch(incoming, hangUp.signal);
      send(outgoing, requestId, response);
    } catch (error) {
      if (hangUp.signal.aborted) return;
      send(outgoing, requestId, renderError(error, incoming.headers['content-type']));
      // What is left of a body that was too long must not be read as the next request.
      if (error instanceof BodyTooLargeError) incoming.destroy();
    }
  }

  async #dispatch(incoming: IncomingMessage, signal: AbortSignal): Promise<AwsResponse> {
    const headers = plainHeaders(incoming);
    const bytes = await readBody(incoming);
    // A burst of calls must not hold up sockets and functions, which share the event loop.
    await this.#turns.next();
    const { method = 'POST', url: path = '/' } = incoming;
    const body = bytes.toString('utf8');
    const name = signatureScope(headers['authorization'])?.service ?? serviceOf(headers, path, body);
    const service = Object.hasOwn(this.#options.services, name) ? this.#options.services[name] : undefined;
    if (!service) throw new UnknownServiceError(name, Object.keys(this.#options.services));
    try {
      const principal = this.#callers.identify({ method, path, headers, body: bytes }, name);
      const request: ConnectedRequest = { method, path, headers, body, principal, signal };
      this.#authorize(name, request, sourceAddress(incoming));
      return await service.handle(request);
    } catch (error) {
      if (error instanceof SignatureError || error instanceof AccessDeniedError) {
        return refusal(name, error, headers['content-type']);
      }
      if (!(error instanceof AwsError)) this.#options.onFailure?.(name, error);
      throw error;
    }
  }

  #authorize(service: string, request: ConnectedRequest, sourceIp: string): void {
    const { access } = this.#options;
    const origin = { sourceIp, userAgent: request.headers['user-agent'] };
    access?.guard.check(request.principal, origin, () => access.needsOf(service, request));
  }
}

function serviceOf(headers: Readonly<Record<string, string>>, path: string, body: string): string {
  const target = headers['x-amz-target'] ?? '';
  const byTarget = TARGETS.find(([prefix]) => target.startsWith(prefix));
  if (byTarget) return byTarget[1];
  if (path.startsWith('/2015-03-31/functions')) return 'lambda';
  if (body.startsWith('Action=GetCallerIdentity')) return 'sts';
  return target;
}

function plainHeaders(incoming: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

function readBody(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) {
        incoming.pause();
        reject(new BodyTooLargeError());
      } else chunks.push(chunk);
    });
    incoming.once('end', () => resolve(Buffer.concat(chunks)));
    incoming.once('error', reject);
    incoming.once('close', () => reject(new Error('the caller hung up before its request was complete')));
  });
}

function renderError(error: unknown, contentType: string | undefined): AwsResponse {
  const known =
    error instanceof AwsError ? error : new AwsError('InternalFailure', 'The local runtime failed.', 500);
  const fault = known.status >= 500 ? 'Receiver' : 'Sender';
  return {
    status: known.status,
    headers: {
      'content-type': contentType?.startsWith('application/x-amz-json')
        ? contentType
        : 'application/x-amz-json-1.1',
      'x-amzn-errortype': known.code,
      ...(known.queryCode === undefined ? {} : { 'x-amzn-query-error': `${known.queryCode};${fault}` }),
    },
    body: JSON.stringify({ __type: known.code, message: known.message }),
  };
}

function send(outgoing: ServerResponse, requestId: string, response: AwsResponse): void {
  if (outgoing.destroyed) return;
  outgoing.writeHead(response.status, {
    'content-type': 'application/x-amz-json-1.1',
    'x-amzn-requestid': requestId,
    ...response.headers,
    'content-length': Buffer.byteLength(response.body),
  });
  outgoing.end(response.body);
}
