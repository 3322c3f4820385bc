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

/**
 * What carries a token among the offered subprotocols: a browser sets no other header of a handshake, and a URL ends in more
 * logs. Case counts, since it does in the token.
 */
const TOKEN_CARRIER = 'holdfast-token.';

function offersOf(handshake: Handshake): readonly string[] {
  return (headerOf(handshake, 'sec-websocket-protocol') ?? '').split(',').map((offer) => offer.trim());
}

/** The subprotocols that a client offers, in lower case, without what carries a token. */
export function subprotocolsOf(handshake: Handshake): readonly string[] {
  return offersOf(handshake)
    .filter((offer) => offer !== '' && !offer.startsWith(TOKEN_CARRIER))
    .map((offer) => offer.toLowerCase());
}

/** The token that a client carries among its subprotocols. Undefined where it carries none. */
export function carriedToken(handshake: Handshake): string | undefined {
  return offersOf(handshake)
    .find((offer) => offer.startsWith(TOKEN_CARRIER))
    ?.slice(TOKEN_CARRIER.length);
}

/**
 * The token of a plain client: `?token=`, else `Authorization: Bearer`, else among the subprotocols. Undefined where it
 * brings none.
 */
export function handshakeToken(handshake: Handshake): string | undefined {
  const query = handshake.queryStringParameters?.['token'];
  if (query !== undefined) return query;
  const header = /^bearer +(.*)$/i.exec(headerOf(handshake, 'authorization') ?? '')?.[1]?.trim();
  return header ?? carriedToken(handshake);
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
