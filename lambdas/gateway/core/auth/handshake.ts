/** What a `$connect` event shows of a handshake. Header names keep the client's case; absent parts may be null. */
export interface Handshake {
  readonly headers?: Readonly<Record<string, string | undefined>> | null | undefined;
  readonly queryStringParameters?: Readonly<Record<string, string | undefined>> | null | undefined;
}

export function headerOf(handshake: Handshake, name: string): string | undefined {
  for (const [header, value] of Object.entries(handshake.headers ?? {})) {
    if (header.toLowerCase() === name) return value;
  }
  return undefined;
}

/** The subprotocols that a client offers, in lower case. */
export function subprotocolsOf(handshake: Handshake): readonly string[] {
  return (headerOf(handshake, 'sec-websocket-protocol') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}

/** The token of a plain client: `?token=`, else `Authorization: Bearer`. Undefined where it brings none. */
export function handshakeToken(handshake: Handshake): string | undefined {
  const query = handshake.queryStringParameters?.['token'];
  if (query !== undefined) return query;
  return /^bearer +(.*)$/i.exec(headerOf(handshake, 'authorization') ?? '')?.[1]?.trim();
}

/**
 * Whether a client says by `?connect=1` that a connect command will follow, as an SDK's whose URL carries a token: commands
 * that overtake it then wait for it.
 */
export function announcesConnect(handshake: Handshake): boolean {
  return handshake.queryStringParameters?.['connect'] === '1';
}

/**
 * The origin allow-list: `*`, or origins separated by commas that must match as a whole. A client without an `Origin` header
 * is no browser, so no page's doing, and passes.
 */
export function isOriginAllowed(handshake: Handshake, allowed: string): boolean {
  const origin = headerOf(handshake, 'origin');
  if (origin === undefined) return true;
  const origins = allowed.split(',').map((name) => name.trim());
  return origins.includes('*') || origins.includes(origin);
}
