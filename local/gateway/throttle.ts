/** A token bucket: so many requests a second, and so many at once. */
export interface RequestRate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Rates of a stage: of the routes that have their own, and of each other one. */
export interface StageThrottle {
  readonly routes: Readonly<Record<string, RequestRate>>;
  readonly otherwise: RequestRate | undefined;
}

/** Default quotas of an account in a region; both may be raised. */
export const REQUESTS: RequestRate = { perSecond: 10_000, burst: 5_000 };
const NEW_CONNECTIONS: RequestRate = { perSecond: 500, burst: 500 };

class TokenBucket {
  readonly #rate: RequestRate;
  readonly #now: () => number;
  #tokens: number;
  #at: number;

  constructor(rate: RequestRate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
    this.#tokens = rate.burst;
    this.#at = now();
  }

  take(): boolean {
    const now = this.#now();
    const { perSecond, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) / 1000) * perSecond);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

export interface AccountRates {
  /** All requests to all APIs: handshakes, messages, calls of `@connections`, requests to HTTP APIs. @default 10000 a second, 5000 at once */
  readonly requests?: RequestRate;
  /** New WebSocket connections. @default 500 a second */
  readonly newConnections?: RequestRate;
  /** Milliseconds. @default performance.now */
  readonly now?: () => number;
}

/** What all APIs of the account share. */
export class AccountThrottle {
  readonly #requests: TokenBucket;
  readonly #newConnections: TokenBucket;
  readonly #now: () => number;

  constructor({
    requests = REQUESTS,
    newConnections = NEW_CONNECTIONS,
    now = () => performance.now(),
  }: AccountRates = {}) {
    this.#now = now;
    this.#requests = new TokenBucket(requests, now);
    this.#newConnections = new TokenBucket(newConnections, now);
  }

  /** Whether another request may go on now. */
  takeRequest(): boolean {
    return this.#requests.take();
  }

  /** Whether another connection may be opened now; the handshake is a request beside that. */
  takeConnection(): boolean {
    return this.#newConnections.take();
  }

  /** Buckets for the routes of a stage, by the same clock. */
  ofStage(stage: StageThrottle | undefined): RouteThrottle {
    return new RouteThrottle(stage, this.#now);
  }
}

/** A bucket for each route of one stage. */
export class RouteThrottle {
  readonly #stage: StageThrottle | undefined;
  readonly #now: () => number;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(stage: StageThrottle | undefined, now: () => number) {
    this.#stage = stage;
    this.#now = now;
  }

  /** @param routeKey one that the API has */
  take(routeKey: string): boolean {
    const rate = this.#rateOf(routeKey);
    if (rate === undefined) return true;
    const bucket = this.#buckets.get(routeKey) ?? new TokenBucket(rate, this.#now);
    this.#buckets.set(routeKey, bucket);
    return bucket.take();
  }

  #rateOf(routeKey: string): RequestRate | undefined {
    const { routes = {}, otherwise } = this.#stage ?? {};
    return Object.hasOwn(routes, routeKey) ? routes[routeKey] : otherwise;
  }
}
