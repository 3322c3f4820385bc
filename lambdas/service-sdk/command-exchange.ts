import type { Envelope, Signed, UnsignedPublishEnvelope, UnsignedRpcEnvelope } from '../contract/envelope';
import type { ClientInfo, Reply } from '../contract/frames';
import type { JsonValue } from '../contract/json';
import {
  AlreadyRepliedError,
  type PublicationOptions,
  type PublishContext,
  type RpcContext,
} from './contexts';
import { Exchange } from './exchange';
import type { RpcError } from './rpc-error';

/** A command whose client waits for a reply by a post, of which there is one. */
abstract class CommandExchange<
  Of extends Extract<Envelope, { readonly kind: 'rpc' | 'publish' }>,
> extends Exchange<Of> {
  #replied = false;

  /** The reply is out, or on its way by the courier. */
  get replied(): boolean {
    return this.#replied;
  }

  /** What the command is called where it has a second reply. */
  protected abstract readonly name: string;

  readonly remainingMs = (): number => this.envelope.deadline - Date.now();

  replyError(error: RpcError): Promise<void> {
    return this.answer(() => this.post({ id: this.envelope.commandId, error: error.toProtocolError() }));
  }

  /** Holds the one reply while `send` runs; a send that failed gives it back, so that the failure can be answered. */
  protected async answer(send: () => Promise<void>): Promise<void> {
    if (this.#replied) throw new AlreadyRepliedError(this.name);
    this.#replied = true;
    try {
      await send();
    } catch (error) {
      this.#replied = false;
      throw error;
    }
  }

  protected async post(reply: Reply): Promise<void> {
    const result = await this.platform.replies.send(this.envelope.client, reply);
    if (result.outcome === 'gone') this.log('info', 'reply not delivered: connection is gone');
    if (result.outcome === 'too-large') this.log('error', 'reply too large', { bytes: result.bytes });
  }
}

/** A call of a method. */
export class RpcExchange extends CommandExchange<Signed<UnsignedRpcEnvelope>> {
  protected get name(): string {
    return this.envelope.method;
  }

  rpcContext<Input>(data: Input): RpcContext<Input> {
    const { client, commandId: id } = this.envelope;
    return {
      ...this.context(data),
      remainingMs: this.remainingMs,
      reply: (result) => this.reply(result),
      publish: async (channel, publication, { replyWithOffset, ...options } = {}) => {
        if (replyWithOffset === undefined) return this.effects.publish(channel, publication, options);
        const reply = { client, id, kind: 'rpc', data: replyWithOffset } as const;
        return this.answer(() => this.effects.publish(channel, publication, options, { reply }));
      },
    };
  }

  reply(data: JsonValue): Promise<void> {
    return this.answer(() => this.post({ id: this.envelope.commandId, rpc: { data } }));
  }
}

/** A client's publish that the service decides about. */
export class PublishExchange extends CommandExchange<Signed<UnsignedPublishEnvelope>> {
  protected get name(): string {
    return 'publish';
  }

  publishContext<Input>(data: Input): PublishContext<Input> {
    const { channel, channelInfo } = this.envelope;
    return {
      ...this.context(data),
      channel,
      ...(channelInfo === undefined ? {} : { channelInfo }),
      remainingMs: this.remainingMs,
      accept: (publication = this.envelope.data, options) => this.#accept(publication, options),
    };
  }

  reply(): Promise<void> {
    return this.answer(() => this.post({ id: this.envelope.commandId, publish: {} }));
  }

  #accept(publication: JsonValue, options?: PublicationOptions): Promise<void> {
    const { channel, client, commandId: id } = this.envelope;
    const extras = { info: this.#publisher(), reply: { client, id, kind: 'publish' } } as const;
    return this.answer(() => this.effects.publish(channel, publication, options, extras));
  }

  #publisher(): ClientInfo {
    const { user, client, info, channelInfo } = this.envelope;
    return {
      user,
      client,
      ...(info === undefined ? {} : { conn_info: info }),
      ...(channelInfo === undefined ? {} : { chan_info: channelInfo }),
    };
  }
}
