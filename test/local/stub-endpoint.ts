import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { LOOPBACK, listen } from '../../local/http-server';

export interface StubRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly at: number;
}

export type StubAnswer = (response: ServerResponse, request: StubRequest) => void;

const OK: StubAnswer = (response) => response.end('ok');

/** An HTTP server that remembers what it is asked, and answers as a test wants. */
export class StubEndpoint {
  readonly requests: StubRequest[] = [];
  /** One after the other; then 200. */
  readonly answers: StubAnswer[] = [];
  url = '';
  readonly #server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = '', url = '', headers } = incoming;
    const request = { method, url, headers, body: Buffer.concat(chunks).toString(), at: performance.now() };
    this.requests.push(request);
    (this.answers.shift() ?? OK)(response, request);
  });

  async start(): Promise<void> {
    this.url = `http://127.0.0.1:${await listen(this.#server, 0, LOOPBACK)}`;
  }

  /** An answer of this status. */
  static status(status: number, headers: Record<string, string> = {}, body = ''): StubAnswer {
    return (response) => response.writeHead(status, headers).end(body);
  }

  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    return closed;
  }
}
