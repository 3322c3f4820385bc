import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { executeApiArn, integrationWarning, invokeIntegration } from '../gateway/invocation';
import { readBody } from '../gateway/request-body';
import { isSigned, originOf, type RouteAccess, requestOf } from '../gateway/signed-access';
import { AccountThrottle, type RouteThrottle, type StageThrottle } from '../gateway/throttle';
import { listen, stop } from '../http-server';
import { AwsError, type Invoker, LOCAL_ACCOUNT, type Principal, type RuntimeLog } from '../ports';
import { requestEvent } from './event';
import { readFunctionResponse } from './function-response';
import { type HttpApiRoute, RouteTable } from './route-table';

export interface HttpApiServerOptions {
  readonly invoker: Invoker;
  readonly log: RuntimeLog;
  readonly region: string;
  /** @default LOCAL_ACCOUNT */
  readonly account?: string;
  /** Who may use routes that take signed requests only. @default - nobody: such routes answer 403 */
  readonly access?: RouteAccess;
  /** What all APIs of the account share. @default one with the default quotas, of its own */
  readonly throttle?: AccountThrottle;
  /** @default HTTP_API_LIMITS */
  readonly limits?: Partial<HttpApiLimits>;
}

export interface HttpApi {
  readonly apiId: string;
  /** `$default` is served at the root, any other stage under `/{stage}`. */
  readonly stage: string;
  readonly routes: readonly HttpApiRoute[];
  /** @default only the account's */
  readonly throttle?: StageThrottle | undefined;
  /** What events call `domainName`. @default `{apiId}.execute-api.{region}.amazonaws.com` */
  readonly domainName?: string;
}

export interface HttpApiLimits {
  readonly integrationTimeoutMs: number;
  readonly bodyBytes: number;
}

/** The quotas of API Gateway HTTP APIs, neither of which can be raised. */
export const HTTP_API_LIMITS: HttpApiLimits = { integrationTimeoutMs: 30_000, bodyBytes: 10 * 1024 * 1024 };

/** Two HTTP APIs asked for the same path. */
export class HttpApiStageTakenError extends Error {
  override readonly name = 'HttpApiStageTakenError';
  readonly stage: string;

  constructor(stage: string, heldBy: string, wantedBy: string) {
    super(
      `stage "${stage}" of HTTP API ${wantedBy}: expected a stage name that no other API uses locally, got one that API ${heldBy} has`,
    );
    this.stage = stage;
  }
}

interface HostedApi extends HttpApi {
  readonly domainName: string;
  readonly table: RouteTable;
  readonly routeThrottle: RouteThrottle;
}

/** HTTP APIs of API Gateway, with Lambda proxy integrations in payload format 2.0. */
export class HttpApiServer {
  readonly #invoker: Invoker;
  readonly #log: RuntimeLog;
  readonly #region: string;
  readonly #account: string;
  readonly #access: RouteAccess | undefined;
  readonly #limits: HttpApiLimits;
  readonly #throttle: AccountThrottle;
  readonly #apis = new Map<string, HostedApi>();
  readonly #server: Server;

