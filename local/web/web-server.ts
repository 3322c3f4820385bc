import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { LOOPBACK, listen, stop } from '../http-server';

export interface WebServerOptions {
  /** Where the page's clients connect: `ws://localhost:4000/local`. */
  readonly websocketUrl: string;
  /** Makes a token that the stack accepts for this user. */
  signToken(user: string): Promise<string>;
  /** Folder with `index.html`. */
  readonly webRoot: string;
}

interface Page {
  readonly type: string;
  readonly body: Buffer | string;
}

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);
const MAX_USER_CHARACTERS = 128;

/** The demo page of the local runtime, and tokens for it. Serves the loopback interface only. */
export class WebServer {
  readonly #signToken: WebServerOptions['signToken'];
  readonly #pages: ReadonlyMap<string, Page>;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #server: Server;

  /** @throws if the page or the browser bundle of `centrifuge` cannot be read */
  constructor(options: WebServerOptions) {
    this.#signToken = options.signToken;
    const index = readFileSync(join(options.webRoot, 'index.html'), 'utf8');
    this.#pages = new Map<string, Page>([
      ['/', { type: 'text/html; charset=utf-8', body: index }],
      ['/index.html', { type: 'text/html; charset=utf-8', body: index }],
      ['/centrifuge.js', { type: 'text/javascript; charset=utf-8', body: readFileSync(centrifugeBundle()) }],
      [
        '/config.json',
        { type: 'application/json', body: JSON.stringify({ websocketUrl: options.websocketUrl }) },
      ],
    ]);
    this.#headers = {
      'content-security-policy': contentSecurityPolicy(index, options.websocketUrl),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    };
    this.#server = createServer((request, response) => {
      this.#request(request, response).catch(() => this.#fail(response, 500, 'Internal Server Error'));
    });
  }

  /** Resolves with the port; rejects if it is taken. Port 0 takes a free one. */
  listen(port: number): Promise<number> {
    return listen(this.#server, port, LOOPBACK);
  }

  close(): Promise<void> {
    return stop(this.#server);
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'POST' && url.pathname === '/token') {
      return this.#token(request, response, url.searchParams.get('user') ?? '');
    }
    const page =
      request.method === 'GET' || request.method === 'HEAD' ? this.#pages.get(url.pathname) : undefined;
    if (!page) return this.#fail(response, 404, 'Not Found');
    response.writeHead(200, { ...this.#headers, 'content-type': page.type });
    response.end(request.method === 'HEAD' ? undefined : page.body);
  }

  async #token(request: IncomingMessage, response: ServerResponse, user: string): Promise<void> {
    if (!isOwnPage(request)) return this.#fail(response, 403, 'Forbidden');
    if (user === '' || user.length > MAX_USER_CHARACTERS) {
      return this.#fail(
        response,
        400,
        `user: expected 1 to ${MAX_USER_CHARACTERS} characters, got ${user.length}`,
      );
    }
    const token = await this.#signToken(user);
    response.writeHead(200, { ...this.#headers, 'content-type': 'application/json' });
    response.end(JSON.stringify({ token }));
  }

  #fail(response: ServerResponse, status: number, message: string): void {
    if (response.headersSent) return void response.destroy();
    response.writeHead(status, { ...this.#headers, 'content-type': 'application/json' });
    response.end(JSON.stringify({ message }));
  }
}

/**
 * Whether a request comes from our page or from a tool on this machine. The name that a browser used is in `Host`:
 * a foreign one means that somebody's domain points to the loopback interface (DNS rebinding); a foreign `Origin`
 * means that somebody's page asks.
 */
function isOwnPage(request: IncomingMessage): boolean {
  const { host = '', origin } = request.headers;
  const hostname = host.replace(/:\d+$/, '').toLowerCase();
  return LOOPBACK_HOSTS.has(hostname) && (origin === undefined || origin === `http://${host}`);
}

/** Nothing but our own files, the page's inline script and style by their hashes, and the gateway. */
function contentSecurityPolicy(html: string, websocketUrl: string): string {
  return [
    "default-src 'none'",
    `script-src 'self' ${inlineHashes(html, 'script')}`,
    `style-src ${inlineHashes(html, 'style')}`,
    'img-src data:',
    `connect-src 'self' ${new URL(websocketUrl).origin}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function inlineHashes(html: string, tag: 'script' | 'style'): string {
  const blocks = [...html.matchAll(new RegExp(`<${tag}>([^]*?)</${tag}>`, 'g'))];
  const hashes = blocks.map(
    ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
  );
  return hashes.length > 0 ? hashes.join(' ') : "'none'";
}

/** The bundle that puts `Centrifuge` on `window`; the package exports only its entry points, so by path. */
function centrifugeBundle(): string {
  return join(dirname(require.resolve('centrifuge')), '..', 'dist', 'centrifuge.js');
}
