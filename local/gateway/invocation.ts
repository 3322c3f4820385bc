import type { Invoker } from '../ports';

/** How a synchronous integration ended. `failed`: the function threw or died, or could not be invoked at all. */
export type IntegrationResult =
  | { readonly outcome: 'answered'; readonly payload: string }
  | { readonly outcome: 'failed'; readonly cause?: unknown }
  | { readonly outcome: 'timed out' };

/** Invokes a function and waits for its result, but no longer than `timeoutMs`. Never rejects. */
export async function invokeIntegration(
  invoker: Invoker,
  functionArn: string,
  event: object,
  timeoutMs: number,
): Promise<IntegrationResult> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<IntegrationResult>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, { outcome: 'timed out' });
    // A server that has been closed meanwhile must not keep the process for it.
    timer.unref();
  });
  try {
    return await Promise.race([timeout, invoke(invoker, functionArn, event)]);
  } finally {
    clearTimeout(timer);
  }
}

async function invoke(invoker: Invoker, functionArn: string, event: object): Promise<IntegrationResult> {
  try {
    const result = await invoker.invoke(functionArn, JSON.stringify(event), 'RequestResponse');
    return result.functionError === undefined
      ? { outcome: 'answered', payload: result.payload }
      : { outcome: 'failed' };
  } catch (cause) {
    return { outcome: 'failed', cause };
  }
}

/** A line for the log about an integration that gave no result; undefined where the host has said it already. */
export function integrationWarning(result: IntegrationResult, timeoutMs: number): string | undefined {
  if (result.outcome === 'timed out') return `the function gave no answer within ${timeoutMs} ms`;
  if (result.outcome === 'failed' && result.cause !== undefined) {
    return `the function could not be invoked: ${result.cause instanceof Error ? result.cause.message : String(result.cause)}`;
  }
  return undefined;
}
