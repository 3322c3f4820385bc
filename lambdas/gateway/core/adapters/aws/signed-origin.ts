import { environmentRegion } from '../../../../contract/credentials';
import { type Headers, RequestSigner, sha256 } from '../../../../contract/request-signature';
import { AwsServiceError } from './errors';
import type { HttpAnswer, Transport } from './transport';

export interface SignedRequest {
  readonly method: string;
  /** Behind the origin's own path; percent-encoded, without query. */
  readonly path: string;
  /** Made by `queryText`. */
  readonly query?: string;
  /** Names in lower case. `host` and those of the signature are added. */
  readonly headers: Headers;
  readonly body: string;
  /** SHA-256 and size of the body, where the caller has them already. */
  readonly digest?: BodyDigest;
}

export interface BodyDigest {
  readonly hash: string;
  readonly bytes: number;
}

export function digestOf(body: string): BodyDigest {
  return { hash: sha256(body), bytes: Buffer.byteLength(body) };
}

/** A service of AWS at its origin: signs what it sends with the function's credentials. */
export class SignedOrigin {
  readonly #origin: Transport;
  readonly #signer: RequestSigner;

  /** `service` is the name in the signature's scope. */
  constructor(service: string, origin: Transport) {
    this.#origin = origin;
    this.#signer = new RequestSigner({ service, region: environmentRegion() });
  }

  get host(): string {
    return this.#origin.host;
  }

  /** One attempt, as `Transport.send`. Rejects with EnvironmentError where there are no credentials. */
  async send(request: SignedRequest, milliseconds: number): Promise<HttpAnswer> {
    const { method, query = '', body, digest = digestOf(body) } = request;
    const path = this.#origin.basePath + request.path;
    const headers = this.#signer.sign({
      method,
      path,
      query,
      host: this.#origin.host,
      headers: request.headers,
      bodyHash: digest.hash,
    });
    const target = query === '' ? path : `${path}?${query}`;
    return this.#origin.send({ method, path: target, headers, body, bytes: digest.bytes }, milliseconds);
  }
}

/** Names of errors as services spell them; anything else is not repeated. */
const ERROR_NAME = /^[A-Za-z][\w.]{0,99}$/;

const REQUEST_ID = /^[\w+/=-]{1,128}$/;

/** The error of an answer that is no success. The name comes by a header, or from the body where services put it. */
export function errorOf(operation: string, answer: HttpAnswer): AwsServiceError {
  // `com.amazonaws.sqs#QueueDoesNotExist`, `ThrottlingException:http://internal.amazon.com/`.
  const name =
    (answer.header('x-amzn-errortype') || typeOf(answer.text)).split(':')[0]?.split('#').at(-1) ?? '';
  const requestId = answer.header('x-amzn-requestid');
  return new AwsServiceError(operation, {
    code: ERROR_NAME.test(name) ? name : '',
    status: answer.status,
    requestId: REQUEST_ID.test(requestId) ? requestId : '',
  });
}

function typeOf(text: string): string {
  return /"__type"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? '';
}
