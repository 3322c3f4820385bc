import { userChannel } from '../contract/channel';
import type { Delivery } from '../contract/delivery';
import type { JsonObject, JsonValue } from '../contract/json';
import type { ServiceRequest } from '../contract/server-api';
import { childTraceparent } from '../contract/trace';
import type { Effects, PublicationOptions, SentToUser } from './contexts';
import type { Platform } from './platform';
import { PublicationError, publicationKey } from './publications';

/** What a publication may have beside what every one has. */
export type PublicationExtras = Pick<Delivery, 'info' | 'reply' | 'receipt'>;

/** What effects come from. */
export interface Origin {
  /** Names the event: the same one each time it comes. */
  readonly root: string;
  readonly traceparent: string;
  /** Of a replay: when the event came first, epoch ms. What it publishes may be a repeat of what it published then. */
  readonly cameAt?: number;
}

/** As many as the queue's client has sockets. */
const SENDS_AT_ONCE = 16;

/** What the handler of one event brings about. Publications are counted per channel, so that a repeat makes the same keys. */
export class EventEffects {
  readonly #origin: Origin;
  readonly #platform: Platform;
  readonly #publications = new Map<string, number>();

  constructor(origin: Origin, platform: Platform) {
    this.#origin = origin;
    this.#platform = platform;
  }

  /** As handlers get them. */
  functions(): Omit<Effects, 'log'> {
    return {
      publish: (channel, data, options) => this.publish(channel, data, options),
      broadcast: (channels, data, options) => this.#broadcast(channels, data, options),
      toUser: (user, data, options) => this.#toUser(user, data, options),
      subscribe: (user, channel, options = {}) =>
        this.#ask('holdfast.subscribe', { user, channel, ...options }),
      unsubscribe: (user, channel, options = {}) =>
        this.#ask('holdfast.unsubscribe', { user, channel, ...options }),
      disconnect: (user, { client, code, reason } = {}) =>
        this.#ask('holdfast.disconnect', {
          user,
          ...(client !== undefined && { client }),
          ...(code !== undefined && { disconnect: { code, ...(reason !== undefined && { reason }) } }),
        }),
      once: (writes, { name, result } = {}) =>
        this.#platform.guard.write(this.#guardKey(name), writes, result),
    };
  }

  async publish(
    channel: string,
    data: JsonValue,
    options: PublicationOptions = {},
    extras: PublicationExtras = {},
  ): Promise<void> {
    await this.#publish(channel, data, options, extras);
  }

  /** Answers the key that it is published by. */
  async #publish(
    channel: string,
    data: JsonValue,
    options: PublicationOptions,
    extras: PublicationExtras,
  ): Promise<string> {
    const { root, traceparent, cameAt } = this.#origin;
    const ordinal = (this.#publications.get(channel) ?? 0) + 1;
    this.#publications.set(channel, ordinal);
    const { idempotencyKey = publicationKey(root, channel, ordinal) } = options;
    const { version, versionEpoch, publishedAt } = options;
    await this.#platform.publications.send({
      v: 1,
      type: 'publication',
      channel,
      data,
      idempotencyKey,
      source: this.#platform.serviceName,
      publishedAt: publishedAt ?? cameAt ?? Date.now(),
      traceparent: childTraceparent(traceparent),
      ...(version !== undefined && { version }),
      ...(versionEpoch !== undefined && { versionEpoch }),
      ...extras,
    });
    return idempotencyKey;
  }

  async #toUser(user: string, data: JsonValue, options: PublicationOptions = {}): Promise<SentToUser> {
    const channel = channelOf(user);
    const key = await this.#publish(channel, data, options, { receipt: true });
    return { sockets: () => this.#platform.receipts.sockets(user, key) };
  }

  async #broadcast(
    channels: readonly string[],
    data: JsonValue,
    options?: PublicationOptions,
  ): Promise<void> {
    const rest = [...channels];
    const lanes = Array.from({ length: Math.min(SENDS_AT_ONCE, rest.length) }, async () => {
      for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
        await this.publish(next, data, options);
      }
    });
    await Promise.all(lanes);
  }

  async #ask(request: ServiceRequest, detail: JsonObject): Promise<void> {
    await this.#platform.requests.put(request, detail);
  }

  #guardKey(name: string | undefined): string {
    const { root } = this.#origin;
    return name === undefined ? root : `${root}#${name}`;
  }
}

function channelOf(user: string): string {
  const channel = userChannel(user);
  if (channel !== undefined) return channel;
  throw new PublicationError(
    `user: expected an id that makes a channel name, got one of ${user.length} characters that does not`,
  );
}
