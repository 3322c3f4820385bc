import { PROTOCOL_ERRORS } from '../../contract/codes';
import { isJsonObject } from '../../contract/json';
import { log } from '../../contract/log';

/** Result of an HTTP API integration, payload format 2.0. */
export interface HttpResult {
  readonly statusCode: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
}

// Methods of the Centrifugo server API: `publish`, `presence_stats`. Nothing else is echoed.
const API_METHOD = /^[a-z][a-z_]{0,39}$/;

/** The `{method}` of `POST /api/{method}`; empty where the request names none that could exist. */
function methodOf(event: unknown): string {
  const parameters = isJsonObject(event) ? event['pathParameters'] : undefined;
  const method = isJsonObject(parameters) ? parameters['method'] : undefined;
  return typeof method === 'string' && API_METHOD.test(method) ? method : '';
}

/** The server API, `POST /api/{method}`: answers 501 with `{error: {code: 108, message}}` to every method so far. */
export async function handler(event: unknown): Promise<HttpResult> {
  const method = methodOf(event);
  log('warn', 'server API is not available yet', { method });
  const asked = method ? `method ${method}` : 'no known method';
  const error = {
    code: PROTOCOL_ERRORS.notAvailable.code,
    message: `${PROTOCOL_ERRORS.notAvailable.message}: the server API does not answer yet; asked for ${asked}`,
  };
  return {
    statusCode: 501,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ error }),
  };
}
