import type {
  Envelope,
  Signed,
  UnsignedPublishEnvelope,
  UnsignedRpcEnvelope,
  UnsignedSendEnvelope,
  UnsignedSubscribeEnvelope,
} from '../contract/envelope';
import type { JsonObject, JsonValue } from '../contract/json';
import type {
  ChannelEvent,
  ConnectionEvent,
  SubscriptionEvent,
  UndeliveredEvent,
} from '../contract/lifecycle';
import type { log } from '../contract/log';
import type { GuardedWrite, OnceOutcome } from './once';

export interface PublicationOptions {
  /**
   * Repeats of one key on one channel within five minutes make one publication. At most 128 characters.
   * @default derived from the event and counted per channel, so that an event that comes twice publishes once
   */
  readonly idempotencyKey?: string;
  /**
   * Counts up with the state that is published, from 1 to 2^53 - 1: a publication that is not above the channel's last
   * version is dropped, so that an older state never follows a newer one. Who waits gets the channel's position.
   */
  readonly version?: number;
  /** What `version` is compared within, at most 128 characters; another one starts anew. Needs `version`. */
  readonly versionEpoch?: string;
  /**
   * When the key was first published, epoch ms, where this may repeat it: a repeat beyond the five minutes is looked for in the
   * channel's log, and appended only where the log proves that it is not there.
   * @default now; in a replay, when the event came first
   */
  readonly publishedAt?: number;
}

export interface PublishOptions extends PublicationOptions {
  /**
   * Makes the publication's acceptance the reply to this command: once it is in the channel's log, the platform replies
   * these fields (at most 64 KB) with `offset` and `epoch`. The method then replies nothing itself.
   */
  readonly replyWithOffset?: JsonObject;
}

/** Connections that are meant: all open ones of the user, or the one that is named. */
export interface ConnectionOptions {
  /** Connection id. */
  readonly client?: string;
}

export interface SubscriptionOptions extends ConnectionOptions {
  /** Shown to others of the channel. */
  readonly info?: JsonObject;
  /** For the client. */
  readonly data?: JsonValue;
}

export interface DisconnectOptions extends ConnectionOptions {
  /** 3000 to 4999; clients come back after 3000-3499 and 4000-4499. @default 3503, which keeps them away */
  readonly code?: number;
  /** At most 123 characters; needs `code`. */
  readonly reason?: string;
}

export interface OnceOptions {
  /** Tells several guarded effects of one event apart. @default - the event has one */
  readonly name?: string;
  /** What a repeat is told of the first time. */
  readonly result?: JsonValue;
}

/** What was sent to a user. */
export interface SentToUser {
  /**
   * How many sockets of the user have taken it: answers once all of them were tried, or after three seconds; undefined where it
   * has not been in the log by then. Zero: `undelivered` follows. Throws `ReceiptError`. Needs `receipts: true` in `infra.ts`.
   */
  readonly sockets: () => Promise<number | undefined>;
}

/**
 * What a handler may bring about. The functions may be taken apart: `({ data, publish }) => ...`. An event that comes twice, or
 * again after a crash between two effects, publishes once: publications have the event's id, their channel and their
 * number in that channel as their keys.
 */
export interface Effects {
  /**
   * Publishes to a channel, in the order of the calls that were awaited. Resolves when the publication is durable; throws
   * `PublicationError` for a bad channel, key, version or size.
   */
  readonly publish: (channel: string, data: JsonValue, options?: PublicationOptions) => Promise<void>;
  /** Publishes the same to each of the channels. As `publish`; where it throws, some of them may have it. */
  readonly broadcast: (
    channels: readonly string[],
    data: JsonValue,
    options?: PublicationOptions,
  ) => Promise<void>;
  /**
   * Publishes to the user's own channel `user:#<id>`, on which all sockets of the user are. As `publish`. Unless it is known that a
   * socket took it, the lifecycle event `undelivered` follows, within a second where the user has none, else within some ten.
   */
  readonly toUser: (user: string, data: JsonValue, options?: PublicationOptions) => Promise<SentToUser>;
  /**
   * Makes a server-side subscription on open connections of a user; it ends with the connection. This, `unsubscribe` and
   * `disconnect` resolve when the request is durable; it is carried out soon after, in no order. Repeats do no harm. Throws
   * `RequestNotTakenError`. Needs `connections: true` in `infra.ts`.
   */
  readonly subscribe: (user: string, channel: string, options?: SubscriptionOptions) => Promise<void>;
  /** Ends subscriptions of either kind (push 2000). Nothing keeps the client from subscribing again but its owner's answer. */
  readonly unsubscribe: (user: string, channel: string, options?: ConnectionOptions) => Promise<void>;
  /** Ends open connections of a user. */
  readonly disconnect: (user: string, options?: DisconnectOptions) => Promise<void>;
  /**
   * Writes to the service's table once, however often the event comes: all writes and the guard are one transaction (at most 99
   * writes). A repeat writes nothing and is told so, with the `result` of the first time. Throws `ConditionFailedError` where a
   * condition of a write does not hold; nothing is done then. Needs `table: true` in `infra.ts`.
   */
  readonly once: (writes: readonly GuardedWrite[], options?: OnceOptions) => Promise<OnceOutcome>;
  /** Writes a JSON line that carries the event's ids. Facts only, no payloads. */
  readonly log: typeof log;
}

