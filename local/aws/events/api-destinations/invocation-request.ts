import { isJsonObject } from '../../../../lambdas/contract/json';
import type { HttpTargetParameters } from '../../../ports';
import type { ApiDestinationInput } from './connection-input';
import type { Credentials, HttpParameters } from './connection-secret';
import type { HttpCall } from './http-call';

/** Headers that every request has, whatever connection and target say. */
const FIXED_HEADERS: Readonly<Record<string, string>> = {
  'user-agent': 'Amazon/EventBridge/ApiDestinations',
  range: 'bytes=0-1048575',
  'accept-encoding': 'gzip,deflate',
  connection: 'close',
};

const CONTENT_TYPE = 'application/json; charset=utf-8';

/** Headers that EventBridge takes out of a request: user guide, "Headers included in requests to API destinations". */
const REMOVED_HEADERS: ReadonlySet<string> = new Set([
  ...['a-im', 'accept-charset', 'accept-datetime', 'accept-encoding', 'cache-control', 'connection'],
  ...['content-encoding', 'content-length', 'content-md5', 'date', 'expect', 'forwarded', 'from', 'host'],
  ...['http2-settings', 'if-match', 'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since'],
  ...['max-forwards', 'origin', 'pragma', 'proxy-authorization', 'range', 'referer', 'te', 'trailer'],
  ...['transfer-encoding', 'user-agent', 'upgrade', 'via', 'warning'],
]);

const NONE: HttpParameters = { header_parameters: [], query_string_parameters: [], body_parameters: [] };

export interface Invocation {
  readonly destination: ApiDestinationInput;
  readonly credentials: Credentials;
  /** Of the OAuth server, where the connection has one. */
  readonly accessToken: string | undefined;
  readonly http: HttpTargetParameters | undefined;
  readonly payload: string;
}

/** The request of one delivery. Where target and connection name the same header or query parameter, the connection's counts. */
export function invocationRequest({
  destination,
  credentials,
  accessToken,
  http,
  payload,
}: Invocation): HttpCall {
  const parameters = credentials.invocation_http_parameters ?? NONE;
  const body = withParameters(payload, parameters);
  const given = {
    ...lowerCase(Object.entries(http?.headers ?? {})),
    ...lowerCase(parameters.header_parameters.map(({ key, value }) => [key, value])),
    ...authorization(credentials, accessToken),
  };
  const kept = Object.entries(given).filter(([name]) => !REMOVED_HEADERS.has(name));
  return {
    url: urlOf(destination.InvocationEndpoint, parameters, http),
    method: destination.HttpMethod,
    headers: {
      'content-type': CONTENT_TYPE,
      ...Object.fromEntries(kept),
      ...FIXED_HEADERS,
      'content-length': String(Buffer.byteLength(body)),
    },
    body,
  };
}

function authorization(credentials: Credentials, accessToken: string | undefined): Record<string, string> {
  if ('api_key_name' in credentials) {
    return { [credentials.api_key_name.toLowerCase()]: credentials.api_key_value };
  }
  if ('username' in credentials) {
    const pair = `${credentials.username}:${credentials.password}`;
    return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  }
  return { authorization: `Bearer ${accessToken}` };
}

/** Values take the places of the stars in the path, one by one. */
function urlOf(endpoint: string, parameters: HttpParameters, http: HttpTargetParameters | undefined): URL {
  const url = new URL(endpoint);
  const values = [...(http?.path ?? [])];
  url.pathname = url.pathname.replace(/\*/g, (star) => {
    const value = values.shift();
    return value === undefined ? star : encodeURIComponent(value);
  });
  for (const [name, value] of Object.entries(http?.query ?? {})) url.searchParams.set(name, value);
  for (const { key, value } of parameters.query_string_parameters) url.searchParams.set(key, value);
  return url;
}

/** Body parameters become members of a JSON object; any other payload stays as it is. */
function withParameters(payload: string, { body_parameters }: HttpParameters): string {
  if (body_parameters.length === 0) return payload;
  const value = parsed(payload);
  if (!isJsonObject(value)) return payload;
  return JSON.stringify({
    ...value,
    ...Object.fromEntries(body_parameters.map(({ key, value }) => [key, value])),
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function lowerCase(headers: readonly (readonly [name: string, value: string])[]): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name.trim().toLowerCase(), value]));
}
