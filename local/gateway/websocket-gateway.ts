import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, WebSocketServer } from 'ws';
import type { Faults } from '../faults/faults';
import { passes } from '../hops';
import { listen, stop } from '../http-server';
import type { Invoker, RuntimeLog } from '../ports';
import { type Disconnection, GatewayConnection } from './connection';
import { type ConnectionContext, connectEvent, disconnectEvent, messageEvent } from './event';
import { isWebSocketUpgrade, readHandshake, refuseUpgrade, sourceAddress } from './handshake';
import { newIdentifier } from './identifiers';
import { executeApiArn, integrationWarning, invokeIntegration } from './invocation';
import { AWS_LIMITS, type GatewayLimits } from './limits';
import { answerManagement } from './management';
import { RouteSelection } from './route-selection';
import type { ManagementAccess } from './signed-access';

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
  /** What goes wrong on request. @default nothing */
  readonly faults?: Pick<Faults, 'post' | 'dropsDisconnect'>;
}

export interface WebSocketApi {
  readonly apiId: string;
  /** Locally a stage belongs to one API: it is the path under which clients reach it. */
  readonly stage: string;
  /** By route key: `$connect`, `$default`, `$disconnect` and custom ones, each optional. */
  readonly routes: Readonly<Record<string, { readonly functionArn: string }>>;
  readonly routeSelectionExpression: string;
  /** What events call `domainName`. @default `{apiId}.execute-api.{region}.amazonaws.com` */
  readonly domainName?: string;
}

export interface ConnectionSummary {
  readonly apiId: string;
  readonly stage: string;
  readonly connectionId: string;
  /** Milliseconds since the epoch, like `lastActiveAt`. */
  readonly connectedAt: number;
  readonly lastActiveAt: number;
}

/** Two APIs asked for the same path. */
export class StageTakenError extends Error {
  override readonly name = 'StageTakenError';
  readonly stage: string;

  constructor(stage: string, heldBy: string, wantedBy: string) {
    super(
      `stage "${stage}" of WebSocket API ${wantedBy}: expected a stage name that no other API uses locally, got one that API ${heldBy} has`,
    );
    this.stage = stage;
  }
}

