import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

export interface Pushed {
  readonly key: string | undefined;
  readonly body: { readonly user: string; readonly from: string; readonly data: unknown };
}

/** A provider of pushes that takes what it is given, and remembers it. */
export class PushProvider {
  readonly pushed: Pushed[] = [];
  /** What it answers. */
  status = 200;
  readonly #server = createServer(async (request, response) => {
    const body = (await json(request)) as Pushed['body'];
    this.pushed.push({ key: request.headers['idempotency-key']?.toString(), body });
    response.writeHead(this.status).end();
  });

  /** Without a path. */
  get url(): string {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('expected a port, got none');
    return `http://127.0.0.1:${address.port}`;
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
