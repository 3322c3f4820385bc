import { AwsError } from '../ports';

/** Which limit was reached, in Lambda's words (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html). */
export type ThrottleReason =
  | 'ConcurrentInvocationLimitExceeded'
  | 'ReservedFunctionConcurrentInvocationLimitExceeded';

/** No sandbox may take the invocation. */
export class ThrottledError extends AwsError {
  override readonly name = 'ThrottledError';
  readonly reason: ThrottleReason;

  constructor(reason: ThrottleReason, detail: string) {
    super('TooManyRequestsException', `Rate Exceeded: ${detail}.`, 429);
    this.reason = reason;
  }
}
