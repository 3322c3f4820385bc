import { type CloseDetails, SocketCloseEvent, SocketErrorEvent, SocketMessageEvent } from './events';
import { FrameTooLargeError, GATEWAY_FRAME_BYTES, packLines, refusal, utf8Bytes } from './frames';
import { CommandNumbers } from './numbers';

export { SocketCloseEvent, SocketErrorEvent, SocketMessageEvent } from './events';
export { FrameTooLargeError } from './frames';

type Payload = string | ArrayBuffer | ArrayBufferView | Blob;

/** What is used of a WebSocket: the browser's, that of Node 22 and later, and the one of `ws` have it. */
export interface InnerWebSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly protocol: string;
  readonly extensions: string;
  binaryType: string;
  send(data: Payload): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: CloseDetails) => void): void;
  addEventListener(type: 'open' | 'error', listener: (event: object) => void): void;
}

export type InnerWebSocketClass = new (url: string, protocols?: string | string[]) => InnerWebSocket;

export interface HoldfastWebSocketOptions {
  /**
   * Called for each connection; its token goes into the URL as `token`. Where it throws, rejects or answers no text, the
   * socket fails to open, and the SDK tries again with backoff.
   */
  readonly token?: () => string | Promise<string>;
  /** @default the global one; Node 20 has none and takes that of `ws` */
  readonly WebSocket?: InnerWebSocketClass;
  /**
   * UTF-8 bytes up to which the lines of one text share a frame, 1 to 32,768.
   * @default 30,000: below the 32 KB of API Gateway in whichever way those are counted
   */
  readonly maxFrameBytes?: number;
}

/** There is no WebSocket to wrap. */
export class WebSocketMissingError extends Error {
  override readonly name = 'WebSocketMissingError';
}

/** The option `token` answered something that is no token. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}

/** As a browser's: `send` before the connection is open. */
export class InvalidStateError extends Error {
  override readonly name = 'InvalidStateError';
}

type Handler<Occurrence> = ((event: Occurrence) => void) | null;

/** The browser's API of a WebSocket, as far as it needs no DOM. */
export interface HoldfastWebSocket extends EventTarget {
  readonly url: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly protocol: string;
  readonly extensions: string;
  binaryType: string;
  onopen: Handler<Event>;
  onmessage: Handler<SocketMessageEvent>;
  onerror: Handler<SocketErrorEvent>;
  onclose: Handler<SocketCloseEvent>;
  /**
   * Text is split at newlines into frames that API Gateway takes. A command that no frame can carry is not sent: it is answered
   * here with error 107 (bad request), as the server would, and the connection stays. Anything but text goes out unchanged.
   * @throws FrameTooLargeError where such a line has no `id` to answer; nothing of the text was sent
   * @throws InvalidStateError before the connection is open
   */
  send(data: Payload): void;
  close(code?: number, reason?: string): void;
}

const STATES = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;

export type HoldfastWebSocketClass = typeof STATES &
  (new (
    url: string | URL,
    protocols?: string | string[],
  ) => HoldfastWebSocket & typeof STATES);

const DEFAULT_FRAME_BYTES = 30_000;

/** What a browser reports of a connection that never opened. */
const FAILED_OPEN: CloseDetails = { code: 1006, reason: '', wasClean: false };

/**
 * A WebSocket class for the option `websocket` of centrifuge-js:
 * `new Centrifuge(url, { websocket: holdfastWebSocket({ token: () => fetchToken() }) })`.
 * @throws WebSocketMissingError where none is given and the platform has none
 * @throws RangeError for a wrong `maxFrameBytes`
 */
export function holdfastWebSocket(options: HoldfastWebSocketOptions = {}): HoldfastWebSocketClass {
  const Inner = options.WebSocket ?? platformWebSocket();
  const { token, maxFrameBytes = DEFAULT_FRAME_BYTES } = options;
  if (!Number.isInteger(maxFrameBytes) || maxFrameBytes < 1 || maxFrameBytes > GATEWAY_FRAME_BYTES) {
    throw new RangeError(
      `maxFrameBytes: expected a whole number from 1 to ${GATEWAY_FRAME_BYTES}, got ${maxFrameBytes}`,
    );
  }
  class ConfiguredWebSocket extends WrappedWebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(String(url), { Inner, protocols, token, maxFrameBytes });
    }
  }
  return Object.assign(ConfiguredWebSocket, STATES);
}

interface Wiring {
  readonly Inner: InnerWebSocketClass;
  readonly protocols: string | string[] | undefined;
  readonly token: (() => string | Promise<string>) | undefined;
  readonly maxFrameBytes: number;
}

class WrappedWebSocket extends EventTarget implements HoldfastWebSocket {
  readonly CONNECTING = STATES.CONNECTING;
  readonly OPEN = STATES.OPEN;
  readonly CLOSING = STATES.CLOSING;
  readonly CLOSED = STATES.CLOSED;
  /** As given: it carries no token, so that it may be logged. */
  readonly url: string;
  onopen: Handler<Event> = null;
  onmessage: Handler<SocketMessageEvent> = null;
  onerror: Handler<SocketErrorEvent> = null;
  onclose: Handler<SocketCloseEvent> = null;
  readonly #wiring: Wiring;
  readonly #numbers = new CommandNumbers();
  #inner: InnerWebSocket | undefined;
  /** While there is no inner socket: because the token is awaited, or because there will never be one. */
  #ownState: number = STATES.CONNECTING;
  #binaryType: string | undefined;

