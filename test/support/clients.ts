import { Centrifuge, type Options, type PublicationContext } from 'centrifuge';
import WebSocket from 'ws';
import { Link } from './link';
import { type Target, tokenFor } from './target';

/** Everything that a test opened; `close()` in `afterEach` ends it. */
export class Clients {
  readonly #target: Target;
  readonly #centrifuges: Centrifuge[] = [];
  readonly #sockets: RawSocket[] = [];
  readonly #links: Link[] = [];

  constructor(target: Target) {
    this.#target = target;
  }

  /** An unchanged SDK client, not yet connected. */
  async centrifuge(
    user: string,
    more: { readonly channels?: readonly string[]; readonly link?: Link } = {},
  ): Promise<Centrifuge> {
    const client = new Centrifuge(this.#target.websocketUrl, {
      token: await tokenFor(this.#target, user, more),
      websocket: more.link?.websocket ?? WebSocket,
    });
    this.#centrifuges.push(client);
    return client;
  }

  /** An SDK client of these options, not yet connected. */
  custom(options: Partial<Options>): Centrifuge {
    const client = new Centrifuge(this.#target.websocketUrl, { websocket: WebSocket, ...options });
    this.#centrifuges.push(client);
    return client;
  }

  /** An SDK client that is connected. */
  async connected(user: string, more: { readonly channels?: readonly string[] } = {}): Promise<Centrifuge> {
    const client = await this.centrifuge(user, more);
    client.connect();
    await client.ready(10_000);
    return client;
  }

  /** An SDK client, not yet connected, and its way to the gateway. */
  async linked(user: string): Promise<{ readonly client: Centrifuge; readonly link: Link }> {
    const link = new Link();
    this.#links.push(link);
    return { client: await this.centrifuge(user, { link }), link };
  }

  /** A bare socket; `query` is appended to the URL as given. */
  async raw(
    query = '',
    options: { readonly protocols?: string[]; readonly headers?: Record<string, string> } = {},
  ) {
    const socket = await RawSocket.open(`${this.#target.websocketUrl}${query}`, options);
    this.#sockets.push(socket);
    return socket;
  }

  close(): void {
    for (const client of this.#centrifuges.splice(0)) client.disconnect();
    for (const socket of this.#sockets.splice(0)) socket.terminate();
    for (const link of this.#links.splice(0)) link.close();
  }
}

/** Collects the publications of a channel as the SDK hands them to an application. */
export async function collect(client: Centrifuge, channel: string): Promise<PublicationContext[]> {
  const seen: PublicationContext[] = [];
  const subscription = client.newSubscription(channel);
  subscription.on('publication', (publication) => seen.push(publication));
  subscription.subscribe();
  await subscription.ready(10_000);
  return seen;
}

/** The handshake was answered with another status than 101. */
export class HandshakeRefused extends Error {
  override readonly name = 'HandshakeRefused';
  readonly status: number;

  constructor(status: number) {
    super(`handshake refused with ${status}`);
    this.status = status;
  }
}

/** A WebSocket of which a test reads message after message. */
export class RawSocket {
  readonly #socket: WebSocket;
  readonly #messages: Record<string, unknown>[] = [];
  /** Every text frame as it came; each holds one message or more. */
  readonly frames: string[] = [];
  #arrived: () => void = () => undefined;
  closed: { readonly code: number } | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const frame = data.toString();
      this.frames.push(frame);
      for (const line of frame.split('\n')) this.#messages.push(JSON.parse(line));
      this.#arrived();
    });
    socket.on('error', () => undefined);
    socket.on('close', (code) => {
      this.closed = { code };
      this.#arrived();
    });
  }

  static open(
    url: string,
    options: { readonly protocols?: string[]; readonly headers?: Record<string, string> },
  ): Promise<RawSocket> {
    const socket = new WebSocket(url, options.protocols ?? [], { headers: options.headers ?? {} });
    return new Promise((resolve, reject) => {
      socket.once('unexpected-response', (_request, response) => {
        reject(new HandshakeRefused(response.statusCode ?? 0));
        socket.terminate();
      });
      socket.once('error', reject);
      const raw = new RawSocket(socket);
      socket.once('open', () => resolve(raw));
    });
  }

  send(message: unknown): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  sendBinary(data: Buffer): void {
    this.#socket.send(data, { binary: true });
  }

  /** The next message that was not read yet; fails where none comes or the socket closes first. */
  async next(timeoutMs = 8_000): Promise<Record<string, unknown>> {
    const message = await this.#wait(() => this.#messages.shift(), timeoutMs, 'a message');
    return message;
  }

  /** The close code, once the other side has closed. */
  async close(timeoutMs = 8_000): Promise<number> {
    const { code } = await this.#wait(() => this.closed, timeoutMs, 'a close');
    return code;
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** What came and was not read. */
  get unread(): readonly Record<string, unknown>[] {
    return this.#messages;
  }

  /** The subprotocol that the server chose; empty where it chose none. */
  get protocol(): string {
    return this.#socket.protocol;
  }

  async #wait<Value>(take: () => Value | undefined, timeoutMs: number, what: string): Promise<Value> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const value = take();
      if (value !== undefined) return value;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`expected ${what} within ${timeoutMs} ms, got none`);
      if (this.closed) throw new Error(`expected ${what}, got close ${this.closed.code}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** Waits until a condition holds; the error says for what. */
export async function eventually(what: string, condition: () => boolean, timeoutMs = 8_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`expected ${what} within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
