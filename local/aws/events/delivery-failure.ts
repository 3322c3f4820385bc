import { AwsError } from '../../ports';
import { InvocationError } from './api-destinations/invocation-error';
import { TransformError } from './input-transformer';

/** Why a target did not take an event, in the codes of EventBridge's dead letters. */
export interface DeliveryFailure {
  readonly code: string;
  readonly message: string;
  /** A missing target or permission goes straight to the dead letters. */
  readonly isRetried: boolean;
  /** The target asked to be left alone for so long. */
  readonly retryAfterMs?: number;
}

export function failureOf(error: unknown): DeliveryFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof InvocationError) {
    const { code, isRetried, retryAfterMs } = error;
    return { code, message, isRetried, retryAfterMs };
  }
  if (error instanceof TransformError) return { code: 'INVALID_JSON', message, isRetried: false };
  const cause = error instanceof AwsError ? error.code : '';
  if (/NotFound|NonExistent|DoesNotExist/.test(cause))
    return { code: 'NO_RESOURCE', message, isRetried: false };
  if (/AccessDenied|NotAuthorized/.test(cause)) return { code: 'NO_PERMISSIONS', message, isRetried: false };
  if (/Throttl|TooManyRequests|OverLimit/.test(cause))
    return { code: 'THROTTLING', message, isRetried: true };
  return { code: 'ERROR_FROM_TARGET', message, isRetried: true };
}
