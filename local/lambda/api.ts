import { AwsError, type AwsRequest, type AwsResponse, type AwsService } from '../ports';
import type { FunctionTarget } from './function-registry';
import type { InvocationResult, LambdaHost } from './host';
import { ThrottledError } from './throttled-error';

const FUNCTIONS = '/2015-03-31/functions';
const TYPES = ['RequestResponse', 'Event', 'DryRun'];

/** Lambda's REST API at the AWS endpoint: Invoke, GetFunction, GetFunctionConfiguration, ListFunctions. */
export class LambdaApi implements AwsService {
  readonly #host: LambdaHost;

  constructor(host: LambdaHost) {
    this.#host = host;
  }

  async handle(request: AwsRequest): Promise<AwsResponse> {
    try {
      return await this.#route(request);
    } catch (error) {
      if (error instanceof AwsError) return errorResponse(error);
      throw error;
    }
  }

  async #route(request: AwsRequest): Promise<AwsResponse> {
    const { pathname, searchParams } = new URL(request.path, 'http://localhost');
    const qualifier = searchParams.get('Qualifier') ?? undefined;
    const [encodedName, action, ...rest] = pathname.slice(FUNCTIONS.length).split('/').slice(1);
    const name = encodedName === undefined ? '' : decodeURIComponent(encodedName);
    const route = `${request.method} ${rest.length === 0 ? (action ?? '') : pathname}`;
    if (pathname !== FUNCTIONS && !pathname.startsWith(`${FUNCTIONS}/`)) {
      throw new AwsError(
        'UnknownOperationException',
        `No such operation: ${request.method} ${pathname}`,
        404,
      );
    }
    if (route === 'POST invocations') return this.#invoke(request, name, qualifier);
    if (route === 'GET ' && name === '') return json(200, { Functions: this.#list() });
    if (route === 'GET configuration') return json(200, this.#configuration(name, qualifier));
    if (route === 'GET ' && name !== '') {
      return json(200, { Configuration: this.#configuration(name, qualifier), Tags: {} });
    }
    throw new AwsError('UnknownOperationException', `No such operation: ${request.method} ${pathname}`, 404);
  }

  async #invoke(request: AwsRequest, name: string, qualifier: string | undefined): Promise<AwsResponse> {
    const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
    if (!TYPES.includes(type)) {
      const text = `InvocationType: expected one of ${TYPES.join(', ')}, got '${type}'`;
      throw new AwsError('InvalidParameterValueException', text);
    }
    const { arn } = this.#host.registry.resolve(name, qualifier);
    if (type === 'DryRun') return { status: 204, body: '' };
    const payload = request.body === '' ? '{}' : request.body;
    requireJson(payload);
    const result = await this.#host.invoke(arn, payload, type === 'Event' ? 'Event' : 'RequestResponse');
    return { status: result.statusCode, headers: invokeHeaders(result), body: result.payload };
  }

  #list(): object[] {
    return this.#host.registry.list().map(({ name }) => this.#configuration(name, undefined));
  }

  #configuration(name: string, qualifier: string | undefined): object {
    return configurationOf(this.#host.registry.resolve(name, qualifier), this.#host.registry.account);
  }
}

function configurationOf(
  { name, arn, version: { definition, version } }: FunctionTarget,
  account: string,
): object {
  const { environment, handler, memoryMb, runtime, timeoutSeconds, principal } = definition;
  return {
    FunctionName: name,
    FunctionArn: arn,
    Runtime: runtime,
    // An assumed role's ARN carries the role's name in the middle.
    Role: `arn:aws:iam::${account}:role/${principal.arn.split('/')[1] ?? 'root'}`,
    Handler: handler,
    Timeout: timeoutSeconds,
    MemorySize: memoryMb,
    Version: version,
    Environment: { Variables: typeof environment === 'function' ? environment() : environment },
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
  };
}

function invokeHeaders({
  executedVersion,
  requestId,
  functionError,
}: InvocationResult): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-amzn-requestid': requestId,
    'x-amz-executed-version': executedVersion,
    ...(functionError === undefined ? {} : { 'x-amz-function-error': functionError }),
  };
}

function requireJson(payload: string): void {
  try {
    JSON.parse(payload);
  } catch (cause) {
    const text = `Could not parse request body into json: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new AwsError('InvalidRequestContentException', text);
  }
}

function json(status: number, body: object): AwsResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** Lambda spells the text `Message` in some errors and `message` in others; the SDKs read either. */
function errorResponse(error: AwsError): AwsResponse {
  const { code, message, status } = error;
  const Type = status < 500 ? 'User' : 'Service';
  const Reason = error instanceof ThrottledError ? error.reason : undefined;
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': code },
    body: JSON.stringify({ Type, Reason, Message: message, message }),
  };
}
