import type { Actor, RuntimeLog, TargetRouter } from '../ports';
import type { InvocationOutcome } from './invocation-outcome';

/** Configuration of a qualifier's asynchronous invocations (`AWS::Lambda::EventInvokeConfig`). */
export interface AsyncConfig {
  /** 0 to 2. */
  readonly maxRetries: number;
  readonly maxEventAgeSeconds: number;
  readonly onFailureArn?: string | undefined;
  readonly onSuccessArn?: string | undefined;
}

/** Lambda's own defaults. */
export const DEFAULT_ASYNC_CONFIG: AsyncConfig = { maxRetries: 2, maxEventAgeSeconds: 6 * 3600 };

export interface AsyncEvent {
  readonly requestId: string;
  readonly functionName: string;
  /** Qualified, `$LATEST` where the caller gave no qualifier. */
  readonly functionArn: string;
  readonly executedVersion: string;
  readonly payload: string;
  readonly config: AsyncConfig;
  readonly deadLetterArn: string | undefined;
  /** Lambda with the function's role: in whose name destinations and dead letters are reached. */
  readonly actor: Actor;
  /** One attempt. @throws AwsError TooManyRequestsException */
  readonly attempt: (startBefore: number) => Promise<InvocationOutcome>;
}

export interface AsyncOptions {
  readonly targets: TargetRouter;
  readonly log: RuntimeLog;
  /** Wait before retry 1 or 2. */
  readonly retryDelayMs: (retry: number) => number;
}

type Condition = 'Success' | 'RetriesExhausted' | 'EventAgeExceeded';

/** A throttled event is tried again after 1 s, then 2 s and so on, for at most 5 minutes at a time. */
const MAX_THROTTLE_DELAY_MS = 300_000;
/** Lambda cuts a dead letter's ErrorMessage at 1 KB. */
const MAX_ERROR_MESSAGE = 1024;

/**
 * Lambda's internal queue of `Event` invocations
 * (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html): retries, age limit, destinations, dead letters.
 */
export class AsyncInvocations {
  readonly #options: AsyncOptions;
  readonly #sleeping = new Map<NodeJS.Timeout, () => void>();
  #pending = 0;
  #closed = false;

  constructor(options: AsyncOptions) {
    this.#options = options;
  }

  /** Accepted and not finished. */
  get pending(): number {
    return this.#pending;
  }

  accept(event: AsyncEvent): void {
    this.#pending += 1;
    this.#process(event)
      .catch((error: unknown) => {
        if (!this.#closed)
          this.#options.log.warn(event.functionName, `event ${event.requestId}: ${String(error)}`);
      })
      .finally(() => {
        this.#pending -= 1;
      });
  }

  /** Ends all waiting. Events are lost, as there is no store behind the queue; says how many. */
  close(): void {
    this.#closed = true;
    if (this.#pending > 0) {
      this.#options.log.warn('lambda', `${this.#pending} asynchronous invocations end with the host`);
    }
    for (const [timer, wake] of this.#sleeping) {
      clearTimeout(timer);
      wake();
    }
    this.#sleeping.clear();
  }

  async #process(event: AsyncEvent): Promise<void> {
    const { maxRetries, maxEventAgeSeconds } = event.config;
    const acceptedAt = Date.now();
    const expiresAt = acceptedAt + maxEventAgeSeconds * 1000;
    let last: InvocationOutcome | undefined;
    let attempts = 0;
    let throttles = 0;
    while (!this.#closed) {
      const outcome = Date.now() > expiresAt ? 'expired' : await this.#attempt(event, expiresAt);
      if (this.#closed) return;
      if (outcome === 'expired') return this.#finish(event, 'EventAgeExceeded', attempts, last);
      if (outcome === 'throttled') {
        throttles += 1;
        await this.#sleep(
          Math.min(MAX_THROTTLE_DELAY_MS, 1000 * 2 ** (throttles - 1), expiresAt - Date.now() + 1),
        );
        continue;
      }
      attempts += 1;
      last = outcome;
      if (outcome.failure === undefined) return this.#finish(event, 'Success', attempts, last);
      if (attempts > maxRetries) return this.#finish(event, 'RetriesExhausted', attempts, last);
      await this.#sleep(this.#options.retryDelayMs(attempts));
    }
  }

  async #attempt(event: AsyncEvent, expiresAt: number): Promise<InvocationOutcome | 'expired' | 'throttled'> {
    try {
      const outcome = await event.attempt(expiresAt);
      return outcome.failure === 'expired' ? 'expired' : outcome;
    } catch {
      return 'throttled';
    }
  }

  async #finish(
    event: AsyncEvent,
    condition: Condition,
    attempts: number,
    last: InvocationOutcome | undefined,
  ): Promise<void> {
    const { functionName, requestId, config, deadLetterArn } = event;
    const succeeded = condition === 'Success';
    const destination = succeeded ? config.onSuccessArn : config.onFailureArn;
    if (!succeeded) {
      const kept = destination === undefined && deadLetterArn === undefined ? 'dropped' : 'handed on';
      const text = `asynchronous invocation ${requestId} ${kept}: ${condition} after ${attempts} attempts`;
      this.#options.log.warn(functionName, text);
    }
    if (destination !== undefined) {
      await this.#deliver(event, destination, destinationRecord(event, condition, attempts, last));
    }
    if (!succeeded && deadLetterArn !== undefined) {
      await this.#deliver(event, deadLetterArn, event.payload, {
        RequestID: requestId,
        ErrorCode: '200',
        ErrorMessage: errorMessageOf(last).slice(0, MAX_ERROR_MESSAGE),
      });
    }
  }

  async #deliver(
    { functionName, requestId, actor }: AsyncEvent,
    arn: string,
    payload: string,
    attributes?: Readonly<Record<string, string>>,
  ): Promise<void> {
    try {
      await this.#options.targets.deliver(arn, payload, {
        actor,
        ...(attributes === undefined ? {} : { attributes }),
      });
    } catch (error) {
      this.#options.log.warn(functionName, `record of ${requestId} did not reach ${arn}: ${String(error)}`);
    }
  }

  #sleep(ms: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#sleeping.delete(timer);
        resolve();
      }, ms);
      this.#sleeping.set(timer, resolve);
    });
  }
}

/**
 * Invocation record as destinations get it
 * (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html). The payloads go in as the text
 * that they are: parsing them first would change large numbers.
 */
function destinationRecord(
  { requestId, functionArn, executedVersion, payload }: AsyncEvent,
  condition: Condition,
  approximateInvokeCount: number,
  last: InvocationOutcome | undefined,
): string {
  const head = {
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: { requestId, functionArn, condition, approximateInvokeCount },
  };
  const parts = [JSON.stringify(head).slice(0, -1), `"requestPayload":${payload}`];
  if (last !== undefined) {
    const functionError = last.failure === undefined ? {} : { functionError: 'Unhandled' };
    parts.push(`"responseContext":${JSON.stringify({ statusCode: 200, executedVersion, ...functionError })}`);
    parts.push(`"responsePayload":${last.payload === '' ? 'null' : last.payload}`);
  }
  return `${parts.join(',')}}`;
}

function errorMessageOf(outcome: InvocationOutcome | undefined): string {
  if (outcome === undefined) return 'The event was too old';
  const parsed: unknown = JSON.parse(outcome.payload);
  const isError = typeof parsed === 'object' && parsed !== null && 'errorMessage' in parsed;
  return isError ? String(parsed.errorMessage) : outcome.payload;
}
