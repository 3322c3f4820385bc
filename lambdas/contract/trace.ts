import { randomBytes } from 'node:crypto';

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Starts a W3C trace: `00-<trace id>-<span id>-01`. */
export function newTraceparent(): string {
  return `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
}

/** The trace that a hop hands on: same trace id and flags, a span id of its own. Starts a trace where the parent is none. */
export function childTraceparent(parent: string): string {
  const parts = TRACEPARENT.exec(parent);
  return parts ? `00-${parts[1]}-${randomBytes(8).toString('hex')}-${parts[3]}` : newTraceparent();
}

export function isTraceparent(value: unknown): value is string {
  return typeof value === 'string' && TRACEPARENT.test(value);
}

/** The trace id of a traceparent, for log lines. */
export function traceIdOf(traceparent: string): string {
  return TRACEPARENT.exec(traceparent)?.[1] ?? '';
}
