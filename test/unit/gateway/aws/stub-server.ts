import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The same number for requests on one socket. */
  readonly socket: number;
}

/** What is done instead of an answer, or to answer. */
export type Answer = (response: ServerResponse) => void;

export const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (response) => {
    response.writeHead(code, headers).end(body);
  };

export const reset: Answer = (response) => {
  response.socket?.resetAndDestroy();
};

export const never: Answer = () => undefined;

/** A server that answers as told, 200 where nothing was told, and remembers what it saw. */
export class StubServer {
  readonly seen: Seen[] = [];
  readonly answers: Answer[] = [];
  readonly #server: Server;
  #sockets = 0;

  constructor(make: (listener: RequestListener) => Server = createServer) {
    const numbers = new WeakMap<object, number>();
    this.#server = make(async (request, response) => {
      const { method, url, headers } = request;
      const socket = numbers.get(request.socket) ?? ++this.#sockets;
      numbers.set(request.socket, socket);
      this.seen.push({ method, url, headers, body: await text(request), socket });
      (this.answers.shift() ?? status(200))(response);
    });
    this.#server.keepAliveTimeout = 60_000;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends the idle connections from the server's side. */
  closeIdle(): void {
    this.#server.closeIdleConnections();
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  reset(): void {
    this.seen.length = 0;
    this.answers.length = 0;
  }
}

const before = { ...process.env };

/** Gives the tests of a file an environment like a function's, without endpoints, and the former one back at the end. */
export function useFunctionEnvironment(more: Record<string, string> = {}): void {
  beforeEach(() => {
    process.env = {
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token/+==',
      ...more,
    };
  });
  afterAll(() => {
    process.env = before;
  });
}
