import { randomBytes } from 'node:crypto';
import type { Delivery } from '../../../lambdas/contract/delivery';
import { SignedPoster } from '../../../lambdas/gateway/core/adapters/aws/signed-poster';
import { storesOn } from '../../../lambdas/gateway/core/adapters/state';
import { Ingress } from '../../../lambdas/gateway/core/commands/ingress';
import { type AdmissionParts, admit } from '../../../lambdas/gateway/core/connections/admission';
import { Checkup } from '../../../lambdas/gateway/core/connections/checkup';
import { CountedPoster } from '../../../lambdas/gateway/core/limits/counted-poster';
import { PostCount } from '../../../lambdas/gateway/core/limits/post-count';
import type { ScriptRunner } from '../../../lambdas/gateway/core/redis-script';
import { secretTokens } from '../secret-tokens';
import { UNLIMITED } from '../unlimited';
import type { Sockets } from './connections-server';
import type { stormParts } from './courier-process';

/** Beyond the age below which a 410 is not believed. */
const MINUTE_MS = 60_000;

/** Share of the connections that are cut. */
const LOST_DISCONNECTS = 0.8;

/** A client's end of a connection, with what the SDK uses of a WebSocket. */
export interface ClientSocket {
  onopen: () => void;
  onmessage: (event: { readonly data: string }) => void;
  onclose: (event: { readonly code: number; readonly reason: string }) => void;
}

export interface StormGatewayOptions {
  readonly scripts: ScriptRunner;
  readonly parts: ReturnType<typeof stormParts>;
  readonly tokenSecret: Uint8Array;
  readonly random: () => number;
  /** Share of connections that are noted as just opened; the others as a minute old, so that a 410 is believed at once. */
  readonly youngShare: number;
}

/**
 * The gateway without a network to its clients: sockets are objects of this process, and the functions behind the three
 * routes are called as API Gateway invokes them, each frame by itself. What ends a connection from the outside mostly
 * loses its `$disconnect`.
 */
export class StormGateway implements Sockets {
  /** Connections whose sockets are gone. */
  readonly gone = new Set<string>();
  readonly #options: StormGatewayOptions;
  readonly #open = new Map<string, ClientSocket>();
  readonly #ids = new WeakMap<object, string>();
  readonly #admissions: readonly AdmissionParts[];
  #ingress: Ingress | undefined;
  #running = 0;

  constructor(options: StormGatewayOptions) {
    this.#options = options;
    const { scripts, parts } = options;
    const earlier = { ...parts.clock, now: () => parts.clock.now() - MINUTE_MS };
    const admission = {
      ...parts,
      ...UNLIMITED,
      rates: { handshake: async () => true },
      allowedOrigins: '*',
      tokens: { connection: async () => ({ result: 'invalid' as const, reason: 'expected none' }) },
      limits: { connectsPerSecond: 1, connectBurst: 1 },
      liveness: { pendingSeconds: 10 },
    };
    this.#admissions = [admission, { ...admission, connections: storesOn(scripts, earlier).connections }];
  }

  /** Opens the routes: replies take this way to the connections, deliveries that. */
  serve(callbackUrl: string, deliver: (delivery: Delivery) => Promise<void>): void {
    const { parts, tokenSecret } = this.#options;
    const poster = new CountedPoster(
      new SignedPoster({ callbackUrl, attempts: 3, log: parts.log }),
      new PostCount(parts.budget),
    );
    this.#ingress = new Ingress({
      ...parts,
      ...UNLIMITED,
      poster,
      checkup: new Checkup({ ...parts, poster }),
      bus: { put: async () => undefined },
      deliveries: { send: deliver },
      tokens: secretTokens(async () => tokenSecret),
      userChannel: false,
      rpcTimeoutMs: 10_000,
    });
  }

  /** Connections that are open. */
  get live(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** Invocations that have not ended. */
  get running(): number {
    return this.#running;
  }

  /** The option `websocket` of an SDK client. */
  get websocket(): new () => ClientSocket {
    const gateway = this;
    return class implements ClientSocket {
      onopen = (): void => undefined;
      onmessage = (_event: { readonly data: string }): void => undefined;
      onclose = (_event: { readonly code: number; readonly reason: string }): void => undefined;

      constructor() {
        gateway.#connect(this);
      }

      send(text: string): void {
        gateway.#frame(this, text);
      }

      close(): void {
        gateway.#leave(this);
      }
    };
  }

  isOpen(connection: string): boolean {
    return this.#open.has(connection);
  }

  receive(connection: string, data: string): void {
    const socket = this.#open.get(connection);
    // A frame is on its way for a moment.
    setImmediate(() => {
      if (this.#open.get(connection) === socket) socket?.onmessage({ data });
    });
  }

  cut(connection: string): void {
    const socket = this.#open.get(connection);
    this.#end(connection, this.#options.random() < LOST_DISCONNECTS);
    setImmediate(() => socket?.onclose({ code: 1006, reason: '' }));
  }

  close(connection: string): void {
    const socket = this.#open.get(connection);
    this.#end(connection, false);
    setImmediate(() => socket?.onclose({ code: 1000, reason: '' }));
  }

  #connect(socket: ClientSocket): void {
    const connection = randomBytes(11).toString('base64');
    this.#ids.set(socket, connection);
    const [now, earlier] = this.#admissions;
    const { random, youngShare } = this.#options;
    const parts = random() < youngShare ? now : earlier;
    if (parts === undefined) return;
    void this.#invoke(async () => {
      const { statusCode } = await admit(parts, connection, {}, '127.0.0.1');
      if (statusCode !== 200) return socket.onclose({ code: 1006, reason: String(statusCode) });
      this.#open.set(connection, socket);
      // Its client may have given up meanwhile.
      if (this.#ids.has(socket)) socket.onopen();
      else this.#end(connection, false);
    });
  }

  #frame(socket: ClientSocket, text: string): void {
    const connection = this.#ids.get(socket) ?? '';
    if (!this.#open.has(connection)) return;
    void this.#invoke(async () => this.#ingress?.handle(connection, text));
  }

  #leave(socket: ClientSocket): void {
    this.#end(this.#ids.get(socket) ?? '', false);
    this.#ids.delete(socket);
  }

  #end(connection: string, isUnheard: boolean): void {
    if (!this.#open.delete(connection)) return;
    this.gone.add(connection);
    if (!isUnheard) void this.#invoke(() => this.#options.parts.departures.depart(connection));
  }

  async #invoke(work: () => Promise<void>): Promise<void> {
    this.#running++;
    try {
      await work();
    } finally {
      this.#running--;
    }
  }
}
