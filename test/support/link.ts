import WebSocket from 'ws';

/** Where nobody listens: the way of a client that is offline. */
const NOWHERE = 'ws://127.0.0.1:9';

/** A client's way to the gateway, which a test can interrupt; the client notices nothing but a network that fails. */
export class Link {
  /** For the SDK's option of this name. */
  readonly websocket: new (
    url: string | URL,
  ) => WebSocket;
  readonly #sockets = new Set<WebSocket>();
  #up = true;

  constructor() {
    const way = (url: string | URL) => (this.#up ? url : NOWHERE);
    const opened = (socket: WebSocket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      // Terminated while it opens, a socket reports that when the SDK no longer listens.
      socket.on('error', () => undefined);
    };
    this.websocket = class extends WebSocket {
      constructor(url: string | URL) {
        super(way(url));
        opened(this);
      }
    };
  }

  /** From now on no socket opens; those that are open stay. */
  block(): void {
    this.#up = false;
  }

  /** The connection breaks, for both sides. */
  cut(): void {
    this.block();
    for (const socket of this.#sockets) socket.terminate();
  }

  /** The client loses the connection and the gateway does not hear of it: what it sends is taken and never read. */
  vanish(): void {
    this.block();
    for (const socket of this.#sockets) {
      const { onclose } = socket;
      socket.onmessage = null;
      socket.onclose = null;
      onclose?.({ type: 'close', target: socket, wasClean: false, code: 1006, reason: '' });
    }
  }

  restore(): void {
    this.#up = true;
  }

  /** Ends what is left open. */
  close(): void {
    for (const socket of this.#sockets) socket.terminate();
  }
}
