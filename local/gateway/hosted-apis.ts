import type { IncomingMessage } from 'node:http';
import type { AuthorizerOptions } from './authorizer';
import type { GatewayConnection } from './connection';
import { RouteSelection } from './route-selection';
import type { AccountThrottle, RouteThrottle, StageThrottle } from './throttle';

export interface WebSocketRoute {
  readonly functionArn: string;
  /** @default the gateway's limit */
  readonly timeoutMs?: number | undefined;
  /** Whether what the function returns goes to the client: the route and its response are set up so. @default false */
  readonly answers?: boolean;
}

export interface WebSocketApi {
  readonly apiId: string;
  /** Locally a stage belongs to one API: it is the path under which clients reach it. */
  readonly stage: string;
  /** By route key: `$connect`, `$default`, `$disconnect` and custom ones, each optional. */
  readonly routes: Readonly<Record<string, WebSocketRoute>>;
  readonly routeSelectionExpression: string;
  /** Asked before `$connect`. @default nobody */
  readonly authorizer?: AuthorizerOptions | undefined;
  /** @default only the account's */
  readonly throttle?: StageThrottle | undefined;
  /** What events call `domainName`. @default `{apiId}.execute-api.{region}.amazonaws.com` */
  readonly domainName?: string;
}

export interface HostedApi extends WebSocketApi {
  readonly domainName: string;
  readonly selection: RouteSelection;
  readonly routeThrottle: RouteThrottle;
  readonly connections: Map<string, GatewayConnection>;
}

/** An API under a domain of its own. */
export interface DomainMapping {
  readonly domain: string;
  /** First part of the path; empty for the API at the root. */
  readonly key: string;
  readonly stage: string;
}

/** What the path of a request is about. */
export interface Location {
  readonly api: HostedApi;
  /** By which name the client came. */
  readonly domainName: string;
  /** Parts of the path behind the API's own. */
  readonly rest: readonly string[];
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

/** The APIs of a gateway, by stage and by the domains that lead to them. */
export class HostedApis {
  readonly #region: string;
  readonly #throttle: AccountThrottle;
  readonly #byStage = new Map<string, HostedApi>();
  /** By domain, then by mapping key. */
  readonly #domains = new Map<string, Map<string, HostedApi>>();

  constructor(region: string, throttle: AccountThrottle) {
    this.#region = region;
    this.#throttle = throttle;
  }

  /** @throws StageTakenError */
  add(api: WebSocketApi): void {
    const holder = this.#byStage.get(api.stage);
    if (holder) throw new StageTakenError(api.stage, holder.apiId, api.apiId);
    this.#byStage.set(api.stage, {
      ...api,
      domainName: api.domainName ?? `${api.apiId}.execute-api.${this.#region}.amazonaws.com`,
      selection: new RouteSelection(api.routeSelectionExpression, Object.keys(api.routes)),
      routeThrottle: this.#throttle.ofStage(api.throttle),
      connections: new Map(),
    });
  }

  /** @param mapping of a stage that was added */
  map({ domain, key, stage }: DomainMapping): void {
    const api = this.#byStage.get(stage);
    if (!api) throw new Error(`domain ${domain}: expected a stage that is there, got ${stage}`);
    const keys = this.#domains.get(domain) ?? new Map<string, HostedApi>();
    this.#domains.set(domain, keys.set(key, api));
  }

  all(): readonly HostedApi[] {
    return [...this.#byStage.values()];
  }

  /**
   * The API that a request is for: by a domain of its own, which stands in the `Host` header or, as there is no such name on this
   * machine, in the first part of the path; else by the stage in the first part of the path.
   */
  locate({ url, headers }: IncomingMessage): Location | undefined {
    const segments = pathSegments(url);
    const host = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
    const [first = '', ...others] = segments;
    if (this.#domains.has(host)) return this.#underDomain(host, segments);
    if (this.#domains.has(first)) return this.#underDomain(first, others);
    const api = this.#byStage.get(first);
    return api && { api, domainName: api.domainName, rest: others };
  }

  #underDomain(domain: string, segments: readonly string[]): Location | undefined {
    const keys = this.#domains.get(domain);
    const [first = '', ...others] = segments;
    const mapped = first === '' ? undefined : keys?.get(first);
    if (mapped) return { api: mapped, domainName: domain, rest: others };
    const root = keys?.get('');
    return root && { api: root, domainName: domain, rest: segments.filter((segment) => segment !== '') };
  }
}

/** The parts of a URL's path, `/local/` being the same as `/local`. */
function pathSegments(url: string | undefined): string[] {
  const [path = ''] = (url ?? '').split('?');
  return path.replace(/^\//, '').replace(/\/$/, '').split('/');
}
