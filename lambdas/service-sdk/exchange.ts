import type { Envelope } from '../contract/envelope';
import { log } from '../contract/log';
import { childTraceparent, traceIdOf } from '../contract/trace';
import type { CommandContext } from './contexts';
import { EventEffects } from './effects';
import type { Platform } from './platform';

/** The names of an envelope, for log lines. */
export function factsOf(envelope: Envelope): Readonly<Record<string, unknown>> {
  const { id, kind, client, traceparent } = envelope;
  const subject = 'method' in envelope ? { method: envelope.method } : { kind };
  return { envelope: id, ...subject, client, trace: traceIdOf(traceparent) };
}

/** One envelope being worked on: its effects and its log lines. */
export class Exchange<Of extends Envelope = Envelope> {
  readonly envelope: Of;
  protected readonly platform: Platform;
  readonly traceparent: string;
  protected readonly effects: EventEffects;
  readonly #replayed: boolean;

  constructor(envelope: Of, platform: Platform, replayed = false) {
    this.#replayed = replayed;
    const { id, service, issuedAt } = envelope;
    this.envelope = envelope;
    this.platform = platform;
    this.traceparent = childTraceparent(envelope.traceparent);
    // Who looks on at a command must not take the keys of the service that it is for.
    const root = service === platform.serviceName ? id : `${id}:${platform.serviceName}`;
    const cameAt = replayed ? { cameAt: issuedAt } : {};
    this.effects = new EventEffects({ root, traceparent: this.traceparent, ...cameAt }, platform);
  }

  /** What the handlers of all kinds get. */
  context<Input>(data: Input): CommandContext<Input, Of> {
    const { user, client, info } = this.envelope;
    return {
      ...this.effects.functions(),
      data,
      user,
      client,
      ...(info === undefined ? {} : { info }),
      envelope: this.envelope,
      traceparent: this.traceparent,
      replayed: this.#replayed,
      log: this.log,
    };
  }

  readonly log: typeof log = (level, message, fields = {}) => {
    log(level, message, { ...fields, ...factsOf(this.envelope) });
  };
}
