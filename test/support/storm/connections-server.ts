import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a post meets. */
export type Fate = 'ok' | 410 | 429 | 500 | 'hang';

/** Shares of all posts that fail. */
const SHARES: readonly (readonly [Exclude<Fate, 'ok'>, number])[] = [
  [410, 0.05],
  [429, 0.05],
  [500, 0.02],
  ['hang', 0.01],
];

/** What API Gateway takes for a post inside of a region, roughly. */
const ANSWER_MS = 8;

/** The other end of `@connections`, by connection id. */
export interface Sockets {
  isOpen(connection: string): boolean;
  receive(connection: string, frame: string): void;
  /** Its client hears of it as of a network that is gone. */
  cut(connection: string): void;
  close(connection: string): void;
}

/**
 * `POST` and `DELETE @connections` over HTTP. A post meets its fate by the dice, and one that fails without a word of
 * whether it arrived has arrived in half of the cases.
 */
export class ConnectionsServer {
  /** How many posts met which fate. */
  readonly met = new Map<Fate, number>();
  /** Requests without an answer, but for those that never get one. */
  inFlight = 0;
  readonly #sockets: Sockets;
  readonly #random: () => number;
  readonly #server: Server;

  private constructor(sockets: Sockets, random: () => number) {
    this.#sockets = sockets;
    this.#random = random;
    this.#server = createServer((request, response) => this.#read(request, response));
    this.#server.keepAliveTimeout = 60_000;
  }

  static async listen(sockets: Sockets, random: () => number): Promise<ConnectionsServer> {
    const made = new ConnectionsServer(sockets, random);
    await new Promise<void>((resolve) => made.#server.listen(0, '127.0.0.1', resolve));
    return made;
  }

  get callbackUrl(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}/test`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #read(request: IncomingMessage, response: ServerResponse): void {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const frame = Buffer.concat(pieces).toString();
      const connection = decodeURIComponent(request.url?.split('/').at(-1) ?? '');
      const status = request.method === 'POST' ? this.#post(connection, frame) : this.#delete(connection);
      if (status === undefined) return;
      this.inFlight++;
      setTimeout(() => {
        this.inFlight--;
        response.writeHead(status, { 'content-length': 0 }).end();
      }, ANSWER_MS);
    });
  }

  #delete(connection: string): number {
    if (!this.#sockets.isOpen(connection)) return 410;
    this.#sockets.close(connection);
    return 204;
  }

  /** Undefined: it is never answered. */
  #post(connection: string, frame: string): number | undefined {
    if (!this.#sockets.isOpen(connection)) return 410;
    const fate = this.#fate();
    this.met.set(fate, (this.met.get(fate) ?? 0) + 1);
    if (fate === 'ok' || ((fate === 500 || fate === 'hang') && this.#random() < 0.5)) {
      this.#sockets.receive(connection, frame);
    }
    if (fate === 410) this.#sockets.cut(connection);
    if (fate === 'hang') return undefined;
    return fate === 'ok' ? 200 : fate;
  }

  #fate(): Fate {
    let left = this.#random();
    for (const [fate, share] of SHARES) {
      if (left < share) return fate;
      left -= share;
    }
    return 'ok';
  }
}
