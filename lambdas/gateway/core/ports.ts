import type { Delivery } from '../../contract/delivery';
import type { UnsignedEnvelope } from '../../contract/envelope';
import type { log } from '../../contract/log';
import type { NamespaceRules } from '../../contract/registry';

/**
 * What the core asks of the world. Every port but `Clock` may reject; a rejection means that the thing behind it did not
 * answer, and callers treat it as temporary.
 */

export type Log = typeof log;

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Rejects where the signal ends it early. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/**
 * What is known about a post or a close after it: `ok` the gateway took it; `gone` the connection does not exist;
 * `throttled` not taken, may be tried again; `failed` refused for another reason, so not taken; `unknown` may or may not
 * have been taken.
 */
export type PostOutcome = 'ok' | 'gone' | 'throttled' | 'failed' | 'unknown';

/** The gateway's way to a connection. Never rejects: a failure is an outcome. */
export interface Poster {
  post(connection: string, frame: string): Promise<PostOutcome>;
  /** Ends a connection; the client sees a close without a code of ours, so a disconnect push goes first. */
  close(connection: string): Promise<PostOutcome>;
}

/** The way to business functions. Signs; rejects where no signing key exists yet. */
export interface Bus {
  put(envelope: UnsignedEnvelope): Promise<void>;
}

export interface DeliveryQueue {
  send(delivery: Delivery): Promise<void>;
}

/** A message on the wakes queue: drain one partition of a channel. */
export interface Wake {
  readonly v: 1;
  readonly type: 'drain';
  readonly channel: string;
  readonly partition: number;
}

export interface WakeQueue {
  send(wake: Wake, delaySeconds: number): Promise<void>;
}

/** What services registered. Rejects only while nothing was ever read. */
export interface Registry {
  namespace(name: string): Promise<NamespaceRules | undefined>;
  /** Name of the service that has the method `service.name`. */
  serviceOf(method: string): Promise<string | undefined>;
  /** Reads anew if the last read is a while ago; for a name that was not found. */
  refresh(): Promise<void>;
}
