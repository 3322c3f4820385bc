import { setTimeout as sleep } from 'node:timers/promises';
import type { RuntimeLog, TargetRouter } from '../../ports';
import { type DeliveryFailure, failureOf } from './delivery-failure';
import type { BusEvent } from './put-events';
import type { EventTarget } from './target';
import { targetInput } from './target-input';

/** EventBridge's default retry policy. */
const DEFAULT_RETRIES = 185;
const DEFAULT_AGE_SECONDS = 86_400;

export interface RetryTiming {
  /** Wait before the first retry; doubles with each. @default 1000 */
  readonly firstDelayMs?: number;
  /** @default 60000 */
  readonly longestDelayMs?: number;
  /** Multiplies the waits and the maximum event age: 0.01 makes a minute 600 ms. @default 1 */
  readonly scale?: number;
}

export interface DeliveriesOptions {
  readonly router: TargetRouter;
  readonly log: RuntimeLog;
  readonly retry?: RetryTiming;
}

export interface RuleIdentity {
  readonly name: string;
  readonly arn: string;
}

/** Brings events to targets in the background: retries with growing, jittered waits, then the dead letter queue. */
export class Deliveries {
  readonly #router: TargetRouter;
  readonly #log: RuntimeLog;
  readonly #retry: Required<RetryTiming>;
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor({ router, log, retry = {} }: DeliveriesOptions) {
    this.#router = router;
    this.#log = log;
    this.#retry = { firstDelayMs: 1000, longestDelayMs: 60_000, scale: 1, ...retry };
  }

  /** Starts after the current answer is on its way: a target never runs before its event was accepted. */
  start(rule: RuleIdentity, target: EventTarget, event: BusEvent): void {
    if (this.#closing.signal.aborted) return;
    const running = new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#deliver(rule, target, event))
      .catch((error: unknown) => this.#log.warn('events', `rule ${rule.name}: ${failureOf(error).message}`));
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  /** Resolves when nothing is under way, retries included. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Gives up waiting retries at once and waits up to `graceMs` for calls under way. */
  async close(graceMs: number): Promise<void> {
    this.#closing.abort();
    const grace = new AbortController();
    const waited = sleep(graceMs, undefined, { signal: grace.signal }).catch(() => undefined);
    await Promise.race([this.idle(), waited]);
    grace.abort();
  }

  async #deliver(rule: RuleIdentity, target: EventTarget, event: BusEvent): Promise<void> {
    const retries = target.RetryPolicy?.MaximumRetryAttempts ?? DEFAULT_RETRIES;
    const ageMs =
      (target.RetryPolicy?.MaximumEventAgeInSeconds ?? DEFAULT_AGE_SECONDS) * 1000 * this.#retry.scale;
    const signal = this.#closing.signal;
    for (let attempt = 0; ; attempt += 1) {
      if (signal.aborted) return;
      const failure = await this.#attempt(rule, target, event);
      if (failure === undefined) return;
      if (!failure.isRetried) return this.#giveUp(rule, target, event, failure, attempt);
      if (attempt >= retries) {
        return this.#giveUp(rule, target, event, failure, attempt, 'MaximumRetryAttempts');
      }
      const delay = this.#delay(attempt);
      if (Date.now() - event.ingestedAt + delay >= ageMs) {
        return this.#giveUp(rule, target, event, failure, attempt, 'MaximumEventAgeInSeconds');
      }
      await sleep(delay, undefined, { signal }).catch(() => undefined);
    }
  }

  async #attempt(
    rule: RuleIdentity,
    target: EventTarget,
    event: BusEvent,
  ): Promise<DeliveryFailure | undefined> {
    try {
      const input = targetInput(target, event, { ruleArn: rule.arn, ruleName: rule.name });
      const messageGroupId = target.SqsParameters?.MessageGroupId;
      await this.#router.deliver(target.Arn, input, messageGroupId === undefined ? {} : { messageGroupId });
      return undefined;
    } catch (error) {
      return failureOf(error);
    }
  }

  #delay(attempt: number): number {
    const { firstDelayMs, longestDelayMs, scale } = this.#retry;
    const full = Math.min(longestDelayMs, firstDelayMs * 2 ** attempt);
    return full * (0.5 + Math.random() / 2) * scale;
  }

  async #giveUp(
    rule: RuleIdentity,
    target: EventTarget,
    event: BusEvent,
    failure: DeliveryFailure,
    attempts: number,
    exhausted?: 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds',
  ): Promise<void> {
    const queue = target.DeadLetterConfig?.Arn;
    const what = `rule ${rule.name} could not deliver event ${event.id} to ${target.Arn} (${failure.code}: ${failure.message})`;
    if (queue === undefined) {
      this.#log.warn('events', `${what}; it has no dead letter queue, the event is dropped`);
      return;
    }
    this.#log.warn('events', `${what}; sent to ${queue}`);
    await this.#router.deliver(queue, event.text, {
      attributes: {
        RULE_ARN: rule.arn,
        TARGET_ARN: target.Arn,
        ERROR_CODE: failure.code,
        ERROR_MESSAGE: failure.message,
        RETRY_ATTEMPTS: String(attempts),
        ...(exhausted && { EXHAUSTED_RETRY_CONDITION: exhausted }),
      },
    });
  }
}