interface HostedApi extends WebSocketApi {
  readonly domainName: string;
  readonly selection: RouteSelection;
  readonly connections: Map<string, GatewayConnection>;
}

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
  readonly #invoker: Invoker;
  readonly #log: RuntimeLog;
  readonly #region: string;
  readonly #limits: GatewayLimits;
  readonly #timeScale: number;
  readonly #management: ManagementAccess | undefined;
  readonly #faults: Pick<Faults, 'post' | 'dropsDisconnect'> | undefined;
  readonly #apis = new Map<string, HostedApi>();
  readonly #server: Server;
  readonly #upgrader: WebSocketServer;
  /** Subprotocols that `$connect` chose, for upgrades that are just being completed. */
  readonly #subprotocols = new WeakMap<IncomingMessage, string>();
  readonly #pending = new Set<Duplex>();
  #closing = false;

  constructor(options: WebSocketGatewayOptions) {
    this.#invoker = options.invoker;
    this.#log = options.log;
    this.#region = options.region;
    this.#limits = { ...AWS_LIMITS, ...options.limits };
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
    const holder = this.#apis.get(api.stage);
    if (holder) throw new StageTakenError(api.stage, holder.apiId, api.apiId);
    this.#apis.set(api.stage, {
      ...api,
      domainName: api.domainName ?? `${api.apiId}.execute-api.${this.#region}.amazonaws.com`,
      selection: new RouteSelection(api.routeSelectionExpression, Object.keys(api.routes)),
      connections: new Map(),
    });
  }

  /** Resolves with the port; rejects if it is taken. Port 0 takes a free one. */
  listen(port: number, host: string): Promise<number> {
    return listen(this.#server, port, host);
  }

  /** The connections that are open now. */
  connections(): ConnectionSummary[] {
    return [...this.#apis.values()].flatMap((api) =>
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
    const open = [...this.#apis.values()].flatMap((api) => [...api.connections.values()]);
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
    const open = [...this.#apis.values()].flatMap((api) => [...api.connections.values()]);
    for (const connection of open) connection.close(1001);
    await stop(this.#server, () => {
      for (const connection of open) connection.terminate();
      for (const socket of this.#pending) socket.destroy();
    });
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [stage, ...rest] = pathSegments(request.url);
    const api = this.#apis.get(stage ?? '');
    const [resource, id, ...more] = rest;
    if (api && resource !== undefined && id !== undefined && more.length === 0 && isConnections(resource)) {
      return answerManagement(request, response, id, api, this.#limits, this.#management, this.#faults);
    }
    request.resume();
    if (api && rest.length === 0 && request.method === 'GET') {
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
    const url = request.url ?? '';
    const [stage, ...rest] = pathSegments(url);
    const api = this.#apis.get(stage ?? '');
    if (!api || rest.length > 0) return refuseUpgrade(socket, 403, 'Forbidden');
    const urlCharacters = `wss://${api.domainName}${url}`.length;
    if (urlCharacters > this.#limits.urlCharacters) {
      const limit = this.#limits.urlCharacters;
      this.#log.warn(
        'websocket-api',
        `handshake refused with 414: expected a URL of at most ${limit} characters, got ${urlCharacters}`,
      );
      return refuseUpgrade(socket, 414, 'Request-URI Too Long');
    }
    if (!isWebSocketUpgrade(request)) return refuseUpgrade(socket, 400, 'Bad Request');
    if (this.#closing) return refuseUpgrade(socket, 503);

    const context: ConnectionContext = {
      connectionId: newIdentifier(),
      connectedAt: Date.now(),
      apiId: api.apiId,
      stage: api.stage,
      domainName: api.domainName,
      sourceIp: sourceAddress(request),
      userAgent: request.headers['user-agent'],
    };
    this.#pending.add(socket);
    const handshake = readHandshake(await this.#integrate(api, '$connect', connectEvent(context, request)));
    this.#pending.delete(socket);
    if (this.#closing) return;
    if (!handshake.accepted) return refuseUpgrade(socket, handshake.status);
    if (handshake.subprotocol !== undefined) this.#subprotocols.set(request, handshake.subprotocol);
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

  /** Messages of one connection run concurrently, as on AWS. */
  async #message(api: HostedApi, connection: GatewayConnection, body: string): Promise<void> {
    passes('frame', connection.context.connectionId, body);
    const routeKey = api.selection.select(body);
    if (routeKey === undefined) {
      connection.send(errorFrame('Forbidden', connection.context.connectionId, newIdentifier()));
      return;
    }
    const event = messageEvent(connection.context, routeKey, body);
    const result = await this.#integrate(api, routeKey, event);
    // Without a route response the function's own answer goes nowhere.
    if (result?.outcome === 'answered') return;
    connection.send(
      errorFrame('Internal server error', connection.context.connectionId, event.requestContext.requestId),
    );
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
    void this.#integrate(api, '$disconnect', disconnectEvent(context, code, reason));
  }

  /** The result of a route's function; undefined if the API has no such route. */
  async #integrate(api: HostedApi, routeKey: string, event: object) {
    const route = Object.hasOwn(api.routes, routeKey) ? api.routes[routeKey] : undefined;
    if (!route) return undefined;
    const timeoutMs = this.#limits.integrationTimeoutMs;
    const sourceArn = executeApiArn(this.#region, `${api.apiId}/${api.stage}/${routeKey}`);
    const result = await invokeIntegration(this.#invoker, route.functionArn, event, timeoutMs, sourceArn);
    const warning = integrationWarning(result, timeoutMs);
    if (warning !== undefined) this.#log.warn(`${api.apiId} ${routeKey}`, warning);
    return result;
  }
}

/** The parts of a URL's path, `/local/` being the same as `/local`. */
function pathSegments(url: string | undefined): string[] {
  const [path = ''] = (url ?? '').split('?');
  return path.replace(/^\//, '').replace(/\/$/, '').split('/');
}

function isConnections(segment: string): boolean {
  return segment.replace(/^%40/i, '@') === '@connections';
}

/** The frame that API Gateway itself sends, with its spacing. */
function errorFrame(message: string, connectionId: string, requestId: string): string {
  return `{"message": "${message}", "connectionId":"${connectionId}", "requestId":"${requestId}"}`;
}
