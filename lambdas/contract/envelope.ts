import type { JsonObject, JsonValue } from './json';

/** EventBridge `source` of everything that the gateway puts on the bus. */
export const ENVELOPE_SOURCE = 'holdfast.gateway';

/** EventBridge `detail-type` per envelope kind; rules of services select on it. */
export const ENVELOPE_DETAIL_TYPE = {
  rpc: 'holdfast.rpc',
  publish: 'holdfast.publish',
  subscribe: 'holdfast.subscribe',
  send: 'holdfast.send',
} as const;

export type EnvelopeKind = keyof typeof ENVELOPE_DETAIL_TYPE;

/** Kinds whose client waits for an answer. */
export const ANSWERED_KINDS = ['rpc', 'publish', 'subscribe'] as const satisfies readonly EnvelopeKind[];

/** Who signed an envelope and the signature (`lambdas/contract/signature.ts`). */
export interface EnvelopeSignature {
  /** Id of the signing key; its public half stands in SSM `/holdfast/<env>/signing-keys`. */
  readonly kid: string;
  /** Ed25519 over the RFC 8785 form of the envelope without `signature`; base64url. */
  readonly value: string;
}

interface Common {
  readonly v: 1;
  /** Unique per command (UUID); the root of every idempotency key. */
  readonly id: string;
  /** Counts a connection's envelopes from 1, in the order in which the gateway accepted them. Numbers may be missing. */
  readonly seq: number;
  /** The service that is meant; its rule selects on it. */
  readonly service: string;
  /** Connection id, the `{id}` of `POST @connections/{id}`. */
  readonly client: string;
  /** User id from the token's `sub`; empty for an anonymous connection. */
  readonly user: string;
  /** `info` of the connection's token. */
  readonly info?: JsonObject;
  readonly data: JsonValue;
  /** Epoch milliseconds at which the gateway accepted the command. */
  readonly issuedAt: number;
  /** W3C trace context, `00-<32 hex>-<16 hex>-<2 hex>`. */
  readonly traceparent: string;
}

interface Awaited extends Common {
  /** The client's command id, to be echoed in the reply frame. */
  readonly commandId: number;
  /** Epoch milliseconds after which the work must not start: the client has given up. */
  readonly deadline: number;
}

/** A call of a method. Answered by a post to the connection, `{id, rpc: {data}}` or `{id, error}`. */
export interface UnsignedRpcEnvelope extends Awaited {
  readonly kind: 'rpc';
  /** The whole rpc method, `echo.say`; the service is the part before the first dot. */
  readonly method: string;
}

/**
 * A publish into a namespace whose owner decides about publications. Answered by a post to the connection,
 * `{id, publish: {}}` or `{id, error}`; nothing is in the channel before the service publishes it.
 */
export interface UnsignedPublishEnvelope extends Awaited {
  readonly kind: 'publish';
  readonly channel: string;
  /** What the client's subscription to the channel shows of it, where it has one. */
  readonly channelInfo?: JsonObject;
}

/** A subscribe to a channel of a namespace whose owner lets clients in. Answered by an `Authorization` on the deliveries queue. */
export interface UnsignedSubscribeEnvelope extends Awaited {
  readonly kind: 'subscribe';
  readonly channel: string;
  /** Names the question; the answer repeats it. */
  readonly question: string;
}

/** A message of a client that waits for no answer. */
export interface UnsignedSendEnvelope extends Common {
  readonly kind: 'send';
}

/**
 * What a business function receives as `detail` of an EventBridge event: one command of one client.
 * Plain JSON, any language. The bus may deliver it twice and in any order, hence `id`, `seq` and `deadline`.
 */
export type UnsignedEnvelope =
  | UnsignedRpcEnvelope
  | UnsignedPublishEnvelope
  | UnsignedSubscribeEnvelope
  | UnsignedSendEnvelope;

export type Signed<Unsigned> = Unsigned & { readonly signature: EnvelopeSignature };

export type Envelope = Signed<UnsignedEnvelope>;

/** The EventBridge event that a rule hands to a business function. */
export interface EnvelopeEvent {
  readonly id: string;
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: Envelope;
  /** Present on archived events that were replayed: those never answer a client. */
  readonly 'replay-name'?: string;
}

/** Input of the `SendMessage` that puts an envelope on a service's ordered queue: the event that a rule would hand over. */
export function orderedCommandInput(queueUrl: string, envelope: Envelope) {
  const event: EnvelopeEvent = {
    id: envelope.id,
    source: ENVELOPE_SOURCE,
    'detail-type': ENVELOPE_DETAIL_TYPE[envelope.kind],
    detail: envelope,
  };
  return {
    QueueUrl: queueUrl,
    MessageBody: JSON.stringify(event),
    // Connection ids are of the alphabet of group ids.
    MessageGroupId: envelope.client,
    MessageDeduplicationId: envelope.id,
  };
}
