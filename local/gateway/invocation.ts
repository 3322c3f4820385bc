import { type Actor, type Invoker, LOCAL_ACCOUNT } from '../ports';

/** How a synchronous integration ended. `failed`: the function threw or died, or could not be invoked at all. */
export type IntegrationResult =
  | { readonly outcome: 'answered'; readonly payload: string }
  | {
      readonly outcome: 'failed';
      /** Of the function, where it ran. */
      readonly payload?: string;
      readonly cause?: unknown;
    }
  | { readonly outcome: 'timed out' };

/** ARN of a part of an API, such as `<api>/<stage>/<route key>`. */
export function executeApiArn(region: string, path: string): string {
  return `arn:aws:execute-api:${region}:${LOCAL_ACCOUNT}:${path}`;
}

/** What API Gateway asks of a function. */
export interface IntegrationCall {
  readonly functionArn: string;
  readonly event: object;
  readonly timeoutMs: number;
  /** Of the route or authorizer, which the function's permission names. */
  readonly sourceArn: string;
  /** With which API Gateway invokes. @default none: it needs that permission */
  readonly roleArn?: string | undefined;
}

/** Invokes a function and waits for its result, but no longer than `timeoutMs`. Never rejects. */
export async function invokeIntegration(
  invoker: Invoker,
  { functionArn, event, timeoutMs, sourceArn, roleArn }: IntegrationCall,
): Promise<IntegrationResult> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<IntegrationResult>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, { outcome: 'timed out' });
    // A server that has been closed meanwhile must not keep the process for it.
    timer.unref();
  });
  try {
    return await Promise.race([
      timeout,
      invoke(invoker, functionArn, event, { service: 'apigateway.amazonaws.com', sourceArn, roleArn }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

async function invoke(
  invoker: Invoker,
  functionArn: string,
  event: object,
  actor: Actor,
): Promise<IntegrationResult> {
  try {
    const result = await invoker.invoke(functionArn, JSON.stringify(event), 'RequestResponse', actor);
    return result.functionError === undefined
      ? { outcome: 'answered', payload: result.payload }
      : { outcome: 'failed', payload: result.payload };
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
