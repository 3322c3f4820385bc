import type { EnvelopeSignature } from './envelope';
import type { ClientInfo } from './frames';
import type { JsonValue } from './json';

/** EventBridge `detail-type` of lifecycle events; their `source` is that of envelopes. */
export const LIFECYCLE_DETAIL_TYPE = 'holdfast.lifecycle';

/** Events of connections. */
export const CONNECTION_EVENTS = ['connected', 'disconnected'] as const;

/** Events of channels, which have a namespace. */
export const CHANNEL_EVENTS = ['subscribed', 'unsubscribed', 'occupied', 'vacated'] as const;

/** Events of users. */
export const USER_EVENTS = ['undelivered'] as const;

interface Common {
  readonly v: 1;
  readonly kind: 'lifecycle';
  /**
   * Names what happened: an event that comes twice comes with the same id. The bus may deliver events twice and in any order.
   */
  readonly id: string;
  /** Epoch ms at which it happened, by the clock of the function that did it. */
  readonly at: number;
}

/** A connection began or ended. */
export interface ConnectionEvent extends Common {
  readonly event: (typeof CONNECTION_EVENTS)[number];
  /** Connection id. */
  readonly client: string;
  /** Empty: anonymous. */
  readonly user: string;
}

/** A client came into a channel or left it. One that comes back in time after its connection was lost has not left. */
export interface SubscriptionEvent extends Common {
  readonly event: 'subscribed' | 'unsubscribed';
  readonly channel: string;
  readonly namespace: string;
  readonly client: string;
  readonly user: string;
  readonly info: ClientInfo;
}

/** A channel got its first member, or lost its last. */
export interface ChannelEvent extends Common {
  readonly event: 'occupied' | 'vacated';
  readonly channel: string;
  readonly namespace: string;
  /** Grows with every time that the channel is occupied; `vacated` names the time that it ends. The highest one tells how it is now. */
  readonly generation: number;
}

/**
 * It is not known that a socket of a user took what a service sent to the user. Told always where none did; a client that comes
 * back at that moment may get it all the same.
 */
export interface UndeliveredEvent extends Common {
  readonly event: (typeof USER_EVENTS)[number];
  readonly user: string;
  /** What was sent. */
  readonly data: JsonValue;
  /** Name of the service that sent it. */
  readonly from: string;
}

/** What happened to a connection, a subscription, a channel or a user, as `detail` of an EventBridge event before it is signed. */
export type UnsignedLifecycleEvent = ConnectionEvent | SubscriptionEvent | ChannelEvent | UndeliveredEvent;

/** Signed as envelopes are: Ed25519 over the RFC 8785 form of the event without `signature`. */
export type LifecycleEvent = UnsignedLifecycleEvent & { readonly signature: EnvelopeSignature };
