import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ENVELOPE_DETAIL_TYPE, ENVELOPE_SOURCE, type UnsignedEnvelope } from '../../../contract/envelope';
import { type SigningKey, signEnvelope } from '../../../contract/signature';
import type { Bus } from '../ports';

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

/** EventBridge, each envelope signed. */
export class EventBridgeBus implements Bus {
  readonly #client: EventBridgeClient;
  readonly #busName: string;
  readonly #signingKey: () => Promise<SigningKey | undefined>;

  constructor(client: EventBridgeClient, busName: string, signingKey: () => Promise<SigningKey | undefined>) {
    this.#client = client;
    this.#busName = busName;
    this.#signingKey = signingKey;
  }

  async put(envelope: UnsignedEnvelope): Promise<void> {
    const key = await this.#signingKey();
    if (key === undefined) throw new NoSigningKeyError();
    const { FailedEntryCount, Entries } = await this.#client.send(
      new PutEventsCommand({
        Entries: [
          {
            EventBusName: this.#busName,
            Source: ENVELOPE_SOURCE,
            DetailType: ENVELOPE_DETAIL_TYPE[envelope.kind],
            Detail: JSON.stringify(signEnvelope(envelope, key)),
          },
        ],
      }),
    );
    // PutEvents answers 200 also where it took nothing.
    if (FailedEntryCount !== 0) throw new BusRefusalError(Entries?.[0]?.ErrorCode ?? 'no code');
  }
}
