import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ENVELOPE_SOURCE } from '../../../contract/envelope';
import { LIFECYCLE_DETAIL_TYPE, type UnsignedLifecycleEvent } from '../../../contract/lifecycle';
import { type SigningKey, signEnvelope } from '../../../contract/signature';
import type { LifecycleBus } from '../ports';
import { BusRefusalError, NoSigningKeyError } from './event-bridge-bus';

/** Lifecycle events on EventBridge, each signed. */
export class EventBridgeLifecycle implements LifecycleBus {
  readonly #client: EventBridgeClient;
  readonly #busName: string;
  readonly #signingKey: () => Promise<SigningKey | undefined>;

  constructor(client: EventBridgeClient, busName: string, signingKey: () => Promise<SigningKey | undefined>) {
    this.#client = client;
    this.#busName = busName;
    this.#signingKey = signingKey;
  }

  async put(events: readonly UnsignedLifecycleEvent[]): Promise<void> {
    const key = await this.#signingKey();
    if (key === undefined) throw new NoSigningKeyError();
    const { FailedEntryCount, Entries } = await this.#client.send(
      new PutEventsCommand({
        Entries: events.map((event) => ({
          EventBusName: this.#busName,
          Source: ENVELOPE_SOURCE,
          DetailType: LIFECYCLE_DETAIL_TYPE,
          Detail: JSON.stringify(signEnvelope(event, key)),
        })),
      }),
    );
    // PutEvents answers 200 also where it took nothing. All of them come again, under their ids.
    if (FailedEntryCount !== 0) {
      const refused = Entries?.find(({ ErrorCode }) => ErrorCode !== undefined);
      throw new BusRefusalError(refused?.ErrorCode ?? 'no code');
    }
  }
}
