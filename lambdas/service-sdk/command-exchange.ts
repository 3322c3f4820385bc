import type { Delivery } from '../contract/delivery';
import type { Envelope } from '../contract/envelope';
import type { Reply } from '../contract/frames';
import type { JsonValue } from '../contract/json';
import { log } from '../contract/log';
import { childTraceparent, traceIdOf } from '../contract/trace';
import type { Platform } from './platform';
import { publicationKey } from './publications';
import { AlreadyRepliedError, type PublishOptions, type RpcContext } from './rpc-context';
import type { RpcError } from './rpc-error';

/** One command being worked on: its reply, of which there is one, and its publications, which are counted. */
export class CommandExchange {
  readonly #envelope: Envelope;
  readonly #platform: Platform;
  readonly #traceparent: string;
  #replied = false;
  #publications = 0;

  constructor(envelope: Envelope, platform: Platform) {
    this.#envelope = envelope;
    this.#platform = platform;
    this.#traceparent = childTraceparent(envelope.traceparent);
  }

  /** The reply is out, or on its way by the courier. */
  get replied(): boolean {
    return this.#replied;
  }

  context<Input>(data: Input): RpcContext<Input> {
    const { user, client, deadline } = this.#envelope;
    return {
      data,
      user,
      client,
      envelope: this.#envelope,
      traceparent: this.#traceparent,
      remainingMs: () => deadline - Date.now(),
      reply: (result) => this.reply(result),
      publish: (channel, publication, options) => this.#publish(channel, publication, options),
      log: this.log,
    };
  }

  reply(data: JsonValue): Promise<void> {
    return this.#answer(() => this.#post({ id: this.#envelope.commandId, rpc: { data } }));
  }

  replyError(error: RpcError): Promise<void> {
    return this.#answer(() => this.#post({ id: this.#envelope.commandId, error: error.toProtocolError() }));
  }

  readonly log: typeof log = (level, message, fields = {}) => {
    const { id, method, client, traceparent } = this.#envelope;
    log(level, message, { ...fields, envelope: id, method, client, trace: traceIdOf(traceparent) });
  };

  /** Holds the one reply while `send` runs; a send that failed gives it back, so that the failure can be answered. */
  async #answer(send: () => Promise<void>): Promise<void> {
    if (this.#replied) throw new AlreadyRepliedError(this.#envelope.method);
    this.#replied = true;
    try {
      await send();
    } catch (error) {
      this.#replied = false;
      throw error;
    }
  }

  async #post(reply: Reply): Promise<void> {
    const result = await this.#platform.replies.send(this.#envelope.client, reply);
    if (result.outcome === 'gone') this.log('info', 'reply not delivered: connection is gone');
    if (result.outcome === 'too-large') this.log('error', 'reply too large', { bytes: result.bytes });
  }

  async #publish(channel: string, data: JsonValue, options: PublishOptions = {}): Promise<void> {
    const { id, service, client, commandId } = this.#envelope;
    const { idempotencyKey, version, versionEpoch, replyWithOffset } = options;
    this.#publications += 1;
    const delivery: Delivery = {
      v: 1,
      type: 'publication',
      channel,
      data,
      idempotencyKey: idempotencyKey ?? publicationKey(id, channel, this.#publications),
      source: service,
      publishedAt: Date.now(),
      traceparent: childTraceparent(this.#traceparent),
      ...(version !== undefined && { version }),
      ...(versionEpoch !== undefined && { versionEpoch }),
      ...(replyWithOffset && { reply: { client, id: commandId, kind: 'rpc', data: replyWithOffset } }),
    };
    const send = () => this.#platform.publications.send(delivery);
    await (replyWithOffset ? this.#answer(send) : send());
  }
}
