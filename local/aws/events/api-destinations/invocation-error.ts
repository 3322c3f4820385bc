/** An API destination did not take an event; code and words as dead letters have them. */
export class InvocationError extends Error {
  override readonly name = 'InvocationError';
  readonly code: 'SDK_CLIENT_ERROR' | 'UNKNOWN';
  readonly isRetried: boolean;
  /** What the endpoint asked for; 0 where it did not. */
  readonly retryAfterMs: number;

  constructor(
    message: string,
    { code = 'SDK_CLIENT_ERROR', isRetried = true, retryAfterMs = 0 }: Partial<InvocationOutcome> = {},
  ) {
    super(message);
    this.code = code;
    this.isRetried = isRetried;
    this.retryAfterMs = retryAfterMs;
  }
}

type InvocationOutcome = Pick<InvocationError, 'code' | 'isRetried' | 'retryAfterMs'>;
