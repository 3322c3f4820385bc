import type { IncomingMessage } from 'node:http';
import type { Invoker, RuntimeLog } from '../ports';
import {
  type Authorization,
  authorizerEvent,
  hasIdentity,
  readAuthorization,
  UNAUTHORIZED,
} from './authorizer';
import type { ConnectEvent } from './event';
import type { HostedApi } from './hosted-apis';
import {
  executeApiArn,
  type IntegrationCall,
  type IntegrationResult,
  integrationWarning,
  invokeIntegration,
} from './invocation';

export interface IntegrationsOptions {
  readonly invoker: Invoker;
  readonly log: RuntimeLog;
  readonly region: string;
  /** For routes that have no shorter one, in milliseconds. */
  readonly timeoutMs: number;
}

/** Invokes the functions of routes and authorizers, and tells the developer of those that gave no result. */
export class Integrations {
  readonly #options: IntegrationsOptions;

  constructor(options: IntegrationsOptions) {
    this.#options = options;
  }

  /** The result of a route's function; undefined if the API has no such route. */
  async run(api: HostedApi, routeKey: string, event: object): Promise<IntegrationResult | undefined> {
    const route = Object.hasOwn(api.routes, routeKey) ? api.routes[routeKey] : undefined;
    if (!route) return undefined;
    const timeoutMs = Math.min(route.timeoutMs ?? this.#options.timeoutMs, this.#options.timeoutMs);
    return this.#invoke(`${api.apiId} ${routeKey}`, {
      functionArn: route.functionArn,
      event,
      timeoutMs,
      sourceArn: this.#arn(`${api.apiId}/${api.stage}/${routeKey}`),
    });
  }

  /** Whether the API's authorizer lets a client in; everybody where it has none. */
  async authorize(api: HostedApi, request: IncomingMessage, event: ConnectEvent): Promise<Authorization> {
    const { authorizer, apiId, stage } = api;
    if (authorizer === undefined) return { allowed: true, context: {} };
    if (!hasIdentity(request, authorizer.identitySources)) return UNAUTHORIZED;
    const methodArn = this.#arn(`${apiId}/${stage}/$connect`);
    const began = performance.now();
    const result = await this.#invoke(`${apiId} authorizer ${authorizer.id}`, {
      functionArn: authorizer.functionArn,
      event: authorizerEvent(event, methodArn),
      timeoutMs: this.#options.timeoutMs,
      sourceArn: this.#arn(`${apiId}/authorizers/${authorizer.id}`),
      roleArn: authorizer.roleArn,
    });
    return readAuthorization(result, methodArn, Math.round(performance.now() - began));
  }

  async #invoke(what: string, call: IntegrationCall): Promise<IntegrationResult> {
    const { invoker, log } = this.#options;
    const result = await invokeIntegration(invoker, call);
    const warning = integrationWarning(result, call.timeoutMs);
    if (warning !== undefined) log.warn(what, warning);
    return result;
  }

  #arn(path: string): string {
    return executeApiArn(this.#options.region, path);
  }
}
