import type { JsonValue } from './json';

/** EventBridge `source` of everything that the gateway puts on the bus. */
export const ENVELOPE_SOURCE = 'holdfast.gateway';

/** EventBridge `detail-type` per envelope kind; rules of services select on it. */
export const ENVELOPE_DETAIL_TYPE = { rpc: 'holdfast.rpc' } as const;

export type EnvelopeKind = keyof typeof ENVELOPE_DETAIL_TYPE;

/** Who signed an envelope and the signature (`lambdas/contract/signature.ts`). */
export interface EnvelopeSignature {
  /** Id of the signing key; its public half stands in SSM `/holdfast/<env>/signing-keys`. */
  readonly kid: string;
  /** Ed25519 over the RFC 8785 form of the envelope without `signature`; base64url. */
  readonly value: string;
}

/**
 * What a business function receives as `detail` of an EventBridge event: one command of one client.
 * Plain JSON, any language. The bus may deliver it twice and in any order, hence `id`, `seq` and `deadline`.
 */
export interface UnsignedEnvelope {
  readonly v: 1;
  /** Unique per command (UUID); the root of every idempotency key. */
  readonly id: string;
  /** Counts a connection's envelopes from 1, in the order in which the gateway accepted them. */
  readonly seq: number;
  readonly kind: EnvelopeKind;
  /** The part of the rpc method before the first dot; the rule of the service selects on it. */
  readonly service: string;
  /** The whole rpc method, `echo.say`. */
  readonly method: string;
  /** Connection id, the `{id}` of `POST @connections/{id}`. */
  readonly client: string;
  /** User id from the token's `sub`; empty for an anonymous connection. */
  readonly user: string;
  /** The client's command id, to be echoed in the reply frame. */
  readonly commandId: number;
  readonly data: JsonValue;
  /** Epoch milliseconds at which the gateway accepted the command. */
  readonly issuedAt: number;
  /** Epoch milliseconds after which an rpc must not start: the client has given up. */
  readonly deadline: number;
  /** W3C trace context, `00-<32 hex>-<16 hex>-<2 hex>`. */
  readonly traceparent: string;
}

export interface Envelope extends UnsignedEnvelope {
  readonly signature: EnvelopeSignature;
}

/** The EventBridge event that a rule hands to a business function. */
export interface EnvelopeEvent {
  readonly id: string;
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: Envelope;
  /** Present on archived events that were replayed: those never answer a client. */
  readonly 'replay-name'?: string;
}
