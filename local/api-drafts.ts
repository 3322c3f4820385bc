import { type AuthorizerOptions, isIdentitySource } from './gateway/authorizer';
import type { DomainMapping } from './gateway/hosted-apis';
import type { StageThrottle } from './gateway/throttle';
import type { WebSocketGateway } from './gateway/websocket-gateway';
import type { HttpApiServer } from './http-api/http-api-server';

export interface RouteDraft {
  readonly id: string;
  readonly routeKey: string;
  readonly integrationId: string;
  /** Only for requests that IAM knows the caller of; HTTP APIs alone have such routes here. */
  readonly signed?: boolean;
  /** Of a WebSocket API's `$connect`. */
  readonly authorizerId?: string | undefined;
  /** Whether a response is selected, which then has to be there. */
  readonly selectsResponse?: boolean;
}

interface IntegrationDraft {
  readonly functionArn: string;
  readonly timeoutMs: number | undefined;
}

interface ApiDraft {
  readonly protocol: 'WEBSOCKET' | 'HTTP';
  readonly selection: string;
  readonly routes: RouteDraft[];
  /** Ids of routes with a response. */
  readonly responses: Set<string>;
  stage: { readonly name: string; readonly throttle: StageThrottle | undefined } | undefined;
}

/** An API of a template is not complete. */
export class IncompleteApiError extends Error {
  override readonly name = 'IncompleteApiError';
}

/**
 * APIs as the templates describe them, part by part; they are served once all parts are there. Also knows under which
 * local address the hosts of API Gateway are reached.
 */
export class ApiDrafts {
  readonly #region: string;
  readonly #ports: { readonly websocket: number; readonly http: number };
  readonly #apis = new Map<string, ApiDraft>();
  readonly #integrations = new Map<string, IntegrationDraft>();
  readonly #authorizers = new Map<string, AuthorizerOptions>();
  readonly #domains = new Set<string>();
  readonly #mappings: DomainMapping[] = [];

  constructor(region: string, ports: { readonly websocket: number; readonly http: number }) {
    this.#region = region;
    this.#ports = ports;
  }

  addApi(apiId: string, protocol: 'WEBSOCKET' | 'HTTP', selection: string): void {
    this.#apis.set(apiId, { protocol, selection, routes: [], responses: new Set(), stage: undefined });
  }

  /** @param timeoutMs the protocol's most where undefined */
  addIntegration(id: string, functionArn: string, timeoutMs?: number): void {
    this.#integrations.set(id, { functionArn, timeoutMs });
  }

  /** @throws IncompleteApiError for an API that has no such authorizers, or an identity source that is not carried out */
  addAuthorizer(apiId: string, authorizer: AuthorizerOptions): void {
    this.#webSocketApi(apiId, 'authorizer');
    const strange = authorizer.identitySources.find((source) => !isIdentitySource(source));
    if (strange !== undefined) {
      throw new IncompleteApiError(
        `API ${apiId} authorizer: expected route.request.header.* or route.request.querystring.*, got ${strange}`,
      );
    }
    this.#authorizers.set(authorizer.id, authorizer);
  }

  addRoute(apiId: string, route: RouteDraft): void {
    const api = this.#api(apiId);
    if (route.signed && api.protocol !== 'HTTP') {
      throw new IncompleteApiError(
        `API ${apiId} route ${route.routeKey}: expected no authorization, got AWS_IAM`,
      );
    }
    if (route.authorizerId !== undefined && route.routeKey !== '$connect') {
      throw new IncompleteApiError(
        `API ${apiId} route ${route.routeKey}: expected an authorizer on $connect alone, got one`,
      );
    }
    api.routes.push(route);
  }

  addRouteResponse(apiId: string, routeId: string): void {
    this.#webSocketApi(apiId, 'route response').responses.add(routeId);
  }

  addStage(apiId: string, name: string, throttle?: StageThrottle): void {
    const api = this.#api(apiId);
    if (api.stage !== undefined) {
      throw new IncompleteApiError(`API ${apiId}: expected one stage, got ${api.stage.name} and ${name}`);
    }
    api.stage = { name, throttle };
  }

