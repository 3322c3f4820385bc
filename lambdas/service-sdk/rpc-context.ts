import type { Envelope } from '../contract/envelope';
import type { JsonObject, JsonValue } from '../contract/json';
import type { log } from '../contract/log';

export interface PublishOptions {
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
  /**
   * Makes the publication's acceptance the reply to this command: once it is in the channel's log, the platform replies
   * these fields (at most 64 KB) with `offset` and `epoch`. The method then replies nothing itself.
   */
  readonly replyWithOffset?: JsonObject;
}

/** What a method gets. Its functions may be taken apart: `({ data, publish }) => ...`. */
export interface RpcContext<Input> {
  /** The command's data, as the method's schema returned it; unchecked where the method has none. */
  readonly data: Input;
  /** User id from the client's token; empty for an anonymous connection. */
  readonly user: string;
  /** Id of the connection that asks. */
  readonly client: string;
  /** The command as the gateway signed it. `envelope.id` is the root for the caller's own idempotency keys. */
  readonly envelope: Envelope;
  /** W3C trace context of this invocation, to be handed on. */
  readonly traceparent: string;
  /** Milliseconds until the client gives up; negative after that. */
  readonly remainingMs: () => number;
  /**
   * Replies now, where work goes on after the reply; otherwise return the value. Throws `AlreadyRepliedError` for a second
   * reply. A connection that is gone is no error.
   */
  readonly reply: (data: JsonValue) => Promise<void>;
  /**
   * Publishes to a channel, in the order of the calls that were awaited. Resolves when the publication is durable; throws
   * `PublicationError` for a bad channel, key, version or size, `AlreadyRepliedError` for `replyWithOffset` after a reply.
   */
  readonly publish: (channel: string, data: JsonValue, options?: PublishOptions) => Promise<void>;
  /** Writes a JSON line that carries the command's ids. Facts only, no payloads. */
  readonly log: typeof log;
}

/** A command has one reply. */
export class AlreadyRepliedError extends Error {
  override readonly name = 'AlreadyRepliedError';

  constructor(method: string) {
    super(`${method}: expected one reply, got a second`);
  }
}