  constructor(url: string, wiring: Wiring) {
    super();
    this.url = url;
    this.#wiring = wiring;
    this.#callHandlers();
    if (wiring.token) void this.#openWithToken(new URL(url), wiring.token);
    else this.#open(url);
  }

  get readyState(): number {
    return this.#inner?.readyState ?? this.#ownState;
  }

  get bufferedAmount(): number {
    return this.#inner?.bufferedAmount ?? 0;
  }

  get protocol(): string {
    return this.#inner?.protocol ?? '';
  }

  get extensions(): string {
    return this.#inner?.extensions ?? '';
  }

  get binaryType(): string {
    return this.#inner?.binaryType ?? this.#binaryType ?? 'blob';
  }

  set binaryType(type: string) {
    this.#binaryType = type;
    if (this.#inner) this.#inner.binaryType = type;
  }

  send(data: Payload): void {
    const inner = this.#inner;
    if (!inner && this.#ownState === STATES.CONNECTING) {
      throw new InvalidStateError('send: expected an open connection, got one that is connecting');
    }
    // As in a browser, what is sent into a connection that has ended is dropped.
    if (!inner) return;
    if (typeof data === 'string') this.#sendText(inner, data);
    else inner.send(data);
  }

  close(code?: number, reason?: string): void {
    if (this.#inner) this.#inner.close(code, reason);
    else if (this.#ownState === STATES.CONNECTING) {
      this.#ownState = STATES.CLOSING;
      queueMicrotask(() => this.#fail(new InvalidStateError('closed before the connection was open')));
    }
  }

  async #openWithToken(url: URL, token: () => string | Promise<string>): Promise<void> {
    try {
      // Handlers are set after the constructor: whatever comes of the token comes later than that.
      await undefined;
      const text: unknown = await token();
      if (this.#ownState !== STATES.CONNECTING) return;
      if (typeof text !== 'string' || text === '') {
        throw new TokenError(`token: expected a text, got ${text === '' ? 'an empty one' : typeof text}`);
      }
      this.#open(withToken(url, text));
    } catch (error) {
      if (this.#ownState === STATES.CONNECTING) this.#fail(error);
    }
  }

  #open(url: string): void {
    const { Inner, protocols } = this.#wiring;
    const inner = protocols === undefined ? new Inner(url) : new Inner(url, protocols);
    if (this.#binaryType !== undefined) inner.binaryType = this.#binaryType;
    inner.addEventListener('open', () => this.dispatchEvent(new Event('open')));
    inner.addEventListener('message', ({ data }) => this.#receive(data));
    inner.addEventListener('error', (event) => {
      this.dispatchEvent(new SocketErrorEvent('error' in event ? event.error : undefined));
    });
    inner.addEventListener('close', (details) => this.dispatchEvent(new SocketCloseEvent(details)));
    this.#inner = inner;
  }

  #fail(error: unknown): void {
    this.#ownState = STATES.CLOSED;
    this.dispatchEvent(new SocketErrorEvent(error));
    this.dispatchEvent(new SocketCloseEvent(FAILED_OPEN));
  }

  #sendText(inner: InnerWebSocket, text: string): void {
    const { maxFrameBytes } = this.#wiring;
    const fitting: string[] = [];
    const refusals: string[] = [];
    for (const line of text.split('\n')) {
      const numbered = this.#numbers.outgoing(line);
      const bytes = utf8Bytes(numbered.line);
      if (bytes > GATEWAY_FRAME_BYTES) {
        refusals.push(refusal(line, new FrameTooLargeError(bytes)));
        continue;
      }
      fitting.push(numbered.line);
      numbered.sent();
    }
    for (const frame of packLines(fitting, maxFrameBytes)) inner.send(frame);
    if (refusals.length > 0) queueMicrotask(() => this.#receiveLocally(refusals.join('\n')));
  }

  #receive(data: unknown): void {
    if (typeof data !== 'string') {
      this.dispatchEvent(new SocketMessageEvent(data));
      return;
    }
    const lines = data.split('\n').flatMap((line) => this.#numbers.incoming(line) ?? []);
    if (lines.length > 0) this.dispatchEvent(new SocketMessageEvent(lines.join('\n')));
  }

  #receiveLocally(text: string): void {
    if (this.readyState === STATES.OPEN) this.dispatchEvent(new SocketMessageEvent(text));
  }

  #callHandlers(): void {
    this.addEventListener('open', (event) => this.onopen?.(event));
    this.addEventListener('message', (event) => {
      if (event instanceof SocketMessageEvent) this.onmessage?.(event);
    });
    this.addEventListener('error', (event) => {
      if (event instanceof SocketErrorEvent) this.onerror?.(event);
    });
    this.addEventListener('close', (event) => {
      if (event instanceof SocketCloseEvent) this.onclose?.(event);
    });
  }
}

function platformWebSocket(): InnerWebSocketClass {
  const { WebSocket: found } = globalThis as { readonly WebSocket?: InnerWebSocketClass };
  if (found) return found;
  throw new WebSocketMissingError(
    'WebSocket: expected the option or a global one, got neither (Node 20 takes that of the package ws)',
  );
}

/** The URL with this token and the word that a connect command follows, and the rest of its query untouched. */
function withToken(url: URL, token: string): string {
  const others = url.search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '' && !/^(token|connect)(=|$)/.test(pair));
  const result = new URL(url);
  result.search = [...others, 'connect=1', `token=${encodeURIComponent(token)}`].join('&');
  return result.href;
}
