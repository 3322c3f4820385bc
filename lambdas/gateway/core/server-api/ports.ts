import type { Disconnect } from '../../../contract/codes';
import type { ClientInfo } from '../../../contract/frames';
import type { JsonObject, JsonValue } from '../../../contract/json';
import type { NamespaceRules } from '../../../contract/registry';
import type { HistoryPage, HistoryRequest } from '../delivery/channels';
import type { Receipts } from '../delivery/receipts';
import type { Clock, DeliveryQueue, Log, Poster, Registry } from '../ports';

/** Where a publication stands. */
export interface Position {
  readonly offset: number;
  readonly epoch: string;
}

/** The logs of channels, for backends. Each method rejects where Redis does not answer. */
export interface ApiLogs {
  /** What the publication with this key got; undefined where no courier has taken it (yet), or long ago. */
  published(channel: string, idempotencyKey: string): Promise<Position | undefined>;
  history(channel: string, request: HistoryRequest): Promise<HistoryPage>;
  /** Forgets the publications of a channel. Its position stays. */
  removeHistory(channel: string): Promise<void>;
}

/** Who is in a channel. */
export interface ApiPresence {
  /** Undefined where they are too many to be listed. */
  members(channel: string): Promise<readonly ClientInfo[] | undefined>;
  counts(channel: string): Promise<{ readonly clients: number; readonly users: number }>;
}

/** The open connections of each user. */
export interface UserConnections {
  of(user: string): Promise<readonly string[]>;
}

/** A subscription that a backend makes for a client. */
export interface GivenSubscription {
  readonly channel: string;
  readonly rules: NamespaceRules;
  /** Shown to others of the channel. */
  readonly info?: JsonObject;
  /** For the client. */
  readonly data?: JsonValue;
}

/**
 * What becomes of one connection. Each method tells the client by a push; `failed`: that is not known to have happened, so the
 * request has to be repeated. Repeats have no second effect. Rejects where Redis does not answer.
 */
export interface ConnectionActions {
  subscribe(connection: string, user: string, subscription: GivenSubscription): Promise<ActionOutcome>;
  unsubscribe(connection: string, channel: string): Promise<ActionOutcome>;
  disconnect(connection: string, disconnect: Disconnect): Promise<ActionOutcome>;
}

/** `limit`: the connection has as many subscriptions as it may. */
export type ActionOutcome = 'done' | 'failed' | 'limit';

/** Tokens that are not good any more. */
export interface Revocations {
  /** Ends the connections of a user whose tokens were issued before (epoch seconds), and keeps such tokens out. */
  revoke(user: string, issuedBefore: number): Promise<ActionOutcome>;
}

/** How many connections there are. */
export interface Census {
  connections(): Promise<number>;
}

export interface ServerApiParts {
  readonly registry: Pick<Registry, 'namespace' | 'refresh'>;
  readonly deliveries: DeliveryQueue;
  readonly logs: ApiLogs;
  readonly presence: ApiPresence;
  readonly users: UserConnections;
  readonly actions: ConnectionActions;
  readonly revocations: Revocations;
  readonly census: Census;
  readonly receipts: Pick<Receipts, 'of'>;
  readonly poster: Pick<Poster, 'post'>;
  /** What `info` calls the environment. */
  readonly environment: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** How a request came. */
export interface RequestContext {
  readonly traceparent: string;
  /** `api`: somebody waits for the answer. `bus`: nobody does. */
  readonly by: 'api' | 'bus';
  /** Epoch ms at which the backend made it, where it says so itself. */
  readonly madeAt: number;
  /** Names the request, where a repeat of it is to publish nothing twice although it has no key of its own. */
  readonly id?: string;
}
