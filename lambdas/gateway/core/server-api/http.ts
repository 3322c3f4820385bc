import { PROTOCOL_ERRORS, type ProtocolError } from '../../../contract/codes';
import { isJsonObject, type JsonObject } from '../../../contract/json';
import { causeOf } from '../../../contract/log';
import { API_ROUTES } from '../../../contract/server-api';
import { isTraceparent, newTraceparent, traceIdOf } from '../../../contract/trace';
import type { Clock, Log } from '../ports';
import { type ApiAnswer, refused, TRY_AGAIN } from './answer';
import { type ApiKeys, isGoodKey, keyOf } from './api-key';
import { isMethod, METHODS } from './requests';
import type { ServerApi } from './server-api';

/** Result of an HTTP API integration, payload format 2.0. */
export interface HttpResult {
  readonly statusCode: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
}

export interface HttpParts {
  readonly api: Pick<ServerApi, 'call'>;
  readonly keys: (maxAgeMs?: number) => Promise<ApiKeys>;
  readonly clock: Clock;
  readonly log: Log;
}

/** An HTTP request, in payload format 2.0. */
export interface HttpRequest {
  readonly routeKey: string;
  readonly headers: JsonObject;
  readonly method: string;
  readonly body: string;
  /** Whom API Gateway has authenticated by IAM, if anybody. */
  readonly caller: string | undefined;
}

/** Reads the event; undefined where it is none of an HTTP API. */
export function httpRequestOf(event: unknown): HttpRequest | undefined {
  if (!isJsonObject(event)) return undefined;
  const { routeKey, headers, pathParameters, body, isBase64Encoded } = event;
  if (typeof routeKey !== 'string' || !isJsonObject(headers)) return undefined;
  const method = isJsonObject(pathParameters) ? pathParameters['method'] : undefined;
  const text = typeof body === 'string' ? body : '';
  return {
    routeKey,
    headers,
    method: typeof method === 'string' ? method : '',
    // curl calls JSON a form unless it is told otherwise, and API Gateway then hands over Base64.
    body: isBase64Encoded === true ? Buffer.from(text, 'base64').toString() : text,
    caller: callerOf(event),
  };
}

function callerOf({ requestContext }: JsonObject): string | undefined {
  const authorizer = isJsonObject(requestContext) ? requestContext['authorizer'] : undefined;
  const iam = isJsonObject(authorizer) ? authorizer['iam'] : undefined;
  const arn = isJsonObject(iam) ? iam['userArn'] : undefined;
  return typeof arn === 'string' && arn !== '' ? arn : undefined;
}

/** Serves one request: who asks, for what, and the answer. Never rejects. */
export async function serveHttp(parts: HttpParts, request: HttpRequest): Promise<HttpResult> {
  const { api, clock, log } = parts;
  const { method, headers, caller } = request;
  const given = headers['traceparent'];
  const traceparent = isTraceparent(given) ? given : newTraceparent();
  const stranger = await whyStranger(parts, request);
  if (stranger) return stranger;
  if (!isMethod(method)) {
    return answer(
      404,
      refused(PROTOCOL_ERRORS.methodNotFound, `method: expected ${METHODS.join(', ')}, got another`),
    );
  }
  const value = parse(request.body);
  if (value === undefined) {
    return answer(400, refused(PROTOCOL_ERRORS.badRequest, 'body: expected JSON, got text that is none'));
  }
  const context = { traceparent, by: 'api', madeAt: clock.now() } as const;
  const called = await api.call(method, value, context);
  const facts = { method, trace: traceIdOf(traceparent), ...(caller === undefined ? {} : { caller }) };
  if (called.outcome === 'malformed') {
    log('warn', 'request not understood', { ...facts, reason: called.error.message });
    return answer(400, called);
  }
  if ('error' in called.answer) {
    log('warn', 'request refused', {
      ...facts,
      code: called.answer.error.code,
      reason: called.answer.error.message,
    });
  }
  return answer(200, called.answer);
}

/** Why a caller is nobody that may ask; the signature route has been checked by API Gateway. */
async function whyStranger(
  { keys, clock, log }: HttpParts,
  { routeKey, headers, caller }: HttpRequest,
): Promise<HttpResult | undefined> {
  if (routeKey === API_ROUTES.iam) {
    return caller === undefined
      ? unauthorized('signature: expected a caller that IAM knows, got none')
      : undefined;
  }
  const key = keyOf(headers);
  if (key === undefined) {
    return unauthorized('key: expected X-API-Key: <key> or Authorization: apikey <key>, got neither');
  }
  try {
    if (await isGoodKey(key, keys, clock.now())) return undefined;
  } catch (error) {
    log('error', 'API key not readable', causeOf(error));
    return answer(503, TRY_AGAIN);
  }
  log('warn', 'wrong API key', {});
  return unauthorized('key: expected the current one, or the former within a day, got another');
}

function unauthorized(reason: string): HttpResult {
  const error: ProtocolError = PROTOCOL_ERRORS.unauthorized;
  return answer(401, refused(error, reason));
}

function answer(statusCode: number, body: ApiAnswer): HttpResult {
  const content = 'error' in body ? { error: body.error } : { result: body.result };
  return {
    statusCode,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(content),
  };
}

/** An empty body is an empty request, so that `info` needs none. */
function parse(body: string): unknown {
  if (body.trim() === '') return {};
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
