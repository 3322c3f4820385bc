/**
 * How an invocation ended.
 * - `error`: the function reported an error;
 * - `init`: the sandbox failed before it could take the invocation;
 * - `timeout`, `exit`: the sandbox was killed, or died, with the invocation in flight;
 * - `expired`: it waited for a sandbox past its `startBefore` and was not begun.
 */
export interface InvocationOutcome {
  /** Result or error object as JSON text. */
  readonly payload: string;
  readonly failure: 'error' | 'init' | 'timeout' | 'exit' | 'expired' | undefined;
}

export function timeoutOutcome(requestId: string, timeoutMs: number): InvocationOutcome {
  const seconds = (timeoutMs / 1000).toFixed(2);
  return failure('timeout', 'Sandbox.Timedout', requestId, `Task timed out after ${seconds} seconds`);
}

/** @param reason as `exitReason` words it */
export function exitOutcome(requestId: string, reason: string, when: 'exit' | 'init'): InvocationOutcome {
  return failure(when, 'Runtime.ExitError', requestId, `Runtime exited ${reason}`);
}

/** The kernel's end of a process that uses more than the function's memory size. */
export function outOfMemoryOutcome(requestId: string): InvocationOutcome {
  return failure('exit', 'Runtime.OutOfMemory', requestId, `Runtime exited ${exitReason(null, 'SIGKILL')}`);
}

function failure(
  kind: 'init' | 'timeout' | 'exit',
  errorType: string,
  requestId: string,
  text: string,
): InvocationOutcome {
  return {
    payload: JSON.stringify({ errorType, errorMessage: `RequestId: ${requestId} Error: ${text}` }),
    failure: kind,
  };
}

/** Lambda words signals as Go does. */
const SIGNALS: Readonly<Record<string, string>> = {
  SIGABRT: 'aborted',
  SIGBUS: 'bus error',
  SIGINT: 'interrupt',
  SIGKILL: 'killed',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
  SIGTRAP: 'trace/breakpoint trap',
};

export function exitReason(code: number | null, signal: string | null): string {
  if (signal !== null) return `with error: signal: ${SIGNALS[signal] ?? signal}`;
  return code === 0 ? 'without providing a reason' : `with error: exit status ${String(code)}`;
}
