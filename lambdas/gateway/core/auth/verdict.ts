import type { JsonValue } from '../../../contract/json';
import type { Identity } from '../connections/connection';

/** The token is refused for good. The reason says which check failed and repeats nothing of the token. */
export interface Invalid {
  readonly result: 'invalid';
  readonly reason: string;
}

/** The token was good once: its client should fetch the next one (error 109). */
export interface Expired {
  readonly result: 'expired';
}

/** What a connection token comes to. */
export type Verdict = { readonly result: 'ok'; readonly identity: Identity } | Expired | Invalid;

/** What a subscription token allows. */
export interface Grant {
  /** Epoch seconds at which the subscription ends unless it is refreshed; 0: never. */
  readonly expiresAt: number;
  /** Epoch seconds; 0 where the token does not say. */
  readonly issuedAt: number;
  /** Shown to others of the channel, an object as JSON text. */
  readonly info?: string;
  /** For the client, in the subscribe reply. */
  readonly data?: JsonValue;
}

/** What a subscription token comes to. */
export type SubscriptionVerdict = { readonly result: 'ok'; readonly grant: Grant } | Expired | Invalid;

export const EXPIRED: Expired = { result: 'expired' };

export function invalid(reason: string): Invalid {
  return { result: 'invalid', reason };
}

/** Whether reading something ended in a refusal. */
export function isRefusal<Value extends object>(
  value: Value | Expired | Invalid,
): value is Expired | Invalid {
  return 'result' in value && (value.result === 'invalid' || value.result === 'expired');
}
