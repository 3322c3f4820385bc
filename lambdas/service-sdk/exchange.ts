import type { Delivery } from '../contract/delivery';
import type { Envelope } from '../contract/envelope';
import type { JsonValue } from '../contract/json';
import { log } from '../contract/log';
import { childTraceparent, traceIdOf } from '../contract/trace';
import type { CommandContext, PublicationOptions } from './contexts';
import type { Platform } from './platform';
import { publicationKey } from './publications';

/** What a publication may have beside what every one has. */
export type PublicationExtras = Pick<Delivery, 'info' | 'reply'>;

/** The names of an envelope, for log lines. */
export function factsOf(envelope: Envelope): Readonly<Record<string, unknown>> {
  const { id, kind, client, traceparent } = envelope;
  const subject = 'method' in envelope ? { method: envelope.method } : { kind };
  return { envelope: id, ...subject, client, trace: traceIdOf(traceparent) };
}

/** One envelope being worked on: its publications, which are counted, and its log lines. */
export class Exchange<Of extends Envelope = Envelope> {
  readonly envelope: Of;
  protected readonly platform: Platform;
  readonly traceparent: string;
  #publications = 0;

  constructor(envelope: Of, platform: Platform) {
    this.envelope = envelope;
    this.platform = platform;
    this.traceparent = childTraceparent(envelope.traceparent);
  }

  /** What the handlers of all kinds get. */
  context<Input>(data: Input): CommandContext<Input, Of> {
    const { user, client, info } = this.envelope;
    return {
      data,
      user,
      client,
      ...(info === undefined ? {} : { info }),
      envelope: this.envelope,
      traceparent: this.traceparent,
      publish: (channel, publication, options) => this.publish(channel, publication, options),
      log: this.log,
    };
  }

  readonly log: typeof log = (level, message, fields = {}) => {
    log(level, message, { ...fields, ...factsOf(this.envelope) });
  };

  publish(
    channel: string,
    data: JsonValue,
    { idempotencyKey, version, versionEpoch }: PublicationOptions = {},
    extras: PublicationExtras = {},
  ): Promise<void> {
    const { id, service } = this.envelope;
    this.#publications += 1;
    return this.platform.publications.send({
      v: 1,
      type: 'publication',
      channel,
      data,
      idempotencyKey: idempotencyKey ?? publicationKey(id, channel, this.#publications),
      source: service,
      publishedAt: Date.now(),
      traceparent: childTraceparent(this.traceparent),
      ...(version !== undefined && { version }),
      ...(versionEpoch !== undefined && { versionEpoch }),
      ...extras,
    });
  }
}
