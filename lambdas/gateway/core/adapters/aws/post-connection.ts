import type { Socket } from 'node:net';
import type { AnswerBody } from './answer-body';
import { readAnswerHead } from './answer-head';
import { AnswerTimeoutError, BrokenConnectionError, NotConnectedError } from './errors';
import { CONNECT_TIMEOUT_MS } from './idle-sockets';
import { codeOf, type HttpAnswer } from './transport';

interface Waiting {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** One socket, one request at a time. */
export class PostConnection {
  readonly #socket: Socket;
  readonly #host: string;
  readonly #free: () => void;
  #isConnected = false;
  /** A request that waits for the handshake: no byte of it leaves before. */
  #unsent = '';
  #waiting: Waiting | undefined;
  /** What came of the head, as latin1. */
  #head = '';
  /** Behind the head, until its end has come. */
  #body: AnswerBody | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param connects the event that says that the socket may be written to
   * @param free called when the socket may have another request
   */
  constructor(socket: Socket, host: string, connects: 'connect' | 'secureConnect', free: () => void) {
    this.#socket = socket;
    this.#host = host;
    this.#free = free;
    const limit = setTimeout(() => {
      this.#end(new NotConnectedError(host, `none within ${CONNECT_TIMEOUT_MS} ms`));
    }, CONNECT_TIMEOUT_MS);
    socket.once(connects, () => {
      clearTimeout(limit);
      this.#isConnected = true;
      if (this.#unsent !== '') socket.write(this.#unsent);
      this.#unsent = '';
    });
    socket.on('data', (piece: Buffer) => this.#take(piece.toString('latin1')));
    socket.on('error', (error) => this.#end(this.#failure(codeOf(error))));
    socket.once('end', () => this.#end(this.#failure('ECONNRESET')));
    socket.once('close', () => {
      clearTimeout(limit);
      this.#end(this.#failure('ECONNRESET'));
    });
  }

  /** Sends a request in one write, and so over TLS in one record. Resolves at the head of the answer; rejects as `Transport.send`. */
  send(request: string, milliseconds: number): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      this.#timer = setTimeout(() => this.#end(this.#lateness(milliseconds)), milliseconds);
      this.#waiting = { resolve, reject };
      if (this.#isConnected) this.#socket.write(request);
      else this.#unsent = request;
    });
  }

  #take(text: string): void {
    try {
      if (this.#waiting !== undefined) this.#readHead(this.#waiting, text);
      else this.#pass(text);
    } catch (error) {
      this.#end(this.#failure(codeOf(error)));
    }
  }

  #readHead({ resolve }: Waiting, text: string): void {
    this.#head += text;
    const head = readAnswerHead(this.#head);
    if (head === undefined) return;
    const behind = this.#head.slice(head.size);
    this.#waiting = undefined;
    this.#head = '';
    this.#body = head.body;
    resolve({ status: head.status, header: head.header, text: '' });
    this.#pass(behind);
  }

  /** A body, which nobody wants, or what nobody has asked for. */
  #pass(text: string): void {
    const behind = this.#body === undefined ? Number.POSITIVE_INFINITY : this.#body.take(text);
    if (behind === undefined) return;
    clearTimeout(this.#timer);
    this.#body = undefined;
    if (behind > 0) this.#drop();
    else this.#free();
  }

  #lateness(milliseconds: number): Error {
    return this.#isConnected
      ? new AnswerTimeoutError(this.#host, milliseconds)
      : new NotConnectedError(this.#host, `none within ${milliseconds} ms`);
  }

  #failure(code: string): Error {
    return new (this.#isConnected ? BrokenConnectionError : NotConnectedError)(this.#host, code);
  }

  #end(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#drop();
    waiting?.reject(error);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }
}
