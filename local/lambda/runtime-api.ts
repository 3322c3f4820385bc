import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import net from 'node:net';

/** What goes wrong in an invocation, on request. */
export interface InvocationTrouble {
  /** The process gets it that much later (ms). */
  readonly delayMs: number;
  /** It is killed that long (ms) after it got it, where it still works on it. */
  readonly crashAfterMs: number | undefined;
  /** Memory that it keeps for ever. */
  readonly leakBytes: number;
}

/** One invocation as the process of a sandbox receives it. */
export interface RuntimeInvocation {
  readonly requestId: string;
  /** ARN as the caller wrote it, with its qualifier. */
  readonly functionArn: string;
  /** X-Ray trace header. */
  readonly traceId: string;
  /** The event as JSON text. */
  readonly payload: string;
  readonly trouble?: InvocationTrouble | undefined;
}

/** What a sandbox does with what its process says. */
export interface RuntimePeer {
  /**
   * The process polls for work. `reply` may be called at any later time, once; false means that the poll is gone
   * and the invocation was not handed over.
   */
  onNext(reply: (invocation: RuntimeInvocation, deadlineMs: number) => boolean): void;
  /** The process answers an invocation; false means that it has no such invocation. */
  onResult(requestId: string, payload: string, failed: boolean): boolean;
  onInitError(payload: string): void;
}

export interface RuntimeEndpoint {
  /** Value of `AWS_LAMBDA_RUNTIME_API`: host and port. */
  readonly address: string;
  close(): void;
}

/** A synchronous response may have 6 MB, and Lambda allows some overhead on top. */
export const MAX_RESPONSE_BYTES = 6_291_556;

const PREFIX = '/2018-06-01/runtime/';
const ACCEPTED = '{"status":"OK"}\n';

/**
 * The Lambda Runtime API for child processes
 * (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
 *
 * `AWS_LAMBDA_RUNTIME_API` is a bare `host:port` for every official runtime client, so neither a path nor a header
 * can tell sandboxes apart. Each sandbox therefore gets a listening port of its own on the loopback; the sockets of
 * all of them feed one HTTP server, which knows the sandbox by the socket.
 */
export class RuntimeApi {
  readonly #http: Server;
  readonly #peers = new WeakMap<net.Socket, RuntimePeer>();
  readonly #endpoints = new Set<RuntimeEndpoint>();

  constructor() {
    this.#http = createServer(
      // A process may work for 15 minutes between its requests, and a poll has no end at all.
      { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 },
      (request, response) => this.#handle(request, response),
    );
  }

  /** Opens a port for one sandbox. */
  async open(peer: RuntimePeer): Promise<RuntimeEndpoint> {
    const sockets = new Set<net.Socket>();
    const listener = net.createServer({ noDelay: true }, (socket) => {
      this.#peers.set(socket, peer);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      // A killed process resets its connection; its exit is what counts.
      socket.on('error', () => socket.destroy());
      this.#http.emit('connection', socket);
    });
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(0, '127.0.0.1', resolve);
    });
    const address = listener.address();
    if (address === null || typeof address === 'string') {
      throw new Error(`Runtime API listener: expected a TCP address, got ${String(address)}`);
    }
    const endpoint: RuntimeEndpoint = {
      address: `127.0.0.1:${address.port}`,
      close: () => {
        this.#endpoints.delete(endpoint);
        listener.close();
        for (const socket of sockets) socket.destroy();
      },
    };
    this.#endpoints.add(endpoint);
    return endpoint;
  }

  close(): void {
    for (const endpoint of [...this.#endpoints]) endpoint.close();
    this.#http.close();
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    response.sendDate = false;
    const peer = this.#peers.get(request.socket);
    const { method, url = '' } = request;
    const path = url.startsWith(PREFIX) ? url.slice(PREFIX.length) : '';
    const [, requestId, verb] = /^invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    if (peer !== undefined && method === 'GET' && path === 'invocation/next') {
      this.#next(peer, response);
    } else if (peer !== undefined && method === 'POST' && path === 'init/error') {
      readBody(request, (body) => {
        peer.onInitError(body);
        answer(response, 202, ACCEPTED);
      });
    } else if (peer !== undefined && method === 'POST' && requestId !== undefined) {
      readBody(request, (body) => this.#result(peer, response, requestId, body, verb === 'error'));
    } else {
      refuse(response, 404, 'NotFound', url);
    }
  }

  #next(peer: RuntimePeer, response: ServerResponse): void {
    peer.onNext((invocation, deadlineMs) => {
      const { socket } = response;
      if (response.destroyed || response.writableEnded || socket?.destroyed === true) return false;
      response.writeHead(200, {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(invocation.payload),
        'Lambda-Runtime-Aws-Request-Id': invocation.requestId,
        'Lambda-Runtime-Deadline-Ms': deadlineMs,
        'Lambda-Runtime-Invoked-Function-Arn': invocation.functionArn,
        'Lambda-Runtime-Trace-Id': invocation.traceId,
        ...(invocation.trouble?.leakBytes ? { 'Holdfast-Leak-Bytes': invocation.trouble.leakBytes } : {}),
      });
      response.end(invocation.payload);
      return true;
    });
  }

  #result(
    peer: RuntimePeer,
    response: ServerResponse,
    requestId: string,
    body: string,
    failed: boolean,
  ): void {
    const bytes = Buffer.byteLength(body);
    const tooLarge = bytes > MAX_RESPONSE_BYTES;
    const payload = tooLarge
      ? JSON.stringify({
          errorType: 'Function.ResponseSizeTooLarge',
          errorMessage: `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`,
        })
      : body;
    if (!peer.onResult(requestId, payload, failed || tooLarge)) {
      refuse(response, 400, 'InvalidRequestID', requestId);
    } else if (tooLarge) {
      refuse(response, 413, 'RequestEntityTooLarge', `${bytes} bytes`);
    } else {
      answer(response, 202, ACCEPTED);
    }
  }
}

function readBody(request: IncomingMessage, done: (body: string) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const [first] = chunks;
    done(first !== undefined && chunks.length === 1 ? first.toString() : Buffer.concat(chunks).toString());
  });
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

function refuse(response: ServerResponse, status: number, errorType: string, got: string): void {
  answer(response, status, `${JSON.stringify({ errorType, errorMessage: `${errorType}: ${got}` })}\n`);
}
