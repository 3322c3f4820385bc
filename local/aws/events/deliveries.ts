import { setTimeout as sleep } from 'node:timers/promises';
import type { Faults } from '../../faults/faults';
import type { Actor, HttpTargetParameters, RuntimeLog, TargetRouter } from '../../ports';
import { type DeliveryFailure, failureOf } from './delivery-failure';

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
  /** What goes wrong on request. @default nothing */
  readonly faults?: Pick<Faults, 'event'> | undefined;
}

/** Where something goes and what happens when it does not get there. */
export interface DeliveryTarget {
  readonly Arn: string;
  readonly SqsParameters?: { readonly MessageGroupId?: string | undefined } | undefined;
  readonly RetryPolicy?:
    | {
        readonly MaximumRetryAttempts?: number | undefined;
        readonly MaximumEventAgeInSeconds?: number | undefined;
      }
    | undefined;
  readonly DeadLetterConfig?: { readonly Arn?: string | undefined } | undefined;
}

/** Something on its way to one target. */
export interface Delivery {
  /** Who sends it, for the log: `rule orders`. */
  readonly sender: string;
  /** What it is, for the log: `event 6a7e8feb`. */
  readonly what: string;
  readonly target: DeliveryTarget;
  /** In whose name the target is reached. */
  readonly actor: Actor;
  /** In whose name the dead letter queue is reached. @default the same */
  readonly deadLetterActor?: Actor;
  /** From when its age counts, in milliseconds since the epoch. */
  readonly acceptedAt: number;
  /** For API destinations. */
  readonly http?: HttpTargetParameters | undefined;
  /** Payload of an attempt, counted from 1. @throws TransformError */
  input(attempt: number): string;
  /** Body of its dead letter, and attributes beside those of the failure. */
  deadLetter(): { readonly body: string; readonly attributes: Readonly<Record<string, string>> };
}

/** Brings payloads to targets in the background: retries with growing, jittered waits, then the dead letter queue. */
export class Deliveries {
  readonly #router: TargetRouter;
  readonly #log: RuntimeLog;
  readonly #retry: Required<RetryTiming>;
  readonly #faults: Pick<Faults, 'event'> | undefined;
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor({ router, log, retry = {}, faults }: DeliveriesOptions) {
    this.#router = router;
    this.#log = log;
    this.#faults = faults;
    this.#retry = { firstDelayMs: 1000, longestDelayMs: 60_000, scale: 1, ...retry };
  }

  /** Starts after the current answer is on its way: a target never runs before its event was accepted. */
  start(delivery: Delivery): void {
    for (const wait of this.#faults?.event() ?? [0]) this.#begin(delivery, wait);
  }

  #begin(delivery: Delivery, waitMs: number): void {
    const { signal } = this.#closing;
    if (signal.aborted) return;
    const running = new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => (waitMs > 0 ? sleep(waitMs, undefined, { signal }).catch(() => undefined) : undefined))
      .then(() => this.#deliver(delivery))
      .catch((error: unknown) => this.#log.warn('events', `${delivery.sender}: ${failureOf(error).message}`));
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

  async #deliver(delivery: Delivery): Promise<void> {
    const { RetryPolicy } = delivery.target;
    const retries = RetryPolicy?.MaximumRetryAttempts ?? DEFAULT_RETRIES;
    const ageMs = (RetryPolicy?.MaximumEventAgeInSeconds ?? DEFAULT_AGE_SECONDS) * 1000 * this.#retry.scale;
    const signal = this.#closing.signal;
    for (let attempt = 0; ; attempt += 1) {
      if (signal.aborted) return;
      const failure = await this.#attempt(delivery, attempt + 1);
      if (failure === undefined) return;
      if (!failure.isRetried) return this.#giveUp(delivery, failure, attempt);
      if (attempt >= retries) return this.#giveUp(delivery, failure, attempt, 'MaximumRetryAttempts');
      const delay = Math.max(this.#delay(attempt), failure.retryAfterMs ?? 0);
      if (Date.now() - delivery.acceptedAt + delay >= ageMs) {
        return this.#giveUp(delivery, failure, attempt, 'MaximumEventAgeInSeconds');
      }
      await sleep(delay, undefined, { signal }).catch(() => undefined);
    }
  }

  async #attempt(delivery: Delivery, attempt: number): Promise<DeliveryFailure | undefined> {
    const { Arn, SqsParameters } = delivery.target;
    const messageGroupId = SqsParameters?.MessageGroupId;
    try {
      await this.#router.deliver(Arn, delivery.input(attempt), {
        actor: delivery.actor,
        ...(messageGroupId === undefined ? {} : { messageGroupId }),
        ...(delivery.http === undefined ? {} : { http: delivery.http }),
      });
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
    { sender, what, target, deadLetter, actor, deadLetterActor = actor }: Delivery,
    failure: DeliveryFailure,
    attempts: number,
    exhausted?: 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds',
  ): Promise<void> {
    const queue = target.DeadLetterConfig?.Arn;
    const text = `${sender} could not deliver ${what} to ${target.Arn} (${failure.code}: ${failure.message})`;
    if (queue === undefined) {
      this.#log.warn('events', `${text}; it has no dead letter queue, the event is dropped`);
      return;
    }
    this.#log.warn('events', `${text}; sent to ${queue}`);
    const { body, attributes } = deadLetter();
    await this.#router.deliver(queue, body, {
      actor: deadLetterActor,
      attributes: {
        ...attributes,
        TARGET_ARN: target.Arn,
        ERROR_CODE: failure.code,
        ERROR_MESSAGE: failure.message,
        RETRY_ATTEMPTS: String(attempts),
        ...(exhausted && { EXHAUSTED_RETRY_CONDITION: exhausted }),
      },
    });
  }
}
