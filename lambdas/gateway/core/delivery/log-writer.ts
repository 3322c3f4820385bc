import { namespaceOf } from '../../../contract/channel';
import { type Delivery, publicationText } from '../../../contract/delivery';
import type { NamespaceRules } from '../../../contract/registry';
import type { Clock, Registry } from '../ports';
import type { CourierRecord } from './batch';
import { type Appended, type Channels, type Former, type NewPublication, retentionOf } from './channels';
import { type DeliveryRefusal, formerOf, refusalOf, UNKNOWN_NAMESPACE, UNPROVEN } from './refusals';

/** A publication in its log, and how its channel is flushed. */
export interface Taken extends Appended {
  readonly flushEverySeconds: number;
  /** It comes so late that nobody waits for an answer any more. */
  readonly late: boolean;
}

export interface ReceivedDelivery {
  readonly record: CourierRecord;
  readonly message: Delivery;
}

/** Takes publications into the logs of their channels. */
export class LogWriter {
  readonly #parts: { readonly channels: Channels; readonly registry: Registry; readonly clock: Clock };

  constructor(parts: {
    readonly channels: Channels;
    readonly registry: Registry;
    readonly clock: Clock;
  }) {
    this.#parts = parts;
  }

  /**
   * Appends deliveries of one channel in their order, by one script. Answers each in its place: what can never be appended is
   * refused. Rejects where Redis or the registry fails; then nothing is known of any, and all may be written again.
   */
  async write(
    channel: string,
    received: readonly ReceivedDelivery[],
  ): Promise<readonly (Taken | DeliveryRefusal)[]> {
    const { channels, clock } = this.#parts;
    const now = clock.now();
    const refusals = received.map(({ message }) => refusalOf(message));
    const rules = refusals.includes(undefined) ? await this.#rulesOf(channel) : undefined;
    if (rules === undefined) return refusals.map((refusal) => refusal ?? UNKNOWN_NAMESPACE);
    const formers = received.map(({ record, message }) => formerOf(message, record, now));
    const publications = received.flatMap(({ message }, index) =>
      refusals[index] === undefined ? [publicationOf(message, formers[index])] : [],
    );
    const appended = [...(await channels.append(channel, publications, retentionOf(rules)))];
    return refusals.map((refusal, index) => {
      if (refusal !== undefined) return refusal;
      const next = appended.shift();
      if (next === undefined) throw new MissingAnswerError(publications.length);
      if (next.result === 'unproven') return UNPROVEN;
      const late = formers[index] !== undefined || received[index]?.record.redriven !== undefined;
      return { ...next, flushEverySeconds: rules.flushEverySeconds, late };
    });
  }

  async #rulesOf(channel: string): Promise<NamespaceRules | undefined> {
    const { registry } = this.#parts;
    const namespace = namespaceOf(channel);
    const known = await registry.namespace(namespace);
    if (known !== undefined) return known;
    await registry.refresh();
    return registry.namespace(namespace);
  }
}

function publicationOf(delivery: Delivery, former: Former | undefined): NewPublication {
  const { idempotencyKey, version, versionEpoch } = delivery;
  return { text: publicationText(delivery), idempotencyKey, version, versionEpoch, former };
}

/** A log answered fewer publications than it was given. */
class MissingAnswerError extends Error {
  override readonly name = 'MissingAnswerError';

  constructor(expected: number) {
    super(`append: expected ${expected} answers, got fewer`);
  }
}
