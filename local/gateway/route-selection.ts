const WHOLE_PATH = /^\$request\.body\.([\w.-]+)$/;
const EMBEDDED_PATH = /\$\{request\.body\.([\w.-]+)\}/g;
const SYSTEM_ROUTE = /^\$/;

/**
 * Which route takes a message: the one whose key the selection expression evaluates to, else `$default`; undefined
 * where there is neither. Understands `$request.body.path`, `${request.body.path}` within text, and static text.
 */
export class RouteSelection {
  readonly #expression: string;
  readonly #customKeys: ReadonlySet<string>;
  readonly #hasDefault: boolean;

  constructor(expression: string, routeKeys: readonly string[]) {
    this.#expression = expression;
    // A message can never name `$connect` or `$disconnect`.
    this.#customKeys = new Set(routeKeys.filter((key) => !SYSTEM_ROUTE.test(key)));
    this.#hasDefault = routeKeys.includes('$default');
  }

  select(body: string): string | undefined {
    const fallback = this.#hasDefault ? '$default' : undefined;
    if (this.#customKeys.size === 0) return fallback;
    const key = this.#evaluate(body);
    return key !== undefined && this.#customKeys.has(key) ? key : fallback;
  }

  #evaluate(body: string): string | undefined {
    let message: unknown;
    try {
      message = JSON.parse(body);
    } catch {
      return undefined;
    }
    const whole = WHOLE_PATH.exec(this.#expression);
    if (whole) return valueAt(message, whole[1] ?? '');
    return this.#expression.replace(EMBEDDED_PATH, (_, path: string) => valueAt(message, path));
  }
}

/** The value at a dotted path as text; empty where there is none. */
function valueAt(message: unknown, path: string): string {
  let value: unknown = message;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return '';
    value = Object.entries(value).find(([key]) => key === name)?.[1];
  }
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
