import type {
  Envelope,
  Signed,
  UnsignedPublishEnvelope,
  UnsignedRpcEnvelope,
  UnsignedSendEnvelope,
  UnsignedSubscribeEnvelope,
} from '../contract/envelope';
import type { JsonObject, JsonValue } from '../contract/json';
import type { log } from '../contract/log';

export interface PublicationOptions {
  /**
   * Repeats of one key on one channel within five minutes make one publication. At most 128 characters.
   * @default derived from the command and counted per invocation, so that an event that comes twice publishes once
   */
  readonly idempotencyKey?: string;
  /**
   * Counts up with the state that is published, from 1 to 2^53 - 1: a publication that is not above the channel's last
   * version is dropped, so that an older state never follows a newer one. Who waits gets the channel's position.
   */
  readonly version?: number;
  /** What `version` is compared within, at most 128 characters; another one starts anew. Needs `version`. */
  readonly versionEpoch?: string;
}

export interface PublishOptions extends PublicationOptions {
  /**
   * Makes the publication's acceptance the reply to this command: once it is in the channel's log, the platform replies
   * these fields (at most 64 KB) with `offset` and `epoch`. The method then replies nothing itself.
   */
  readonly replyWithOffset?: JsonObject;
}

/** What every handler gets. Its functions may be taken apart: `({ data, publish }) => ...`. */
export interface CommandContext<Input, Of extends Envelope = Envelope> {
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
  /**
   * Publishes to a channel, in the order of the calls that were awaited. Resolves when the publication is durable; throws
   * `PublicationError` for a bad channel, key, version or size.
   */
  readonly publish: (channel: string, data: JsonValue, options?: PublicationOptions) => Promise<void>;
  /** Writes a JSON line that carries the command's ids. Facts only, no payloads. */
  readonly log: typeof log;
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
