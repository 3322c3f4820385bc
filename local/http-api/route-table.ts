export interface HttpApiRoute {
  /** `POST /api/{method}`, `ANY /files/{path+}` or `$default`. */
  readonly routeKey: string;
  readonly functionArn: string;
  /** @default the server's limit */
  readonly timeoutMs?: number | undefined;
  /** Only signed requests. @default - everybody's */
  readonly authorization?: 'AWS_IAM';
}

export interface RouteMatch {
  readonly route: HttpApiRoute;
  /** Decoded values of the path's variables. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** A route key that is none of the forms above. */
export class RouteKeyError extends Error {
  override readonly name = 'RouteKeyError';
  readonly routeKey: string;

  constructor(routeKey: string) {
    super(`route key: expected "METHOD /path" or "$default", got "${routeKey}"`);
    this.routeKey = routeKey;
  }
}

interface CompiledRoute {
  readonly route: HttpApiRoute;
  readonly method: string;
  readonly segments: readonly string[];
}

const ROUTE_KEY = /^(ANY|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\/\S*)$/;
const VARIABLE = /^\{([^{}+]+)\}$/;
const GREEDY_VARIABLE = /^\{([^{}+]+)\+\}$/;

/** The routes of one HTTP API, most specific first: a full match, then a greedy one, then `$default`. */
export class RouteTable {
  readonly #routes: readonly CompiledRoute[];
  readonly #fallback: HttpApiRoute | undefined;

  /** @throws RouteKeyError */
  constructor(routes: readonly HttpApiRoute[]) {
    this.#fallback = routes.find(({ routeKey }) => routeKey === '$default');
    this.#routes = routes
      .filter((route) => route !== this.#fallback)
      .map(compile)
      .sort((left, right) => rank(left).localeCompare(rank(right)));
  }

  match(method: string, path: string): RouteMatch | undefined {
    const segments = path.split('/').slice(1);
    for (const { route, method: wanted, segments: pattern } of this.#routes) {
      if (wanted !== 'ANY' && wanted !== method) continue;
      const pathParameters = matchSegments(pattern, segments);
      if (pathParameters) return { route, pathParameters };
    }
    return this.#fallback && { route: this.#fallback, pathParameters: {} };
  }
}

function compile(route: HttpApiRoute): CompiledRoute {
  const [, method, path] = ROUTE_KEY.exec(route.routeKey) ?? [];
  if (method === undefined || path === undefined) throw new RouteKeyError(route.routeKey);
  return { route, method, segments: path.split('/').slice(1) };
}

/** Sorts routes that could match the same request: fixed parts before variables before greedy ones, `ANY` last. */
function rank({ method, segments }: CompiledRoute): string {
  const shape = segments.map((part) => (GREEDY_VARIABLE.test(part) ? '2' : VARIABLE.test(part) ? '1' : '0'));
  const greedy = shape.includes('2') ? '1' : '0';
  return `${greedy}${shape.join('')}-${method === 'ANY' ? '1' : '0'}`;
}

function matchSegments(
  pattern: readonly string[],
  segments: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const parameters = new Map<string, string>();
  for (const [at, part] of pattern.entries()) {
    const greedy = GREEDY_VARIABLE.exec(part)?.[1];
    if (greedy !== undefined) {
      const rest = segments.slice(at).join('/');
      return rest === '' ? undefined : Object.fromEntries(parameters.set(greedy, decode(rest)));
    }
    const segment = segments[at] ?? '';
    const variable = VARIABLE.exec(part)?.[1];
    if (variable === undefined ? segment !== part : segment === '') return undefined;
    if (variable !== undefined) parameters.set(variable, decode(segment));
  }
  return segments.length === pattern.length ? Object.fromEntries(parameters) : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
