import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AuthorizerContext } from './authorizer';
import { newIdentifier } from './identifiers';
import { requestTime } from './request-time';

/** What every event about a connection says, in the words of `requestContext`. */
export interface ConnectionContext {
  readonly connectionId: string;
  readonly connectedAt: number;
  readonly apiId: string;
  readonly stage: string;
  readonly domainName: string;
  readonly sourceIp: string;
  readonly userAgent: string | undefined;
  /** What the authorizer told of the connection. @default the API has none */
  readonly authorizer?: AuthorizerContext;
}

type Headers = Record<string, string>;
type MultiValueHeaders = Record<string, string[]>;

const HOP_BY_HOP = new Set(['connection', 'upgrade']);

/** The event of `$connect`, with the client's headers in the case in which it sent them. */
export function connectEvent(context: ConnectionContext, request: IncomingMessage) {
  const multiValueHeaders = clientHeaders(request, context);
  return {
    headers: lastValues(multiValueHeaders),
    multiValueHeaders,
    ...queryParameters(request.url ?? ''),
    requestContext: requestContext(context, '$connect', 'CONNECT'),
    isBase64Encoded: false,
  };
}

export type ConnectEvent = ReturnType<typeof connectEvent>;

/** The event of a message: no headers, no query. */
export function messageEvent(context: ConnectionContext, routeKey: string, body: string) {
  return {
    requestContext: { ...requestContext(context, routeKey, 'MESSAGE'), messageId: newIdentifier() },
    body,
    isBase64Encoded: false,
  };
}

/** The event of `$disconnect`, with the odd empty headers that API Gateway sends. */
export function disconnectEvent(context: ConnectionContext, code: number, reason: string) {
  const headers = { Host: context.domainName, 'x-api-key': '', 'X-Forwarded-For': '', 'x-restapi': '' };
  return {
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    requestContext: {
      ...requestContext(context, '$disconnect', 'DISCONNECT'),
      disconnectStatusCode: code,
      disconnectReason: reason,
    },
    isBase64Encoded: false,
  };
}

function requestContext(context: ConnectionContext, routeKey: string, eventType: string) {
  const requestId = newIdentifier();
  const now = Date.now();
  const { sourceIp, userAgent, authorizer } = context;
  return {
    routeKey,
    eventType,
    extendedRequestId: requestId,
    requestTime: requestTime(now),
    messageDirection: 'IN',
    stage: context.stage,
    connectedAt: context.connectedAt,
    requestTimeEpoch: now,
    identity: userAgent === undefined ? { sourceIp } : { userAgent, sourceIp },
    requestId,
    domainName: context.domainName,
    connectionId: context.connectionId,
    apiId: context.apiId,
    ...(authorizer && { authorizer }),
  };
}

function clientHeaders(request: IncomingMessage, context: ConnectionContext): MultiValueHeaders {
  const headers = new Map<string, string[]>();
  const raw = request.rawHeaders;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || lower.startsWith('x-forwarded-')) continue;
    // The function sees the API's own host, whatever name the loopback interface was reached by.
    append(headers, name, lower === 'host' ? context.domainName : (raw[at + 1] ?? ''));
  }
  if (request.headers['x-amzn-trace-id'] === undefined) append(headers, 'X-Amzn-Trace-Id', newTraceRoot());
  append(headers, 'X-Forwarded-For', context.sourceIp);
  append(headers, 'X-Forwarded-Port', '443');
  append(headers, 'X-Forwarded-Proto', 'https');
  return Object.fromEntries(headers);
}

function newTraceRoot(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')}`;
}

/** The query parameters of a URL; nothing at all, not null, where it has none. */
function queryParameters(url: string): {
  queryStringParameters?: Headers;
  multiValueQueryStringParameters?: MultiValueHeaders;
} {
  const mark = url.indexOf('?');
  const parameters = new Map<string, string[]>();
  if (mark >= 0) {
    for (const [name, value] of new URLSearchParams(url.slice(mark + 1))) append(parameters, name, value);
  }
  if (parameters.size === 0) return {};
  const multiValue = Object.fromEntries(parameters);
  return { queryStringParameters: lastValues(multiValue), multiValueQueryStringParameters: multiValue };
}

function append(values: Map<string, string[]>, name: string, value: string): void {
  const list = values.get(name);
  if (list) list.push(value);
  else values.set(name, [value]);
}

function lastValues(values: Readonly<MultiValueHeaders>): Headers {
  return Object.fromEntries(Object.entries(values).map(([name, list]) => [name, list.at(-1) ?? '']));
}
