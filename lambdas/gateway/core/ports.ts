import type { Delivery } from '../../contract/delivery';
import type { UnsignedEnvelope } from '../../contract/envelope';
import type { JsonValue } from '../../contract/json';
import type { UnsignedLifecycleEvent } from '../../contract/lifecycle';
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
  /** @param queueUrl the queue that takes it in the order of its connection, in the place of the bus */
  put(envelope: UnsignedEnvelope, queueUrl?: string): Promise<void>;
}

/** The way to whoever wants to know what happened. Signs; rejects where the bus did not take all of them. */
export interface LifecycleBus {
  /** At most ten. */
  put(events: readonly UnsignedLifecycleEvent[]): Promise<void>;
}

export interface DeliveryQueue {
  send(delivery: Delivery): Promise<void>;
}

/** Drain one partition of a channel. */
export interface DrainWake {
  readonly v: 1;
  readonly type: 'drain';
  readonly channel: string;
  readonly partition: number;
}

/** Nobody may have said whether a connection may subscribe: answer its client. Without effect where somebody did. */
export interface AuthorizationTimeoutWake {
  readonly v: 1;
  readonly type: 'authorization-timeout';
  readonly connection: string;
  readonly channel: string;
  readonly commandId: number;
  /** Nonce of the question. */
  readonly question: string;
  /** Epoch ms at which it was put. */
  readonly askedAt: number;
}

/** A subscription that has ended, or is about to. */
export interface EndedSubscription {
  readonly channel: string;
  readonly connection: string;
  readonly nonce: string;
  /** Whether its end is told on the bus. */
  readonly lifecycle: boolean;
}

/** Clients leave their channels now, unless they stand there by other subscriptions again. */
export interface DepartedWake {
  readonly v: 1;
  readonly type: 'departed';
  readonly subscriptions: readonly EndedSubscription[];
  /** The connection that ended with them, where that is told on the bus; epoch ms. */
  readonly closed?: { readonly connection: string; readonly user: string; readonly at: number };
}

/** A channel has events for the bus, or is about to. */
export interface LifecycleWake {
  readonly v: 1;
  readonly type: 'lifecycle';
  readonly channel: string;
  /** The subscription that is about to begin. */
  readonly of?: { readonly connection: string; readonly nonce: string };
  /** Epoch ms from which on it never will. */
  readonly until: number;
}

/** A connection is about to be accepted; epoch ms. */
export interface ConnectedWake {
  readonly v: 1;
  readonly type: 'connected';
  readonly connection: string;
  readonly user: string;
  readonly at: number;
  /** From then on it never will be. */
  readonly until: number;
}

/** Whether a socket took what was sent to a user is to be looked at; announced before it is appended. */
export interface ReceiptWake {
  readonly v: 1;
  readonly type: 'receipt';
  readonly user: string;
  readonly key: string;
  readonly data: JsonValue;
  /** Name of the service that sent it. */
  readonly from: string;
  /** Epoch ms at which that was. */
  readonly at: number;
  /** Epoch ms from which on a socket that has not taken it is none. */
  readonly until: number;
}

/** A message on the wakes queue: work for now or, by the queue's delay, for later. */
export type Wake = DrainWake | Timers[keyof Timers];

/** Wakes that are no drains, by their type. */
export interface Timers {
  readonly 'authorization-timeout': AuthorizationTimeoutWake;
  readonly departed: DepartedWake;
  readonly lifecycle: LifecycleWake;
  readonly connected: ConnectedWake;
  readonly receipt: ReceiptWake;
}

/** What is done about each type of timer. Rejects where it has to be tried again. */
export type TimerHandlers = {
  readonly [Type in keyof Timers]: (wake: Timers[Type]) => Promise<void>;
};

export interface WakeQueue {
  send(wake: Wake, delaySeconds: number): Promise<void>;
}

/** A namespace as it was registered. */
export interface Namespace extends NamespaceRules {
  /** The service that registered it and decides where its rules say so; the gateway's own have none. */
  readonly owner?: string;
  /** Other services that may publish to it. */
  readonly publishers?: readonly string[];
}

/** What decides about an envelope's way. */
export type Routed =
  | { readonly service: string; readonly kind: 'rpc'; readonly method: string }
  | { readonly service: string; readonly kind: 'publish' | 'subscribe' | 'send' };

/** Which way envelopes go. Rejects as a `Registry`. */
export interface Routes {
  /** URL of the queue that a service takes it from in order; undefined: the bus. */
  queueOf(routed: Routed): Promise<string | undefined>;
}

/** Who sends deliveries. Rejects as a `Registry`. */
export interface Senders {
  /** Name of the service that registered the role with this unique id. */
  serviceOfRole(role: string): Promise<string | undefined>;
}

/** What services registered. Rejects only while nothing was ever read. */
export interface Registry {
  namespace(name: string): Promise<Namespace | undefined>;
  /** Name of the service that has the method `service.name`. */
  serviceOf(method: string): Promise<string | undefined>;
  /** Reads anew if the last read is a while ago; for a name that was not found. */
  refresh(): Promise<void>;
}
