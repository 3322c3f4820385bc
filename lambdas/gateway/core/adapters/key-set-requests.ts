import { isJsonObject } from '../../../contract/json';
import { type KeySetAnswer, KeySetError } from '../../../contract/jwks';
import type { KeySetRequests } from '../auth/published-keys';
import type { FunctionInvoker } from './lambda-invoker';

function parseAnswer(json: string): KeySetAnswer {
  const value: unknown = JSON.parse(json);
  const { sets, fresh } = isJsonObject(value) ? value : {};
  if (!isJsonObject(sets) || typeof fresh !== 'boolean') {
    throw new KeySetError('answer of the function jwks: expected {sets, fresh}, got something else');
  }
  const texts = Object.entries(sets).map(([id, text]) => [id, typeof text === 'string' ? text : ''] as const);
  return { sets: Object.fromEntries(texts), fresh };
}

/** Asks the function `jwks`. */
export class FunctionKeySetRequests implements KeySetRequests {
  readonly #invoker: FunctionInvoker;
  readonly #functionName: string;

  constructor(invoker: FunctionInvoker, functionName: string) {
    this.#invoker = invoker;
    this.#functionName = functionName;
  }

  async ask(kid: string): Promise<KeySetAnswer> {
    return parseAnswer(await this.#invoker.invoke(this.#functionName, JSON.stringify({ kid })));
  }
}
