import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { LOOPBACK, listen, stop } from '../http-server';
import { ACTION_NAMES, type ActionName, type FaultActions } from './actions';
import type { Faults } from './faults';
import { FAULTS, FaultError, isFaultKind } from './kinds';
import { readTokenRequest } from './token-request';

const MAX_BODY_BYTES = 64 * 1024;

/** Signs a token that the stack accepts. */
export type TokenSigner = (request: ReturnType<typeof readTokenRequest>) => Promise<string>;

interface Answer {
  readonly status: number;
  readonly body: object;
}

/**
 * The HTTP face of the faults, for this machine's tools: `GET /faults`, `PUT /faults/{kind}`, `DELETE /faults[/{kind}]`,
 * `PUT /seed` with `{seed}`, `POST /actions/{name}`; and of clients' tokens: `POST /tokens` with `{user, ttlSeconds?, channels?}`. JSON in
 * and out. Who calls brings the control token of `local.json`.
 */
export class FaultControlServer {
  readonly #faults: Faults;
  readonly #actions: FaultActions;
  readonly #token: string;
  readonly #signToken: TokenSigner;
  readonly #server: Server;

  constructor(faults: Faults, actions: FaultActions, token: string, signToken: TokenSigner) {
    this.#faults = faults;
    this.#actions = actions;
    this.#token = token;
    this.#signToken = signToken;
    this.#server = createServer((request, response) => {
      this.#answer(request)
        .catch((error: unknown) => failure(error))
        .then(({ status, body }) => send(response, status, body));
    });
  }

  /** Resolves with its URL. */
  async listen(): Promise<string> {
    return `http://${LOOPBACK}:${await listen(this.#server, 0, LOOPBACK)}`;
  }

  close(): Promise<void> {
    return stop(this.#server);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const text = await bodyOf(request);
    if (request.headers.authorization !== `Bearer ${this.#token}`) {
      return { status: 401, body: { message: 'expected the control token of local.json, got another' } };
    }
    const [resource, name, ...more] = (request.url ?? '/').slice(1).split('/');
    const call = `${request.method ?? ''} ${resource ?? ''}`;
    if (more.length > 0) return this.#unknown(request);
    if (call === 'GET faults' && name === undefined) return { status: 200, body: this.#faults.list() };
    if (call === 'DELETE faults') {
      this.#faults.clear(name === undefined ? undefined : kindOf(name));
      return { status: 200, body: this.#faults.list() };
    }
    if (call === 'PUT faults' && name !== undefined) {
      this.#faults.set(kindOf(name), parse(text));
      return { status: 200, body: this.#faults.list() };
    }
    if (call === 'PUT seed' && name === undefined) {
      this.#faults.reseed(seedOf(parse(text)));
      return { status: 200, body: this.#faults.list() };
    }
    if (call === 'POST actions' && name !== undefined) {
      return { status: 200, body: { done: await this.#actions.run(actionOf(name), parse(text)) } };
    }
    if (call === 'POST tokens' && name === undefined) {
      return { status: 200, body: { token: await this.#signToken(readTokenRequest(parse(text))) } };
    }
    return this.#unknown(request);
  }

  #unknown({ method, url }: IncomingMessage): Answer {
    const message = `expected GET, PUT or DELETE of /faults, PUT of /seed, or POST of /actions or /tokens, got ${method} ${url}`;
    return { status: 404, body: { message } };
  }
}

function kindOf(name: string) {
  if (isFaultKind(name)) return name;
  throw new FaultError(`expected a fault (${Object.keys(FAULTS).join(', ')}), got ${name}`);
}

function actionOf(name: string): ActionName {
  const known = ACTION_NAMES.find((one) => one === name);
  if (known !== undefined) return known;
  throw new FaultError(`expected an action (${ACTION_NAMES.join(', ')}), got ${name}`);
}

function seedOf({ seed }: { readonly seed?: unknown }): number {
  if (typeof seed === 'number' && Number.isSafeInteger(seed)) return seed;
  throw new FaultError(`seed: expected a whole number, got ${String(seed)}`);
}

function parse(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text === '' ? '{}' : text);
  } catch {
    throw new FaultError(`body: expected JSON, got ${text.length} other characters`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new FaultError(
    `body: expected a JSON object, got ${Array.isArray(value) ? 'an array' : typeof value}`,
  );
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw new FaultError(`body: expected at most ${MAX_BODY_BYTES} bytes, got more`);
  }
  return Buffer.concat(chunks).toString();
}

function failure(error: unknown): Answer {
  const message = error instanceof Error ? error.message : String(error);
  return { status: error instanceof FaultError ? 400 : 500, body: { message } };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
