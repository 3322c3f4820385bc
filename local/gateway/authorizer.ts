import type { IncomingMessage } from 'node:http';
import { isJsonObject, type JsonValue } from '../../lambdas/contract/json';
import { compilePolicy } from '../iam/policy';
import type { RequestContext } from '../iam/request';
import type { IntegrationResult } from './invocation';

/** A REQUEST authorizer of a WebSocket API. */
export interface AuthorizerOptions {
  readonly id: string;
  readonly functionArn: string;
  /** `route.request.header.Name` and `route.request.querystring.name`. All have to be there. */
  readonly identitySources: readonly string[];
  /** With which API Gateway invokes the function. @default by the function's own permission */
  readonly roleArn?: string | undefined;
}

/** What later events of the connection tell of it. */
export type AuthorizerContext = Readonly<Record<string, string | number>>;

export type Authorization =
  | { readonly allowed: true; readonly context: AuthorizerContext }
  | { readonly allowed: false; readonly status: 401 | 403 | 500; readonly message: string };

export const UNAUTHORIZED: Authorization = { allowed: false, status: 401, message: 'Unauthorized' };
const FORBIDDEN: Authorization = { allowed: false, status: 403, message: 'Forbidden' };
const FAILED: Authorization = { allowed: false, status: 500, message: 'Internal server error' };

/** Quota "Lambda authorizer result size". */
const MOST_RESULT_BYTES = 8 * 1024;

/** No condition keys: those of a request to API Gateway are not carried here, and a policy that asks for one does not apply. */
const NO_CONTEXT: RequestContext = { get: () => undefined };

const SOURCE = /^route\.request\.(header|querystring)\.(.+)$/;

/** Whether an identity source is one that is carried out here. */
export function isIdentitySource(expression: string): boolean {
  return SOURCE.test(expression);
}

/** Whether the request has every identity source, as it must before the function is asked. */
export function hasIdentity(request: IncomingMessage, sources: readonly string[]): boolean {
  const query = new URLSearchParams((request.url ?? '').split('?')[1] ?? '');
  return sources.every((source) => {
    const [, place, name = ''] = SOURCE.exec(source) ?? [];
    const value = place === 'header' ? request.headers[name.toLowerCase()] : query.get(name);
    return value !== undefined && value !== null && value !== '';
  });
}

/** The event of an authorizer: that of `$connect` with the headers that `$connect` does not see. */
export function authorizerEvent(
  connect: { readonly headers: object; readonly multiValueHeaders: object; readonly requestContext: object },
  methodArn: string,
): object {
  const { headers, multiValueHeaders, requestContext, ...rest } = connect;
  const added = { Connection: 'upgrade', Upgrade: 'websocket', 'content-length': '0' };
  const lists = Object.fromEntries(Object.entries(added).map(([name, value]) => [name, [value]]));
  return {
    type: 'REQUEST',
    methodArn,
    headers: { ...headers, ...added },
    multiValueHeaders: { ...multiValueHeaders, ...lists },
    queryStringParameters: {},
    multiValueQueryStringParameters: {},
    ...Object.fromEntries(Object.entries(rest).filter(([name]) => name !== 'isBase64Encoded')),
    stageVariables: {},
    requestContext,
  };
}

/**
 * Reads what the function answered: a policy that allows `execute-api:Invoke` on the route lets the client in; the error
 * `Unauthorized` is 401, a policy that does not allow it 403, and everything else 500.
 */
export function readAuthorization(
  result: IntegrationResult,
  methodArn: string,
  latencyMs: number,
): Authorization {
  if (result.outcome === 'failed') return isUnauthorized(result.payload) ? UNAUTHORIZED : FAILED;
  if (result.outcome !== 'answered' || Buffer.byteLength(result.payload) > MOST_RESULT_BYTES) return FAILED;
  const answer = parsed(result.payload);
  const { principalId, policyDocument, context = {} } = isJsonObject(answer) ? answer : {};
  const values = contextValues(context);
  if (typeof principalId !== 'string' || policyDocument === undefined || values === undefined) return FAILED;
  const allowed = allows(policyDocument, methodArn);
  if (allowed === undefined) return FAILED;
  return allowed
    ? { allowed: true, context: { ...values, principalId, integrationLatency: latencyMs } }
    : FORBIDDEN;
}

/** Undefined for what is no policy. */
function allows(document: JsonValue, methodArn: string): boolean | undefined {
  try {
    const applying = compilePolicy(document, 'identity').filter((statement) =>
      statement.applies('execute-api:Invoke', methodArn, NO_CONTEXT),
    );
    return applying.length > 0 && applying.every(({ effect }) => effect === 'Allow');
  } catch {
    return undefined;
  }
}

/** Scalars as text; undefined where one is none. */
function contextValues(context: JsonValue): Record<string, string> | undefined {
  if (!isJsonObject(context)) return undefined;
  const entries = Object.entries(context);
  if (entries.some(([, value]) => typeof value === 'object' && value !== null)) return undefined;
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

function isUnauthorized(payload: string | undefined): boolean {
  const error = parsed(payload ?? '');
  return isJsonObject(error) && error['errorMessage'] === 'Unauthorized';
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
