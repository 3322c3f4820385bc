import type { IncomingMessage } from 'node:http';
import { sourceAddress } from '../gateway/handshake';
import { newIdentifier } from '../gateway/identifiers';
import { requestTime } from '../gateway/request-time';
import { shownArn } from '../identity';
import type { Principal } from '../ports';
import type { RouteMatch } from './route-table';

/** What an event says about the API that took the request. */
export interface ApiContext {
  readonly apiId: string;
  readonly stage: string;
  readonly domainName: string;
  readonly account: string;
}

const TEXT_TYPE = /^(text\/|application\/(json|javascript|xml|[\w.-]+\+(json|xml))\b)/i;

/** The event of a request in payload format 2.0; `caller` signed it. */
export function requestEvent(
  context: ApiContext,
  request: IncomingMessage,
  match: RouteMatch,
  body: Buffer,
  caller?: Principal,
) {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const rawPath = decodePath(mark < 0 ? url : url.slice(0, mark));
  const rawQueryString = mark < 0 ? '' : url.slice(mark + 1);
  const query = queryParameters(rawQueryString);
  const cookies = request.headers.cookie?.split(/;\s*/);
  const now = Date.now();
  const { apiId, stage, domainName, account } = context;
  return {
    version: '2.0',
    routeKey: match.route.routeKey,
    rawPath,
    rawQueryString,
    ...(cookies ? { cookies } : {}),
    headers: requestHeaders(request, domainName),
    ...(query.size > 0 ? { queryStringParameters: Object.fromEntries(query) } : {}),
    requestContext: {
      accountId: account,
      apiId,
      ...(caller ? { authorizer: { iam: iamFields(caller, account) } } : {}),
      domainName,
      domainPrefix: domainName.split('.')[0],
      http: {
        method: request.method ?? 'GET',
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: sourceAddress(request),
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: newIdentifier(),
      routeKey: match.route.routeKey,
      stage,
      time: requestTime(now),
      timeEpoch: now,
    },
    ...(Object.keys(match.pathParameters).length > 0 ? { pathParameters: match.pathParameters } : {}),
    ...bodyFields(request, body),
  };
}

/** What an event says of who signed a request. */
function iamFields(caller: Principal, accountId: string) {
  const { accessKeyId, senderId } = caller;
  return {
    accessKey: accessKeyId,
    accountId,
    callerId: senderId,
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: shownArn(caller),
    userId: senderId,
  };
}

/** Names in lower case, repeated ones joined by commas; cookies have a field of their own. */
function requestHeaders(request: IncomingMessage, domainName: string): Record<string, string> {
  const headers = new Map<string, string>();
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (values && name !== 'cookie' && name !== 'connection') headers.set(name, values.join(','));
  }
  headers.set('host', domainName);
  headers.set('x-forwarded-for', sourceAddress(request));
  headers.set('x-forwarded-port', '443');
  headers.set('x-forwarded-proto', 'https');
  return Object.fromEntries(headers);
}

function queryParameters(rawQueryString: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    const earlier = parameters.get(name);
    parameters.set(name, earlier === undefined ? value : `${earlier},${value}`);
  }
  return parameters;
}

function bodyFields(request: IncomingMessage, body: Buffer): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  const type = request.headers['content-type'];
  const isText = type === undefined || TEXT_TYPE.test(type);
  return { body: body.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText };
}

/** HTTP APIs show paths decoded. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
