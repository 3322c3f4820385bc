import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, WebSocketServer } from 'ws';
import type { Faults } from '../faults/faults';
import { passes } from '../hops';
import { listen, stop } from '../http-server';
import type { Invoker, RuntimeLog } from '../ports';
import { type Disconnection, GatewayConnection } from './connection';
import { errorFrame } from './error-frame';
import { type ConnectionContext, connectEvent, disconnectEvent, messageEvent } from './event';
import { isWebSocketUpgrade, readHandshake, refuseUpgrade, sourceAddress } from './handshake';
import { type DomainMapping, type HostedApi, HostedApis, type WebSocketApi } from './hosted-apis';
import { newIdentifier } from './identifiers';
import { Integrations } from './integrations';
import { AWS_LIMITS, type GatewayLimits } from './limits';
import { answerManagement } from './management';
import { returnedBody } from './route-response';
import type { ManagementAccess } from './signed-access';
import { AccountThrottle } from './throttle';

export interface WebSocketGatewayOptions {
  readonly invoker: Invoker;
  readonly log: RuntimeLog;
  readonly region: string;
  /** @default AWS_LIMITS */
  readonly limits?: Partial<GatewayLimits>;
  /** How many times faster than the wall the clock of the idle and life limits runs. @default 1 */
  readonly timeScale?: number;
  /** Who may use `@connections`. @default everybody who signs */
  readonly management?: ManagementAccess;
  /** What all APIs of the account share. @default one with the default quotas, of its own */
  readonly throttle?: AccountThrottle;
  /** What goes wrong on request. @default nothing */
  readonly faults?: Pick<Faults, 'post' | 'dropsDisconnect'>;
}

export interface ConnectionSummary {
  readonly apiId: string;
  readonly stage: string;
  readonly connectionId: string;
  /** Milliseconds since the epoch, like `lastActiveAt`. */
  readonly connectedAt: number;
  readonly lastActiveAt: number;
}

/** What became of a handshake. */
type Admission =
  | { readonly accepted: true; readonly subprotocol: string | undefined; readonly context: ConnectionContext }
  | { readonly accepted: false; readonly status: number; readonly message?: string };

/** A client that has not answered the close frame by then is cut off. */
const CLOSE_TIMEOUT_MS = 3_000;
/** Longer than an SDK client keeps a socket, so that none sends into a connection that is just being closed. */
const KEEP_ALIVE_MS = 75_000;
/** Larger than the longest URL that is answered with 414, so that node:http does not answer first. */
const MAX_HEADER_BYTES = 64 * 1024;

/**
 * WebSocket APIs of API Gateway on one HTTP server: clients at `/{stage}`, the management API at
 * `/{stage}/@connections/{id}`.
 */
export class WebSocketGateway {
  readonly #log: RuntimeLog;
  readonly #limits: GatewayLimits;
  readonly #timeScale: number;
  readonly #management: ManagementAccess | undefined;
  readonly #faults: Pick<Faults, 'post' | 'dropsDisconnect'> | undefined;
  readonly #throttle: AccountThrottle;
  readonly #integrations: Integrations;
  readonly #apis: HostedApis;
  readonly #server: Server;
  readonly #upgrader: WebSocketServer;
  /** Subprotocols that `$connect` chose, for upgrades that are just being completed. */
  readonly #subprotocols = new WeakMap<IncomingMessage, string>();
  readonly #pending = new Set<Duplex>();
  #closing = false;

