import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/**
 * Answers SDK clients like the platform where a frame has at most 32 KB, and closes with 1009 like API Gateway where not. It ends a
 * connection whose ids have a gap, as the platform does after it has waited.
 */
export class GatewayDouble {
  readonly #server: WebSocketServer;
  /** Path and query of each handshake. */
  readonly urls: string[] = [];
  readonly protocols: string[] = [];
  /** Payloads of the frames that came, in order. */
  readonly frames: string[] = [];
  readonly binaryFrames: Buffer[] = [];

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket, request) => {
      this.urls.push(request.url ?? '');
      this.protocols.push(request.headers['sec-websocket-protocol'] ?? '');
      socket.on('error', () => undefined);
      const order = { next: undefined as number | undefined };
      socket.on('message', (data: Buffer, binary: boolean) => {
        if (binary) this.binaryFrames.push(data);
        else this.#answer(socket, data.toString(), order);
      });
    });
  }

  static async start(): Promise<GatewayDouble> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: 32 * 1024 });
    await once(server, 'listening');
    return new GatewayDouble(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/local`;
  }

  /** Ends every connection, as a planned reconnect does. */
  cut(code: number): void {
    for (const socket of this.#server.clients) socket.close(code);
  }

  async stop(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(socket: WebSocket, frame: string, order: { next: number | undefined }): void {
    this.frames.push(frame);
    const replies = frame.split('\n').flatMap((line): object[] => {
      const command = JSON.parse(line);
      if (command.id !== undefined) {
        if (command.id !== (order.next ?? command.id)) socket.close(3010);
        order.next = command.id + 1;
      }
      if (command.send) return [];
      if (command.connect) return [{ id: command.id, connect: { client: 'c', version: '1' } }];
      if (command.subscribe) return [{ id: command.id, subscribe: {} }];
      return command.id === undefined ? [] : [{ id: command.id, rpc: { data: line.length } }];
    });
    if (replies.length > 0) socket.send(replies.map((reply) => JSON.stringify(reply)).join('\n'));
  }
}
