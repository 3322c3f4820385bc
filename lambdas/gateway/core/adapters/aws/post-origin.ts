import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { IdleSockets } from './idle-sockets';
import { PostConnection } from './post-connection';
import { type HttpAnswer, type HttpRequest, hostnameOf, type Transport } from './transport';

/** What must not stand in a line of a head. */
const UNFIT = /[^\t\x20-\x7e]/;

/** A request that could not be told from others on its way. */
export class RequestLineError extends Error {
  override readonly name = 'RequestLineError';

  constructor(what: string) {
    super(`${what}: expected printable ASCII, got something else`);
  }
}

/**
 * The way of posts, of which couriers make thousands: requests whose answers are no more than a status, over sockets of their
 * own, for little more than half of the CPU of Node's client (docs/adr/027). An answer that is not plainly framed still says its status,
 * and costs the socket. It sets no limit to the number of sockets: callers limit their requests.
 */
export class PostOrigin implements Transport {
  readonly host: string;
  readonly basePath: string;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #isSecure: boolean;
  readonly #idle = new IdleSockets();
  readonly #connections = new WeakMap<Socket, PostConnection>();
  /** Of the last handshake, so that the next one is short. */
  #session: Buffer | undefined;

  constructor(url: URL) {
    this.host = url.host;
    this.basePath = url.pathname.replace(/\/+$/, '');
    this.#isSecure = url.protocol === 'https:';
    this.#target = { host: hostnameOf(url), port: Number(url.port) || (this.#isSecure ? 443 : 80) };
  }

  /** As `Transport.send`, but for the text of the answer, which stays empty. Resolves when the status is known. */
  async send(request: HttpRequest, milliseconds: number): Promise<HttpAnswer> {
    const text = requestText(request);
    const socket = this.#idle.take();
    const connection = (socket && this.#connections.get(socket)) ?? this.#open();
    return connection.send(text, milliseconds);
  }

  #open(): PostConnection {
    const socket = this.#isSecure ? this.#openTls() : connect({ ...this.#target, noDelay: true });
    const connection = new PostConnection(
      socket,
      this.host,
      this.#isSecure ? 'secureConnect' : 'connect',
      () => this.#idle.keep(socket),
    );
    this.#connections.set(socket, connection);
    return connection;
  }

  #openTls(): Socket {
    const { host } = this.#target;
    const socket = connectTls({
      ...this.#target,
      ...(isIP(host) > 0 ? {} : { servername: host }),
      ...(this.#session ? { session: this.#session } : {}),
      ALPNProtocols: ['http/1.1'],
    });
    socket.setNoDelay(true);
    socket.on('session', (session: Buffer) => {
      this.#session = session;
    });
    return socket;
  }
}

function requestText({ method, path, headers, body, bytes }: HttpRequest): string {
  if (UNFIT.test(path) || path.includes(' ')) throw new RequestLineError('path');
  let text = `${method} ${path} HTTP/1.1\r\n`;
  for (let index = 0; index < headers.length; index += 2) {
    const [name = '', value = ''] = [headers[index], headers[index + 1]];
    if (UNFIT.test(value)) throw new RequestLineError(`header ${name}`);
    text += `${name}: ${value}\r\n`;
  }
  return `${text}${bytes > 0 ? `content-length: ${bytes}\r\n` : ''}\r\n${body}`;
}