/** What every handler of a command gets. */
export interface CommandContext<Input, Of extends Envelope = Envelope> extends Effects {
  /** The command's data, as the handler's schema returned it; unchecked where the handler has none. */
  readonly data: Input;
  /** User id from the client's token; empty for an anonymous connection. */
  readonly user: string;
  /** Id of the connection that asks. */
  readonly client: string;
  /** `info` of the client's token. */
  readonly info?: JsonObject;
  /** The command as the gateway signed it. `envelope.id` is the root for the caller's own idempotency keys. */
  readonly envelope: Of;
  /** W3C trace context of this invocation, to be handed on. */
  readonly traceparent: string;
  /** It is a replay from the archive, or was a dead letter; only where the service takes replays. */
  readonly replayed: boolean;
}

/** What looks on at a call of another service's method gets. */
export type ObserveContext<Input> = CommandContext<Input, Signed<UnsignedRpcEnvelope>>;

/** Lifecycle events by their names. */
export interface LifecycleEvents {
  readonly connected: ConnectionEvent & { readonly event: 'connected' };
  readonly disconnected: ConnectionEvent & { readonly event: 'disconnected' };
  readonly subscribed: SubscriptionEvent & { readonly event: 'subscribed' };
  readonly unsubscribed: SubscriptionEvent & { readonly event: 'unsubscribed' };
  readonly occupied: ChannelEvent & { readonly event: 'occupied' };
  readonly vacated: ChannelEvent & { readonly event: 'vacated' };
  readonly undelivered: UndeliveredEvent;
}

/** What is told of connections, subscriptions and channels gets. */
export interface LifecycleContext<Name extends keyof LifecycleEvents = keyof LifecycleEvents>
  extends Effects {
  readonly event: LifecycleEvents[Name];
  /** W3C trace context that begins here. */
  readonly traceparent: string;
  /** As in `CommandContext`. */
  readonly replayed: boolean;
}

interface Waiting {
  /** Milliseconds until the client gives up; negative after that. */
  readonly remainingMs: () => number;
}

/** What a method gets. */
export interface RpcContext<Input>
  extends Omit<CommandContext<Input, Signed<UnsignedRpcEnvelope>>, 'publish'>,
    Waiting {
  /**
   * Replies now, where work goes on after the reply; otherwise return the value. Throws `AlreadyRepliedError` for a second
   * reply. A connection that is gone is no error.
   */
  readonly reply: (data: JsonValue) => Promise<void>;
  /** As in `CommandContext`; throws `AlreadyRepliedError` for `replyWithOffset` after a reply. */
  readonly publish: (channel: string, data: JsonValue, options?: PublishOptions) => Promise<void>;
}

/** What decides about a client's publish gets. */
export interface PublishContext<Input>
  extends CommandContext<Input, Signed<UnsignedPublishEnvelope>>,
    Waiting {
  /** Where the client publishes. */
  readonly channel: string;
  /** What the client's subscription to the channel shows of it. */
  readonly channelInfo?: JsonObject;
  /**
   * Publishes to the channel in the client's name, `data` of the command unless other data is given; the client is answered once
   * it is in the channel's log. Throws as `publish`, and `AlreadyRepliedError` after a reply.
   */
  readonly accept: (data?: JsonValue, options?: PublicationOptions) => Promise<void>;
}

/** What decides about a client's subscribe gets. */
export interface SubscribeContext
  extends CommandContext<JsonValue, Signed<UnsignedSubscribeEnvelope>>,
    Waiting {
  readonly channel: string;
}

/** What takes a client's messages gets. */
export type SendContext<Input> = CommandContext<Input, Signed<UnsignedSendEnvelope>>;

/** A command has one reply. */
export class AlreadyRepliedError extends Error {
  override readonly name = 'AlreadyRepliedError';

  constructor(command: string) {
    super(`${command}: expected one reply, got a second`);
  }
}
