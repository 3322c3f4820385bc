import * as v from 'valibot';
import { isJsonObject } from '../../../contract/json';
import { BUS_REQUESTS } from '../../../contract/server-api';
import { newTraceparent, traceIdOf } from '../../../contract/trace';
import type { Clock, Log } from '../ports';
import { type ApiAnswer, type ApiError, isTemporary } from './answer';
import type { ServerApi } from './server-api';

const DETAIL_TYPES = Object.keys(BUS_REQUESTS) as readonly (keyof typeof BUS_REQUESTS)[];

/** An event that asks for something. */
const busRequest = v.object({
  id: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
  source: v.string(),
  'detail-type': v.picklist(DETAIL_TYPES),
  time: v.pipe(v.string(), v.isoTimestamp()),
  detail: v.unknown(),
});

export type BusRequest = v.InferOutput<typeof busRequest>;

/** A request that can never be carried out. */
export interface RefusedRequest {
  /** The event. */
  readonly event: unknown;
  /** What was expected and what came, without content. */
  readonly reason: string;
}

export interface BusParts {
  readonly api: Pick<ServerApi, 'call'>;
  /** Where such requests wait for somebody. Rejects where it does not answer. */
  readonly deadLetters: { send(refused: RefusedRequest): Promise<void> };
  readonly clock: Clock;
  readonly log: Log;
}

/** A request that could not be carried out for now; the event comes again, and what was done of it is not done twice. */
export class TryAgainError extends Error {
  override readonly name = 'TryAgainError';
}

/** Whether an event is one of the bus. */
export function isBusEvent(event: unknown): boolean {
  return isJsonObject(event) && typeof event['detail-type'] === 'string';
}

/**
 * Carries out what an event asks for. An event without an idempotency key has its id as one, so that a repeat of it publishes
 * nothing twice. Rejects where it has to come again.
 */
export async function serveBus({ api, deadLetters, clock, log }: BusParts, event: unknown): Promise<void> {
  const parsed = v.safeParse(busRequest, event);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const reason = `event.${v.getDotPath(issue) ?? ''}: expected ${issue.expected ?? issue.type}, got another`;
    log('error', 'request of the bus refused', { reason });
    return deadLetters.send({ event, reason });
  }
  const request = parsed.output;
  const traceparent = newTraceparent();
  const method = BUS_REQUESTS[request['detail-type']];
  // Whoever put the event may have set its time, but not made it in the future.
  const madeAt = Math.min(Date.parse(request.time), clock.now());
  const context = { traceparent, by: 'bus', madeAt, id: request.id } as const;
  const called = await api.call(method, request.detail, context);
  const errors = called.outcome === 'malformed' ? [called.error] : errorsOf(called.answer);
  const facts = { method, event: request.id, trace: traceIdOf(traceparent) };
  if (errors.some(isTemporary)) throw new TryAgainError(`${method}: not carried out for now`);
  const [first] = errors;
  if (first === undefined) return;
  const reason = errors.length === 1 ? first.message : `${first.message} (and ${errors.length - 1} more)`;
  log('error', 'request of the bus refused', { ...facts, code: first.code, reason });
  await deadLetters.send({ event, reason });
}

/** Errors of an answer, those of a broadcast's channels among them. */
function errorsOf(answer: ApiAnswer): readonly ApiError[] {
  if ('error' in answer) return [answer.error];
  const { responses } = answer.result;
  if (!Array.isArray(responses)) return [];
  return responses.flatMap((response: ApiAnswer) => ('error' in response ? [response.error] : []));
}
