import { endpointOf } from './aws/endpoints';
import { Origin } from './aws/origin';
import { errorOf, SignedOrigin } from './aws/signed-origin';

/** Invokes a function and answers what it returned, as JSON text. Rejects where it fails or does not answer in time. */
export interface FunctionInvoker {
  invoke(functionName: string, payload: string): Promise<string>;
}

/** A function was invoked and failed. */
export class InvocationError extends Error {
  override readonly name = 'InvocationError';
}

/** Clients give up after 5 s; the function's own fetch ends after 2 s. */
export const INVOKE_TIMEOUT_MS = 2_500;

const HEADERS = { 'content-type': 'application/json' };

/** Invokes functions by Lambda's API, once, and waits for their answers. Connects to nothing before the first call. */
export class LambdaInvoker implements FunctionInvoker {
  #origin: SignedOrigin | undefined;

  async invoke(functionName: string, payload: string): Promise<string> {
    this.#origin ??= new SignedOrigin('lambda', new Origin(endpointOf('lambda')));
    const path = `/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`;
    const request = { method: 'POST', path, headers: HEADERS, body: payload };
    const answer = await this.#origin.send(request, INVOKE_TIMEOUT_MS);
    if (answer.status !== 200) throw errorOf('Invoke', answer);
    // The answer then tells of the error; nobody here can do anything about it.
    const kind = answer.header('x-amz-function-error');
    if (kind !== '') {
      throw new InvocationError(`function ${functionName}: expected an answer, got an error (${kind})`);
    }
    return answer.text;
  }
}
