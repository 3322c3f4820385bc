import { isJsonObject, type JsonValue } from '../../lambdas/contract/json';

/** What a function of a two-way route returns to the client: its `body`, whatever its status. Undefined where it has none. */
export function returnedBody(payload: string): string | undefined {
  let value: JsonValue;
  try {
    value = JSON.parse(payload) as JsonValue;
  } catch {
    return undefined;
  }
  const body = isJsonObject(value) ? value['body'] : undefined;
  return typeof body === 'string' && body !== '' ? body : undefined;
}
