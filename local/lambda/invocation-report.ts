import type { InvocationOutcome } from './invocation-outcome';

/** What Lambda says of an invocation at its end. Times in milliseconds. */
export interface InvocationReport {
  readonly requestId: string;
  readonly durationMs: number;
  /** Of the sandbox's start, with its first invocation. */
  readonly initMs: number | undefined;
  readonly memorySizeMb: number;
  /** 0 where the system does not tell. */
  readonly maxMemoryMb: number;
  /** How it failed, where the runtime did not report an error itself. */
  readonly status?: 'timeout' | { readonly errorType: string } | undefined;
}

/** As reports tell a failure; undefined for a success and for an error that the function reported itself. */
export function statusOf({ failure, payload }: InvocationOutcome): InvocationReport['status'] {
  if (failure === undefined || failure === 'error') return undefined;
  if (failure === 'timeout') return 'timeout';
  const { errorType } = JSON.parse(payload) as { readonly errorType: string };
  return { errorType };
}

/** The line as CloudWatch shows it. The start is billed as well (since August 2025). */
export function reportLine(report: InvocationReport): string {
  const { requestId, durationMs, initMs, memorySizeMb, maxMemoryMb, status } = report;
  const parts = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${durationMs.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(durationMs + (initMs ?? 0))} ms`,
    `Memory Size: ${memorySizeMb} MB`,
    `Max Memory Used: ${maxMemoryMb} MB`,
    ...(initMs === undefined ? [] : [`Init Duration: ${initMs.toFixed(2)} ms`]),
    ...(status === undefined
      ? []
      : status === 'timeout'
        ? ['Status: timeout']
        : ['Status: error', `Error Type: ${status.errorType}`]),
  ];
  return parts.join('\t');
}
