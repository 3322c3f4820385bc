import { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import { WebSocket } from 'ws';
import type { WebSocketApi, WebSocketRoute } from '../../local/gateway/hosted-apis';
import { WebSocketGateway, type WebSocketGatewayOptions } from '../../local/gateway/websocket-gateway';
import type { InvokeResult, Invoker, RuntimeLog } from '../../local/ports';

export interface Event {
  readonly headers?: Record<string, string>;
  readonly multiValueHeaders?: Record<string, string[]>;
  readonly queryStringParameters?: Record<string, string>;
  readonly body?: string;
  readonly isBase64Encoded: boolean;
  readonly requestContext: Record<string, unknown> & {
    readonly connectionId: string;
    readonly requestId: string;
  };
}

export type Handler = (event: Event) => unknown;

/** Functions in memory, by ARN. What a handler returns is its result, what it throws an unhandled error. */
export class FakeInvoker implements Invoker {
  readonly events: { functionArn: string; event: Event }[] = [];
  readonly #handlers = new Map<string, Handler>();

  on(functionArn: string, handler: Handler): this {
    this.#handlers.set(functionArn, handler);
    return this;
  }

  async invoke(functionArn: string, payload: string): Promise<InvokeResult> {
    const event: Event = JSON.parse(payload);
    this.events.push({ functionArn, event });
    const handler = this.#handlers.get(functionArn);
    if (!handler) throw new Error(`no function ${functionArn}`);
    try {
      return { statusCode: 200, payload: JSON.stringify((await handler(event)) ?? null) };
    } catch (error) {
      return {
        statusCode: 200,
        payload: JSON.stringify({ errorMessage: error instanceof Error ? error.message : String(error) }),
        functionError: 'Unhandled',
      };
    }
  }

  of(functionArn: string): Event[] {
    return this.events.filter((entry) => entry.functionArn === functionArn).map(({ event }) => event);
  }
}

export class FakeLog implements RuntimeLog {
  readonly warnings: string[] = [];

  output(): void {}

  warn(source: string, message: string): void {
    this.warnings.push(`${source}: ${message}`);
  }
}

const ROUTES = {
  $connect: { functionArn: 'connect' },
  $default: { functionArn: 'default' },
  $disconnect: { functionArn: 'disconnect' },
};

/** A gateway with one API, `api1` at stage `local`, whose functions are `connect`, `default` and `disconnect`. */
export async function startGateway(
  options: Partial<WebSocketGatewayOptions> & {
    routes?: Record<string, WebSocketRoute>;
    expression?: string;
    api?: Partial<WebSocketApi>;
    /** Address to listen on. @default 127.0.0.1 */
    host?: string;
  } = {},
) {
  const invoker = new FakeInvoker()
    .on('connect', () => ({ statusCode: 200 }))
    .on('default', () => ({ statusCode: 200 }))
    .on('disconnect', () => ({ statusCode: 200 }));
  const log = new FakeLog();
  const gateway = new WebSocketGateway({ invoker, log, region: 'us-east-1', ...options });
  gateway.addApi({
    apiId: 'api1',
    stage: 'local',
    routes: options.routes ?? ROUTES,
    routeSelectionExpression: options.expression ?? '$request.body.action',
    ...options.api,
  });
  const port = await gateway.listen(0, options.host ?? '127.0.0.1');
  const management = new ApiGatewayManagementApiClient({
    endpoint: `http://127.0.0.1:${port}/local`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIDLOCAL', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
  return {
    gateway,
    invoker,
    log,
    port,
    management,
    url: `ws://127.0.0.1:${port}/local`,
    httpUrl: `http://127.0.0.1:${port}/local`,
    async stop(): Promise<void> {
      management.destroy();
      await gateway.close();
    },
  };
}

/** The handshake of a raw socket to the stage `local`. */
export const UPGRADE_REQUEST = [
  'GET /local HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');

/** A client with everything that it received, in order. */
export class Client {
  readonly socket: WebSocket;
  readonly received: string[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => this.received.push(data.toString()));
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  static async open(
    url: string,
    options: { protocols?: string[]; headers?: Record<string, string>; localAddress?: string } = {},
  ): Promise<Client> {
    const { protocols = [], headers = {}, localAddress } = options;
    const socket = new WebSocket(url, protocols, { headers, ...(localAddress && { localAddress }) });
    const client = new Client(socket);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return client;
  }
}

/** The HTTP status with which an upgrade was refused. */
export function refusal(url: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  const socket = new WebSocket(url, { headers });
  socket.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    socket.once('unexpected-response', (request, response) => {
      response.resume();
      request.destroy();
      resolve(response.statusCode);
    });
    socket.once('open', () => reject(new Error('expected a refusal, got a connection')));
  });
}

/** Waits until the check passes; fails with what it last threw after two seconds. */
export async function eventually<T>(check: () => T, withinMs = 2_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
