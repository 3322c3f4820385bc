/** A request that got no answer; each cause is a class of its own. */
export abstract class TransportError extends Error {}

/** No connection to a service came about, so nothing of the request has left. */
export class NotConnectedError extends TransportError {
  override readonly name = 'NotConnectedError';

  constructor(host: string, got: string) {
    super(`${host}: expected a connection, got ${got}`);
  }
}

/** The connection broke after the request had left, or a part of it: the service may have done what it asks. */
export class BrokenConnectionError extends TransportError {
  override readonly name = 'BrokenConnectionError';

  constructor(host: string, got: string) {
    super(`${host}: expected an answer, got ${got}`);
  }
}

/** Nothing came back in time: the service may have done what the request asks, or may do it later. */
export class AnswerTimeoutError extends TransportError {
  override readonly name = 'AnswerTimeoutError';

  constructor(host: string, milliseconds: number) {
    super(`${host}: expected an answer within ${milliseconds} ms, got none`);
  }
}

/** Too many requests of this process are under way: this one never left. */
export class CrowdedError extends Error {
  override readonly name = 'CrowdedError';

  constructor(host: string, milliseconds: number) {
    super(`${host}: expected a free place within ${milliseconds} ms, got none`);
  }
}

/** A service answered, and its answer is no success. Holds nothing of the answer's body but the name of the error. */
export class AwsServiceError extends Error {
  override readonly name = 'AwsServiceError';
  /** The service's name of the error, such as `ThrottlingException`; empty where it gave none. */
  readonly code: string;
  readonly status: number;
  readonly requestId: string;

  constructor(operation: string, answer: { code: string; status: number; requestId: string }) {
    const { code, status, requestId } = answer;
    super(
      `${operation}: expected success, got ${code || 'an error without a name'}` +
        ` (status ${status}, request ${requestId || 'without an id'})`,
    );
    this.code = code;
    this.status = status;
    this.requestId = requestId;
  }
}

/** A service answered with success and something else than its documentation says. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';

  constructor(operation: string, expected: string) {
    super(`${operation}: expected ${expected}, got something else`);
  }
}