  constructor(options: HttpApiServerOptions) {
    this.#invoker = options.invoker;
    this.#log = options.log;
    this.#region = options.region;
    this.#account = options.account ?? LOCAL_ACCOUNT;
    this.#access = options.access;
    this.#throttle = options.throttle ?? new AccountThrottle();
    this.#limits = { ...HTTP_API_LIMITS, ...options.limits };
    this.#server = createServer((request, response) => {
      this.#request(request, response).catch(() => response.destroy());
    });
  }

  /** @throws HttpApiStageTakenError, RouteKeyError */
  addApi(api: HttpApi): void {
    const holder = this.#apis.get(api.stage);
    if (holder) throw new HttpApiStageTakenError(api.stage, holder.apiId, api.apiId);
    this.#apis.set(api.stage, {
      ...api,
      domainName: api.domainName ?? `${api.apiId}.execute-api.${this.#region}.amazonaws.com`,
      table: new RouteTable(api.routes),
      routeThrottle: this.#throttle.ofStage(api.throttle),
    });
  }

  /** Resolves with the port; rejects if it is taken. Port 0 takes a free one. */
  listen(port: number, host: string): Promise<number> {
    return listen(this.#server, port, host);
  }

  /** Lets requests in flight end for half a second, then cuts them off. */
  close(): Promise<void> {
    return stop(this.#server);
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '/'] = (request.url ?? '/').split('?');
    const { api, routePath } = this.#locate(path);
    const match = api?.table.match(request.method ?? 'GET', routePath);
    if (!api || !match) {
      request.resume();
      return answer(response, 404, 'Not Found');
    }
    if (!this.#throttle.takeRequest() || !api.routeThrottle.take(match.route.routeKey)) {
      request.resume();
      return answer(response, 429, 'Too Many Requests');
    }
    const signedOnly = match.route.authorization === 'AWS_IAM';
    if (signedOnly && !isSigned(request)) {
      request.resume();
      return answer(response, 403, 'Forbidden');
    }
    const body = await readBody(request, this.#limits.bodyBytes);
    if (!body) {
      response.setHeader('connection', 'close');
      return answer(response, 413, 'Request Entity Too Large');
    }
    const caller = signedOnly ? this.#signerOf(api, request, routePath, body) : undefined;
    // API Gateway does not say whether it was the signature or the permission.
    if (signedOnly && caller === undefined) return answer(response, 403, 'Forbidden');
    const event = requestEvent({ ...api, account: this.#account }, request, match, body, caller);
    const most = this.#limits.integrationTimeoutMs;
    const timeoutMs = Math.min(match.route.timeoutMs ?? most, most);
    const sourceArn = executeApiArn(this.#region, routePathOf(api, match.route.routeKey, request.method));
    const { functionArn } = match.route;
    const result = await invokeIntegration(this.#invoker, { functionArn, event, timeoutMs, sourceArn });
    const warning = integrationWarning(result, timeoutMs);
    if (warning !== undefined) this.#log.warn(`${api.apiId} ${match.route.routeKey}`, warning);
    if (result.outcome === 'timed out') return answer(response, 503, 'Service Unavailable');
    const reply = result.outcome === 'answered' ? readFunctionResponse(result.payload) : undefined;
    if (!reply) return answer(response, 500, 'Internal Server Error');
    for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
    if (reply.cookies.length > 0) response.setHeader('set-cookie', [...reply.cookies]);
    response.setHeader('apigw-requestid', event.requestContext.requestId);
    response.writeHead(reply.status).end(reply.body);
  }

  /** Who signed a request, if he may make it. */
  #signerOf(
    { apiId, stage }: HostedApi,
    request: IncomingMessage,
    routePath: string,
    body: Buffer,
  ): Principal | undefined {
    const path = `${apiId}/${stage}/${request.method ?? 'GET'}${routePath}`;
    try {
      return this.#access?.signer(
        requestOf(request, body),
        executeApiArn(this.#region, path),
        originOf(request),
      );
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      this.#log.warn(path, error.message);
      return undefined;
    }
  }

  /** A named stage takes the first part of the path; everything else belongs to the `$default` stage. */
  #locate(path: string): { api: HostedApi | undefined; routePath: string } {
    const [, first = '', ...rest] = path.split('/');
    const named = first === '$default' ? undefined : this.#apis.get(first);
    return named
      ? { api: named, routePath: `/${rest.join('/')}` }
      : { api: this.#apis.get('$default'), routePath: path };
  }
}

/** `<api>/<stage>/<method>/<path of the route>`, as API Gateway names a route to Lambda. */
function routePathOf({ apiId, stage }: HttpApi, routeKey: string, method = 'GET'): string {
  const [routeMethod = '', path] = routeKey.split(' ');
  if (path === undefined) return `${apiId}/${stage}/${routeKey}`;
  return `${apiId}/${stage}/${routeMethod === 'ANY' ? method : routeMethod}${path}`;
}

function answer(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
}
