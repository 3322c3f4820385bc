import * as v from 'valibot';
import {
  ENVELOPE_DETAIL_TYPE,
  ENVELOPE_SOURCE,
  orderedCommandInput,
  type UnsignedEnvelope,
} from '../../../contract/envelope';
import { type SigningKey, signEnvelope } from '../../../contract/signature';
import type { Bus } from '../ports';
import type { JsonCalls } from './aws/json-service';
import { sendMessage } from './sqs-queues';

/** The bus did not take an envelope. */
export class BusRefusalError extends Error {
  override readonly name = 'BusRefusalError';

  constructor(code: string) {
    super(`bus: expected the entry to be taken, got ${code}`);
  }
}

/** No signing key exists yet: the first rotation has not run. */
export class NoSigningKeyError extends Error {
  override readonly name = 'NoSigningKeyError';

  constructor() {
    super('signing key: expected one, got none before the first rotation');
  }
}

/** An entry of `PutEvents`. */
export interface BusEntry {
  readonly EventBusName: string;
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
}

const results = v.object({
  FailedEntryCount: v.number(),
  Entries: v.array(v.object({ ErrorCode: v.optional(v.string()) })),
});

/** Rejects with BusRefusalError where an entry was not taken: PutEvents answers with success also where it took nothing. */
export async function putEntries(events: JsonCalls, entries: readonly BusEntry[]): Promise<void> {
  const { FailedEntryCount, Entries } = await events.call('PutEvents', { Entries: entries }, results);
  if (FailedEntryCount === 0) return;
  const refused = Entries.find(({ ErrorCode }) => ErrorCode !== undefined);
  throw new BusRefusalError(refused?.ErrorCode ?? 'no code');
}

/** EventBridge and ordered queues of services, each envelope signed. */
export class EventBridgeBus implements Bus {
  readonly #events: JsonCalls;
  readonly #sqs: JsonCalls;
  readonly #busName: string;
  readonly #signingKey: () => Promise<SigningKey | undefined>;

  constructor(
    { events, sqs }: { readonly events: JsonCalls; readonly sqs: JsonCalls },
    busName: string,
    signingKey: () => Promise<SigningKey | undefined>,
  ) {
    this.#events = events;
    this.#sqs = sqs;
    this.#busName = busName;
    this.#signingKey = signingKey;
  }

  async put(envelope: UnsignedEnvelope, queueUrl?: string): Promise<void> {
    const key = await this.#signingKey();
    if (key === undefined) throw new NoSigningKeyError();
    const signed = signEnvelope(envelope, key);
    if (queueUrl !== undefined) return sendMessage(this.#sqs, orderedCommandInput(queueUrl, signed));
    await putEntries(this.#events, [
      {
        EventBusName: this.#busName,
        Source: ENVELOPE_SOURCE,
        DetailType: ENVELOPE_DETAIL_TYPE[envelope.kind],
        Detail: JSON.stringify(signed),
      },
    ]);
  }
}
