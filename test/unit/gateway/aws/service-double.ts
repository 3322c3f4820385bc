import * as v from 'valibot';
import type { JsonCalls, Output } from '../../../../lambdas/gateway/core/adapters/aws/json-service';

/** A service that answers as told, and what it was asked. */
export class ServiceDouble implements JsonCalls {
  readonly calls: (readonly [operation: string, input: object])[] = [];
  #answer: (input: object) => object = () => ({});

  /** What every call is answered from now on; an error is thrown. */
  answer(answer: object): void {
    this.#answer = () => answer;
  }

  answerBy(answer: (input: object) => object): void {
    this.#answer = answer;
  }

  async call<Value>(operation: string, input: object, output: Output<Value>): Promise<Value> {
    this.calls.push([operation, input]);
    const answer = this.#answer(input);
    if (answer instanceof Error) throw answer;
    return v.parse(output, answer);
  }
}
