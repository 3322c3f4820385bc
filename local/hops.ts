import { channel } from 'node:diagnostics_channel';

/**
 * A point that a message passes. `frame`: API Gateway has a client's frame (`where`: connection); `begin`, `end`: an invocation
 * (function); `event`: a bus took it (bus); `queue`: a queue took it (queue); `post`: it goes to a client (connection).
 */
export interface Hop {
  readonly kind: 'frame' | 'begin' | 'end' | 'event' | 'queue' | 'post';
  readonly where: string;
  /** What passes. */
  readonly text: string;
  /** Epoch milliseconds, with fractions. */
  readonly at: number;
}

/** Name of the diagnostics channel that tells of hops. */
export const HOPS = 'holdfast:hops';

const hops = channel(HOPS);

/** Costs next to nothing while nobody listens. */
export function passes(kind: Hop['kind'], where: string, text: string | Buffer): void {
  if (!hops.hasSubscribers) return;
  const hop: Hop = { kind, where, text: String(text), at: performance.timeOrigin + performance.now() };
  hops.publish(hop);
}
