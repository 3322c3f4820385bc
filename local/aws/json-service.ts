import { isJsonObject, type JsonObject } from '../../lambdas/contract/json';
import { AwsError, type AwsRequest, type AwsResponse, type AwsService, type Principal } from '../ports';

/** A request whose caller may hang up: `signal` aborts when its connection closes before the answer. */
export interface ConnectedRequest extends AwsRequest {
  readonly signal?: AbortSignal;
}

export interface Caller {
  readonly principal: Principal;
  readonly signal: AbortSignal | undefined;
}

/** Performs one operation on its parsed input and returns the output as AWS names it. */
export type Operation = (input: JsonObject, caller: Caller) => object | Promise<object>;

/** The request's body is not the JSON that the operation's protocol asks for. */
export class SerializationError extends AwsError {
  constructor(message: string) {
    super('SerializationException', message);
  }
}

/** The service exists here, the operation does not. */
export class UnknownOperationError extends AwsError {
  constructor(service: string, operation: string, known: readonly string[]) {
    super(
      'UnknownOperationException',
      `${service}: expected an operation of the local runtime (${known.join(', ')}), got ${operation || 'none'}`,
      501,
    );
  }
}

/** Name of the operation in `X-Amz-Target: Service.Operation`; empty without one. */
export function operationOf(request: AwsRequest): string {
  return request.headers['x-amz-target']?.split('.').pop() ?? '';
}

export interface JsonServiceOptions {
  /** Name in messages. */
  readonly service: string;
  readonly version: '1.0' | '1.1';
  readonly operations: Readonly<Record<string, Operation>>;
}

/** An AWS service that speaks AWS JSON: `X-Amz-Target: Service.Operation`, a JSON object in and out. */
export class JsonService implements AwsService {
  readonly #options: JsonServiceOptions;

  constructor(options: JsonServiceOptions) {
    this.#options = options;
  }

  async handle(request: ConnectedRequest): Promise<AwsResponse> {
    const { service, version, operations } = this.#options;
    const name = operationOf(request);
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (!operation) throw new UnknownOperationError(service, name, Object.keys(operations));
    const output = await operation(parse(request.body), {
      principal: request.principal,
      signal: request.signal,
    });
    return {
      status: 200,
      headers: { 'content-type': `application/x-amz-json-${version}` },
      body: JSON.stringify(output),
    };
  }
}

function parse(body: string): JsonObject {
  let value: unknown;
  try {
    value = body === '' ? {} : JSON.parse(body);
  } catch (error) {
    throw new SerializationError(`body: expected JSON, got ${String(error)}`);
  }
  if (!isJsonObject(value)) throw new SerializationError('body: expected a JSON object');
  return value;
}