  addDomain(domain: string): void {
    this.#domains.add(domain);
  }

  mapDomain(apiId: string, mapping: DomainMapping): void {
    this.#webSocketApi(apiId, `domain ${mapping.domain}`);
    this.#mappings.push(mapping);
  }

  endpoint(apiId: string): string {
    const scheme = this.#api(apiId).protocol === 'WEBSOCKET' ? 'wss' : 'https';
    return `${scheme}://${apiId}.execute-api.${this.#region}.amazonaws.com`;
  }

  /**
   * Puts the local address into a text wherever it names the host of one of these APIs, or a domain that leads to one: that stays as
   * the first part of the path.
   */
  localize(text: string): string {
    const suffix = `.execute-api.${this.#region}.amazonaws.com`;
    return text.replace(/(https|wss):\/\/([A-Za-z0-9.-]+)/g, (whole, scheme: string, host: string) => {
      const local = scheme === 'wss' ? 'ws' : 'http';
      if (this.#domains.has(host)) return `${local}://localhost:${this.#ports.websocket}/${host}`;
      const api = host.endsWith(suffix) ? this.#apis.get(host.slice(0, -suffix.length)) : undefined;
      if (!api) return whole;
      const port = api.protocol === 'WEBSOCKET' ? this.#ports.websocket : this.#ports.http;
      return `${local}://localhost:${port}`;
    });
  }

  /** Hands every API to its server. Throws IncompleteApiError for one without stage or with a dangling route. */
  publish(websocket: WebSocketGateway, http: HttpApiServer): void {
    for (const [apiId, api] of this.#apis) {
      const { stage: given } = api;
      if (given === undefined) throw new IncompleteApiError(`API ${apiId}: expected a stage, got none`);
      const { name: stage, throttle } = given;
      const routes = api.routes.map((route) => ({ route, ...this.#integration(apiId, route) }));
      if (api.protocol === 'HTTP') {
        const served = routes.map(({ route: { routeKey, signed }, ...integration }) => ({
          routeKey,
          ...integration,
          ...(signed ? { authorization: 'AWS_IAM' as const } : {}),
        }));
        http.addApi({ apiId, stage, routes: served, throttle });
      } else {
        const byKey = routes.map(({ route, ...integration }) => {
          const answers = route.selectsResponse === true && api.responses.has(route.id);
          return [route.routeKey, { ...integration, answers }] as const;
        });
        websocket.addApi({
          apiId,
          stage,
          routes: Object.fromEntries(byKey),
          routeSelectionExpression: api.selection,
          authorizer: this.#authorizerOf(apiId, api),
          throttle,
        });
      }
    }
    for (const mapping of this.#mappings) websocket.mapDomain(mapping);
  }

  #integration(apiId: string, { routeKey, integrationId: id }: RouteDraft): IntegrationDraft {
    const integration = this.#integrations.get(id);
    if (integration) return integration;
    throw new IncompleteApiError(`API ${apiId} route ${routeKey}: expected an integration, got ${id}`);
  }

  #authorizerOf(apiId: string, { routes }: ApiDraft): AuthorizerOptions | undefined {
    const id = routes.find(({ authorizerId }) => authorizerId !== undefined)?.authorizerId;
    const authorizer = id === undefined ? undefined : this.#authorizers.get(id);
    if (id !== undefined && authorizer === undefined) {
      throw new IncompleteApiError(`API ${apiId} route $connect: expected an authorizer, got ${id}`);
    }
    return authorizer;
  }

  #webSocketApi(apiId: string, what: string): ApiDraft {
    const api = this.#api(apiId);
    if (api.protocol === 'WEBSOCKET') return api;
    throw new IncompleteApiError(`${what}: expected a WebSocket API, got the HTTP API ${apiId}`);
  }

  #api(apiId: string): ApiDraft {
    const api = this.#apis.get(apiId);
    if (!api) throw new IncompleteApiError(`expected an API of these templates, got ${apiId}`);
    return api;
  }
}
