import { createHash } from 'node:crypto';
import type { JsonValue } from './json';

/** The command that a courier answers once the publication is in the log. */
export interface DeliveryReply {
  readonly client: string;
  readonly id: number;
  /** `publish` answers `{id, publish: {}}`; `rpc` answers `{id, rpc: {data: {...data, offset, epoch}}}`. */
  readonly kind: 'publish' | 'rpc';
  /** Further fields of an rpc's result beside `offset` and `epoch`. */
  readonly data?: { readonly [key: string]: JsonValue };
}

/** Who published from a client connection, as subscribers see it (`info` of a publication). */
export interface PublisherInfo {
  readonly user: string;
  readonly client: string;
}

/**
 * One publication on its way to a channel: the body of a message on the deliveries queue, which is the
 * only entrance for publications, whoever makes them.
 */
export interface Delivery {
  readonly v: 1;
  readonly type: 'publication';
  readonly channel: string;
  readonly data: JsonValue;
  /** Repeats of one key within five minutes make one publication. At most 128 characters. */
  readonly idempotencyKey: string;
  /** Name of the publishing service, `holdfast` for the gateway itself. */
  readonly source: string;
  readonly traceparent: string;
  readonly info?: PublisherInfo;
  readonly reply?: DeliveryReply;
}

/** The `MessageGroupId` of a channel: order and mutual exclusion are per channel. A hash, since ids have an alphabet. */
export function deliveryGroupId(channel: string): string {
  return createHash('sha256').update(channel).digest('hex');
}

/** The `MessageDeduplicationId` of a delivery; its scope is the group. */
export function deliveryDeduplicationId(idempotencyKey: string): string {
  return createHash('sha256').update(idempotencyKey).digest('hex');
}
