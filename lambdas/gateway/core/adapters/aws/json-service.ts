import * as v from 'valibot';
import { atMost } from '../../parallel';
import { endpointOf, type ServiceName } from './endpoints';
import { UnexpectedAnswerError } from './errors';
import { Origin } from './origin';
import { type Patience, withRetries } from './retries';
import { errorOf, SignedOrigin } from './signed-origin';

/** What a caller needs of an operation's output; further fields do not matter. */
export type Output<Value> = v.GenericSchema<unknown, Value>;

/** Calls of a service that speaks AWS JSON: an object in, an object out, whose shapes the service's reference says. */
export interface JsonCalls {
  /**
   * Rejects with AwsServiceError where the service refuses, with a TransportError where it does not answer, with
   * UnexpectedAnswerError where its answer is no such output.
   */
  call<Value>(operation: string, input: object, output: Output<Value>): Promise<Value>;
}

export type JsonServiceName = Exclude<ServiceName, 'lambda'>;

/** What stands before an operation's name, and the version of the protocol. */
const PROTOCOLS: { readonly [service in JsonServiceName]: readonly [prefix: string, version: string] } = {
  events: ['AWSEvents', '1.1'],
  secretsmanager: ['secretsmanager', '1.1'],
  sqs: ['AmazonSQS', '1.0'],
  ssm: ['AmazonSSM', '1.1'],
};

/**
 * PutEvents and SendMessage answer in 10-100 ms. Three attempts end below the 5 s after which clients give up. Safe for every
 * call that is made: events tolerate repeats, FIFO sends carry a deduplication id, wakes are hints.
 */
const PATIENCE: Patience = { attempts: 3, attemptMs: 1_500, totalMs: 4_500 };

/** One invocation at a time per sandbox: more sockets would only be idle ones. */
const REQUESTS_AT_ONCE = 16;

/** A service of AWS that a gateway function calls. Nothing is connected, and no variable read, before the first call. */
export class JsonService implements JsonCalls {
  readonly #service: JsonServiceName;
  readonly #inTurn = atMost(REQUESTS_AT_ONCE);
  #origin: SignedOrigin | undefined;

  constructor(service: JsonServiceName) {
    this.#service = service;
  }

  async call<Value>(operation: string, input: object, output: Output<Value>): Promise<Value> {
    this.#origin ??= new SignedOrigin(this.#service, new Origin(endpointOf(this.#service)));
    const origin = this.#origin;
    const body = JSON.stringify(input);
    const text = await this.#inTurn(() =>
      withRetries(PATIENCE, (milliseconds) => this.#attempt(origin, operation, body, milliseconds)),
    );
    const parsed = v.safeParse(output, parseJson(text));
    if (parsed.success) return parsed.output;
    const { expected, path } = parsed.issues[0];
    const where = path?.map(({ key }) => key).join('.') ?? 'the whole';
    throw new UnexpectedAnswerError(operation, `${expected} as ${where}`);
  }

  async #attempt(
    origin: SignedOrigin,
    operation: string,
    body: string,
    milliseconds: number,
  ): Promise<string> {
    const [prefix, version] = PROTOCOLS[this.#service];
    const headers = {
      'content-type': `application/x-amz-json-${version}`,
      'x-amz-target': `${prefix}.${operation}`,
    };
    const answer = await origin.send({ method: 'POST', path: '/', headers, body }, milliseconds);
    if (answer.status !== 200) throw errorOf(operation, answer);
    return answer.text;
  }
}

/** Undefined for text that is none: no output is that. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
