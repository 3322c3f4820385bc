export interface HttpRequest {
  readonly method: string;
  /** With its query, percent-encoded. */
  readonly path: string;
  /** Names and values in turn, which spares Node to look at each header by itself. `host` among them. */
  readonly headers: readonly string[];
  /** Empty for none. */
  readonly body: string;
  /** Size of the body. */
  readonly bytes: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** Value of a header by its name in lower case; empty where it is absent. */
  readonly header: (name: string) => string;
  readonly text: string;
}

/** The way to one host. */
export interface Transport {
  /** Name and port, as the header `host` says them. */
  readonly host: string;
  /** Path before all paths of the service, without a slash at its end. */
  readonly basePath: string;
  /**
   * Sends a request once. Rejects with NotConnectedError where nothing of it can have left, with BrokenConnectionError or
   * AnswerTimeoutError where it may have been taken; any status is an answer.
   */
  send(request: HttpRequest, milliseconds: number): Promise<HttpAnswer>;
}

/** A URL puts an IPv6 address into brackets; sockets want it without. */
export function hostnameOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** Node's name for what went wrong on the way (`ECONNRESET`). */
export function codeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : String(error);
}