  constructor(options: WebSocketGatewayOptions) {
    const { invoker, log, region, throttle = new AccountThrottle() } = options;
    this.#log = log;
    this.#limits = { ...AWS_LIMITS, ...options.limits };
    this.#throttle = throttle;
    this.#apis = new HostedApis(region, throttle);
    const timeoutMs = this.#limits.integrationTimeoutMs;
    this.#integrations = new Integrations({ invoker, log, region, timeoutMs });
    this.#timeScale = options.timeScale ?? 1;
    this.#management = options.management;
    this.#faults = options.faults;
    const upgraderOptions: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: this.#limits.messageBytes,
      closeTimeout: CLOSE_TIMEOUT_MS,
      handleProtocols: (_offered, request) => this.#subprotocols.get(request) ?? false,
    };
    this.#upgrader = new WebSocketServer(upgraderOptions);
    this.#server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
      this.#request(request, response).catch(() => response.destroy());
    });
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head));
  }

  /** @throws StageTakenError */
  addApi(api: WebSocketApi): void {
    this.#apis.add(api);
  }

  /** Leads a domain, or a part of its path, to the stage of an API that was added. */
  mapDomain(mapping: DomainMapping): void {
    this.#apis.map(mapping);
  }

  /** Resolves with the port; rejects if it is taken. Port 0 takes a free one. */
  listen(port: number, host: string): Promise<number> {
    return listen(this.#server, port, host);
  }

  /** The connections that are open now. */
  connections(): ConnectionSummary[] {
    return this.#apis.all().flatMap((api) =>
      [...api.connections.values()].map(({ context, lastActiveAt }) => ({
        apiId: context.apiId,
        stage: context.stage,
        connectionId: context.connectionId,
        connectedAt: context.connectedAt,
        lastActiveAt,
      })),
    );
  }

  /** Ends sockets without a close frame, as a lost network does. @returns how many */
  cut(chosen: () => boolean): number {
    const open = this.#apis.all().flatMap((api) => [...api.connections.values()]);
    const struck = open.filter(() => chosen());
    for (const connection of struck) connection.terminate();
    return struck.length;
  }

  /**
   * Closes every connection with 1001 and ends within about half a second. `$disconnect` is not invoked: the
   * functions are about to end as well, and the state that they would clean up with them.
   */
  async close(): Promise<void> {
    this.#closing = true;
    for (const socket of this.#pending) refuseUpgrade(socket, 503);
    const open = this.#apis.all().flatMap((api) => [...api.connections.values()]);
    for (const connection of open) connection.close(1001);
    await stop(this.#server, () => {
      for (const connection of open) connection.terminate();
      for (const socket of this.#pending) socket.destroy();
    });
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { api, rest } = this.#apis.locate(request) ?? {};
    const [resource, id, ...more] = rest ?? [];
    if (api && resource !== undefined && id !== undefined && more.length === 0 && isConnections(resource)) {
      return answerManagement(request, response, id, api, {
        limits: this.#limits,
        access: this.#management,
        throttle: this.#throttle,
        faults: this.#faults,
      });
    }
    request.resume();
    if (api && rest?.length === 0 && request.method === 'GET') {
      response.writeHead(426, { upgrade: 'websocket', 'content-type': 'application/json' });
      response.end(JSON.stringify({ message: 'Upgrade Required' }));
      return;
    }
    response.writeHead(403, { 'content-type': 'application/json', 'x-amzn-errortype': 'ForbiddenException' });
    response.end(JSON.stringify({ message: 'Forbidden' }));
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // A client that resets the connection while the function runs must not end the process.
    socket.on('error', () => socket.destroy());
    const location = this.#apis.locate(request);
    if (!location || location.rest.length > 0) return refuseUpgrade(socket, 403, 'Forbidden');
    const { api, domainName } = location;
    if (this.#isTooLong(domainName, request.url ?? ''))
      return refuseUpgrade(socket, 414, 'Request-URI Too Long');
    if (!isWebSocketUpgrade(request)) return refuseUpgrade(socket, 400, 'Bad Request');
    if (this.#closing) return refuseUpgrade(socket, 503);
    if (!this.#throttle.takeConnection() || !this.#mayPass(api, '$connect'))
      return refuseUpgrade(socket, 429, 'Too Many Requests');

    const asking: ConnectionContext = {
      connectionId: newIdentifier(),
      connectedAt: Date.now(),
      apiId: api.apiId,
      stage: api.stage,
      domainName,
      sourceIp: sourceAddress(request),
      userAgent: request.headers['user-agent'],
    };
    this.#pending.add(socket);
    const admission = await this.#admit(api, asking, request);
    this.#pending.delete(socket);
    if (this.#closing) return;
    if (!admission.accepted) return refuseUpgrade(socket, admission.status, admission.message);
    this.#open(api, admission, request, socket, head);
  }

  /** The authorizer's word, then that of `$connect`. */
  async #admit(api: HostedApi, asking: ConnectionContext, request: IncomingMessage): Promise<Admission> {
    const authorization = await this.#integrations.authorize(api, request, connectEvent(asking, request));
    if (!authorization.allowed) return { accepted: false, ...authorization };
    const context = api.authorizer ? { ...asking, authorizer: authorization.context } : asking;
    const handshake = readHandshake(
      await this.#integrations.run(api, '$connect', connectEvent(context, request)),
    );
    return handshake.accepted ? { ...handshake, context } : handshake;
  }

  #open(
    api: HostedApi,
    { context, subprotocol }: Extract<Admission, { accepted: true }>,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void {
    if (subprotocol !== undefined) this.#subprotocols.set(request, subprotocol);
    let opened = false;
    this.#upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      opened = true;
      const connection = new GatewayConnection(context, webSocket, socket, this.#limits, this.#timeScale, {
        onMessage: (body) => void this.#message(api, connection, body),
        onClosed: (disconnection) => this.#disconnected(api, context, disconnection),
      });
      api.connections.set(context.connectionId, connection);
    });
    // The function has let in a client that is already gone: `$disconnect` is owed the news.
    if (!opened) this.#disconnected(api, context, { code: 1006, reason: 'Connection closed abnormally' });
  }

  #isTooLong(domainName: string, url: string): boolean {
    const limit = this.#limits.urlCharacters;
    const characters = `wss://${domainName}${url}`.length;
    if (characters <= limit) return false;
    this.#log.warn(
      'websocket-api',
      `handshake refused with 414: expected a URL of at most ${limit} characters, got ${characters}`,
    );
    return true;
  }

  /** Whether the account's and the stage's rates leave room for one more request. */
  #mayPass(api: HostedApi, routeKey: string): boolean {
    return this.#throttle.takeRequest() && api.routeThrottle.take(routeKey);
  }

  /** Messages of one connection run concurrently, as on AWS. */
  async #message(api: HostedApi, connection: GatewayConnection, body: string): Promise<void> {
    const { connectionId } = connection.context;
    passes('frame', connectionId, body);
    const routeKey = api.selection.select(body);
    if (routeKey === undefined) {
      return connection.send(errorFrame('Forbidden', connectionId, newIdentifier()));
    }
    if (!this.#mayPass(api, routeKey)) {
      return connection.send(errorFrame('Too Many Requests', connectionId, newIdentifier()));
    }
    const event = messageEvent(connection.context, routeKey, body);
    const result = await this.#integrations.run(api, routeKey, event);
    if (result?.outcome !== 'answered') {
      const { requestId } = event.requestContext;
      return connection.send(errorFrame('Internal server error', connectionId, requestId));
    }
    // Without a route response the function's own answer goes nowhere.
    const answer = api.routes[routeKey]?.answers ? returnedBody(result.payload) : undefined;
    if (answer !== undefined) connection.send(answer);
  }

  #disconnected(api: HostedApi, context: ConnectionContext, { code, reason }: Disconnection): void {
    api.connections.delete(context.connectionId);
    if (this.#closing) return;
    // No function hears why: AWS says nothing either, but a developer should not have to guess.
    if (code === 1003)
      this.#log.warn(
        'websocket-api',
        `${context.connectionId} closed with 1003: expected text frames, got a binary one`,
      );
    if (code === 1009) {
      const { frameBytes, messageBytes } = this.#limits;
      this.#log.warn(
        'websocket-api',
        `${context.connectionId} closed with 1009: expected frames of at most ${frameBytes} bytes and messages of at most ${messageBytes}, got more`,
      );
    }
    if (this.#faults?.dropsDisconnect()) return;
    void this.#integrations.run(api, '$disconnect', disconnectEvent(context, code, reason));
  }
}

function isConnections(segment: string): boolean {
  return segment.replace(/^%40/i, '@') === '@connections';
}
