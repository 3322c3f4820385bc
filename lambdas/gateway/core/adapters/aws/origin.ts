import http, { type IncomingMessage } from 'node:http';
import { AnswerTimeoutError, BrokenConnectionError, NotConnectedError } from './errors';
import { isConnected, keepAliveAgent } from './keep-alive-agent';
import { codeOf, type HttpAnswer, type HttpRequest, hostnameOf, type Transport } from './transport';

/** Where a service is: one host, by one protocol, over sockets that stay open. */
export class Origin implements Transport {
  readonly host: string;
  readonly basePath: string;
  readonly #target: { protocol: string; host: string; port: string; agent: http.Agent };

  constructor(url: URL) {
    this.host = url.host;
    this.basePath = url.pathname.replace(/\/+$/, '');
    this.#target = {
      protocol: url.protocol,
      host: hostnameOf(url),
      port: url.port,
      agent: keepAliveAgent(url),
    };
  }

  send(request: HttpRequest, milliseconds: number): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      let late = false;
      const outgoing = this.#open(request);
      const fail = (error: unknown) => {
        const isOut = isConnected(outgoing.socket);
        if (late && isOut) reject(new AnswerTimeoutError(this.host, milliseconds));
        else if (error instanceof NotConnectedError) reject(error);
        else reject(new (isOut ? BrokenConnectionError : NotConnectedError)(this.host, codeOf(error)));
      };
      const timer = setTimeout(() => {
        late = true;
        outgoing.destroy(new Error(`time is up after ${milliseconds} ms`));
      }, milliseconds);
      // Comes after the end of the answer as well as after an error.
      outgoing.on('close', () => clearTimeout(timer));
      outgoing.on('error', fail);
      outgoing.on('response', (incoming) => collect(incoming, resolve, fail));
      outgoing.end(request.body);
    });
  }

  #open({ method, path, headers, bytes }: HttpRequest): http.ClientRequest {
    const list = bytes > 0 ? [...headers, 'content-length', String(bytes)] : headers;
    const { protocol, host, port, agent } = this.#target;
    // Spread, the target would cost more than all of its fields.
    return new http.ClientRequest({ protocol, host, port, agent, method, path, headers: list });
  }
}

function collect(
  incoming: IncomingMessage,
  resolve: (answer: HttpAnswer) => void,
  fail: (error: unknown) => void,
): void {
  let text = '';
  incoming.setEncoding('utf8');
  incoming.on('data', (chunk: string) => {
    text += chunk;
  });
  incoming.once('end', () => resolve(answerOf(incoming, text)));
  incoming.once('error', fail);
}

function answerOf(incoming: IncomingMessage, text: string): HttpAnswer {
  return {
    status: incoming.statusCode ?? 0,
    header: (name) => {
      const value = incoming.headers[name];
      return typeof value === 'string' ? value : '';
    },
    text,
  };
}
