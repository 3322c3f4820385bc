import type { WebSocketGateway } from './gateway/websocket-gateway';
import type { HttpApiServer } from './http-api/http-api-server';

interface RouteDraft {
  readonly integrationId: string;
  readonly signed: boolean;
}

interface ApiDraft {
  readonly protocol: 'WEBSOCKET' | 'HTTP';
  readonly selection: string;
  readonly routes: Map<string, RouteDraft>;
  stage: string | undefined;
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
  readonly #integrations = new Map<string, string>();

  constructor(region: string, ports: { readonly websocket: number; readonly http: number }) {
    this.#region = region;
    this.#ports = ports;
  }

  addApi(apiId: string, protocol: 'WEBSOCKET' | 'HTTP', selection: string): void {
    this.#apis.set(apiId, { protocol, selection, routes: new Map(), stage: undefined });
  }

  addIntegration(id: string, functionArn: string): void {
    this.#integrations.set(id, functionArn);
  }

  /** `signed`: only for requests that IAM knows the caller of; HTTP APIs alone have such routes here. */
  addRoute(apiId: string, routeKey: string, integrationId: string, signed = false): void {
    const api = this.#api(apiId);
    if (signed && api.protocol !== 'HTTP') {
      throw new IncompleteApiError(`API ${apiId} route ${routeKey}: expected no authorization, got AWS_IAM`);
    }
    api.routes.set(routeKey, { integrationId, signed });
  }

  addStage(apiId: string, stage: string): void {
    const api = this.#api(apiId);
    if (api.stage !== undefined) {
      throw new IncompleteApiError(`API ${apiId}: expected one stage, got ${api.stage} and ${stage}`);
    }
    api.stage = stage;
  }

  endpoint(apiId: string): string {
    const scheme = this.#api(apiId).protocol === 'WEBSOCKET' ? 'wss' : 'https';
    return `${scheme}://${apiId}.execute-api.${this.#region}.amazonaws.com`;
  }

  /** Puts the local address into a text wherever it names the host of one of these APIs. */
  localize(text: string): string {
    const host = new RegExp(
      `(https|wss)://([a-z0-9]+)\\.execute-api\\.${this.#region}\\.amazonaws\\.com`,
      'g',
    );
    return text.replace(host, (whole, scheme: string, apiId: string) => {
      const api = this.#apis.get(apiId);
      if (!api) return whole;
      const port = api.protocol === 'WEBSOCKET' ? this.#ports.websocket : this.#ports.http;
      return `${scheme === 'wss' ? 'ws' : 'http'}://localhost:${port}`;
    });
  }

  /** Hands every API to its server. Throws IncompleteApiError for one without stage or with a dangling route. */
  publish(websocket: WebSocketGateway, http: HttpApiServer): void {
    for (const [apiId, api] of this.#apis) {
      const { stage } = api;
      if (stage === undefined) throw new IncompleteApiError(`API ${apiId}: expected a stage, got none`);
      const routes = [...api.routes].map(([routeKey, { integrationId: id, signed }]) => {
        const functionArn = this.#integrations.get(id);
        if (!functionArn) {
          throw new IncompleteApiError(`API ${apiId} route ${routeKey}: expected an integration, got ${id}`);
        }
        return { routeKey, functionArn, ...(signed ? { authorization: 'AWS_IAM' as const } : {}) };
      });
      if (api.protocol === 'HTTP') http.addApi({ apiId, stage, routes });
      else {
        const byKey = Object.fromEntries(
          routes.map(({ routeKey, functionArn }) => [routeKey, { functionArn }]),
        );
        websocket.addApi({ apiId, stage, routes: byKey, routeSelectionExpression: api.selection });
      }
    }
  }

  #api(apiId: string): ApiDraft {
    const api = this.#apis.get(apiId);
    if (!api) throw new IncompleteApiError(`expected an API of these templates, got ${apiId}`);
    return api;
  }
}
