import { ENVELOPE_SOURCE } from '../../../contract/envelope';
import { LIFECYCLE_DETAIL_TYPE, type UnsignedLifecycleEvent } from '../../../contract/lifecycle';
import { type SigningKey, signEnvelope } from '../../../contract/signature';
import type { LifecycleBus } from '../ports';
import type { JsonCalls } from './aws/json-service';
import { NoSigningKeyError, putEntries } from './event-bridge-bus';

/** Lifecycle events on EventBridge, each signed. */
export class EventBridgeLifecycle implements LifecycleBus {
  readonly #events: JsonCalls;
  readonly #busName: string;
  readonly #signingKey: () => Promise<SigningKey | undefined>;

  constructor(events: JsonCalls, busName: string, signingKey: () => Promise<SigningKey | undefined>) {
    this.#events = events;
    this.#busName = busName;
    this.#signingKey = signingKey;
  }

  async put(events: readonly UnsignedLifecycleEvent[]): Promise<void> {
    const key = await this.#signingKey();
    if (key === undefined) throw new NoSigningKeyError();
    // Where one is refused, all of them come again, under their ids.
    await putEntries(
      this.#events,
      events.map((event) => ({
        EventBusName: this.#busName,
        Source: ENVELOPE_SOURCE,
        DetailType: LIFECYCLE_DETAIL_TYPE,
        Detail: JSON.stringify(signEnvelope(event, key)),
      })),
    );
  }
}
