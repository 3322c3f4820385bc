import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { ConnectionContext } from './event';
import { FrameMeter } from './frame-meter';
import type { GatewayLimits } from './limits';

/** How a connection ended, as `$disconnect` is told. */
export interface Disconnection {
  readonly code: number;
  readonly reason: string;
}

export interface ConnectionEvents {
  /** A whole text message within the limits. */
  onMessage(body: string): void;
  /** Once, after the socket is closed. */
  onClosed(disconnection: Disconnection): void;
}

/** What the gateway itself says of a close. A client's code comes with the client's reason, also where that is empty. */
const REASONS: ReadonlyMap<number, string> = new Map([
  [1000, 'Connection Closed Normally'],
  [1001, 'Going away'],
  [1003, 'Unsupported data'],
  [1005, 'Client-side close frame status not set'],
  [1006, 'Connection closed abnormally'],
  [1009, 'Message too big'],
]);

/** Codes that no frame carries: it had no status, or there was none. */
const NO_CLOSE_FRAME: ReadonlySet<number> = new Set([1005, 1006]);

/** One open WebSocket: its limits, its timers, its activity, and the truth about how it ended. */
export class GatewayConnection {
  readonly context: ConnectionContext;
  readonly #socket: WebSocket;
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #idleTimer: NodeJS.Timeout;
  #lastActiveAt = Date.now();
  #messagesSeen = 0;
  #firstRefusedMessage = Number.POSITIVE_INFINITY;
  #closedByGateway: Disconnection | undefined;

  /**
   * Must be made in the same tick as the upgrade, before `raw` can emit data.
   *
   * @param timeScale how many times faster than the wall the clock of the idle and life limits runs
   */
  constructor(
    context: ConnectionContext,
    socket: WebSocket,
    raw: Duplex,
    limits: GatewayLimits,
    timeScale: number,
    events: ConnectionEvents,
  ) {
    this.context = context;
    this.#socket = socket;
    const goAway = (): void => this.close(1001);
    this.#idleTimer = setTimeout(goAway, limits.idleMs / timeScale);
    this.#timers = [this.#idleTimer, setTimeout(goAway, limits.lifeMs / timeScale)];

    const meter = new FrameMeter(limits.frameBytes);
    // Before the listener of `ws`, so that a violation is known when the messages of the same chunk are emitted.
    raw.prependListener('data', (chunk: Buffer) => {
      const violation = meter.read(chunk);
      if (violation) this.close(violation.code, violation.firstRefusedMessage);
    });
    socket.on('message', (data) => {
      if (this.#messagesSeen++ >= this.#firstRefusedMessage) return;
      this.#touch();
      events.onMessage(data.toString());
    });
    // `ws` closes the connection itself, with the fitting code; without a listener the process would end.
    socket.on('error', (error) => {
      this.#closedByGateway ??= closeOfProtocolError(error);
    });
    socket.once('close', (code, reason) => {
      for (const timer of this.#timers) clearTimeout(timer);
      const isClients = !NO_CLOSE_FRAME.has(code);
      const told = { code, reason: isClients ? reason.toString() : reasonOf(code) };
      events.onClosed(this.#closedByGateway ?? told);
    });
  }

  get lastActiveAt(): number {
    return this.#lastActiveAt;
  }

  /** False as soon as either side has begun to close. */
  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Bytes that the client has not taken yet. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Hands a text message to the socket. Messages arrive in the order of the calls. */
  send(data: string | Buffer): void {
    if (!this.isOpen) return;
    this.#touch();
    this.#socket.send(data, { binary: false });
  }

  /** Begins to close. What the client sends from `firstRefusedMessage` on is dropped: by default, all. */
  close(code: number, firstRefusedMessage = this.#messagesSeen): void {
    if (!this.isOpen) return;
    this.#firstRefusedMessage = firstRefusedMessage;
    this.#closedByGateway = { code, reason: reasonOf(code) };
    this.#socket.close(code, reasonOf(code));
  }

  /** Ends the socket without waiting for the client's close frame. */
  terminate(): void {
    this.#socket.terminate();
  }

  #touch(): void {
    this.#lastActiveAt = Date.now();
    this.#idleTimer.refresh();
  }
}

function reasonOf(code: number): string {
  return REASONS.get(code) ?? '';
}

/** `ws` reports a message over its limit, and other breaches of the protocol, as an error with a code of its own. */
function closeOfProtocolError(error: Error & { code?: string }): Disconnection | undefined {
  if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return { code: 1009, reason: reasonOf(1009) };
  if (error.code === 'WS_ERR_INVALID_UTF8') return { code: 1007, reason: 'Invalid UTF-8' };
  return error.code?.startsWith('WS_ERR_') ? { code: 1002, reason: 'Protocol error' } : undefined;
}
