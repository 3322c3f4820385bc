import { createHash } from 'node:crypto';
import type { ProtocolError } from './codes';
import type { ClientInfo } from './frames';
import type { JsonObject, JsonValue } from './json';

/**
 * Largest publication, in bytes of its JSON as subscribers get it, without offset. A post may carry 128 KB; the rest is for the
 * frame around it.
 */
export const MAX_PUBLICATION_BYTES = 120 * 1024;

/** Most bytes of the JSON of `reply.data`: a few fields beside a publication, not a second one. */
export const MAX_REPLY_DATA_BYTES = 64 * 1024;

/** Repeats of an idempotency key within this make one publication; afterwards nobody remembers it. */
export const IDEMPOTENCY_WINDOW_SECONDS = 300;

/** The command that a courier answers once the publication is in the log. */
export interface DeliveryReply {
  readonly client: string;
  readonly id: number;
  /** `publish` answers `{id, publish: {}}`; `rpc` answers `{id, rpc: {data: {...data, offset, epoch}}}`. */
  readonly kind: 'publish' | 'rpc';
  /** Further fields of an rpc's result beside `offset` and `epoch`; at most `MAX_REPLY_DATA_BYTES`. */
  readonly data?: { readonly [key: string]: JsonValue };
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
  /** Repeats of one key within `IDEMPOTENCY_WINDOW_SECONDS` make one publication. At most 128 characters. */
  readonly idempotencyKey: string;
  /** Name of the publishing service, `holdfast` for the gateway itself. */
  readonly source: string;
  /** Epoch ms, an integer. A courier appends nothing so old that a first append of its key may be forgotten. */
  readonly publishedAt: number;
  readonly traceparent: string;
  /** Who published from a client connection, as subscribers see it (`info` of a publication). */
  readonly info?: ClientInfo;
  readonly reply?: DeliveryReply;
  /**
   * Counts up with the state that is published, an integer from 1 to 2^53 - 1. A delivery whose version is not above the
   * channel's last one of the same `versionEpoch` is not appended; its publisher is answered with the channel's position.
   */
  readonly version?: number;
  /** What versions are compared within, at most 128 characters; another one starts anew. Absent is the empty one. */
  readonly versionEpoch?: string;
  /** Of a user's own channel only: the bus is told (`undelivered`) unless it is known that a socket of the user took it. */
  readonly receipt?: true;
}

/** Most bytes of the JSON of `info`, which goes into each presence entry, join and publication of a client. */
export const MAX_INFO_BYTES = 1024;

/** Most bytes of the JSON of `data` of an `Allowance`: it goes into a reply beside publications that were missed. */
export const MAX_ALLOWANCE_DATA_BYTES = 4096;

/** What a service gives a client with its permission. */
export interface Allowance {
  /** Shown to others of the channel; at most `MAX_INFO_BYTES`. */
  readonly info?: JsonObject;
  /** For the client, in the reply; at most `MAX_ALLOWANCE_DATA_BYTES`. */
  readonly data?: JsonValue;
  /** Epoch seconds, an integer: the client is made to subscribe anew then, and the service is asked again. */
  readonly expiresAt?: number;
}

/**
 * Whether a client may subscribe: the answer to an envelope of the kind `subscribe`, on the deliveries queue. Only the first one
 * counts, and only if it comes within the time of the question.
 */
export type Authorization = {
  readonly v: 1;
  readonly type: 'authorization';
  readonly client: string;
  readonly channel: string;
  readonly commandId: number;
  /** As in the envelope. */
  readonly question: string;
  /** Name of the service that answers. */
  readonly source: string;
  readonly traceparent: string;
} & ({ readonly allow: Allowance } | { readonly deny: ProtocolError });

/** JSON of a publication as subscribers get it, without its offset. */
export function publicationText({ data, info }: Pick<Delivery, 'data' | 'info'>): string {
  return JSON.stringify(info ? { data, info } : { data });
}

/** Size that `MAX_PUBLICATION_BYTES` limits. Not the size of the text that a publisher sent: JSON grows when it is written anew. */
export function publicationBytes(publication: Pick<Delivery, 'data' | 'info'>): number {
  return Buffer.byteLength(publicationText(publication));
}

/** The `MessageGroupId` of a channel: order and mutual exclusion are per channel. A hash, since ids have an alphabet. */
export function deliveryGroupId(channel: string): string {
  return createHash('sha256').update(channel).digest('hex');
}

/** The `MessageDeduplicationId` of what is sent under this name; its scope is the group. */
export function deliveryDeduplicationId(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

/**
 * What the queue takes for the same delivery: its key and the command that it answers. A repeat of the key that has another command
 * to answer has to reach a courier, which appends nothing and answers it with the first one's place.
 */
export function deliveryName({ idempotencyKey, reply }: Pick<Delivery, 'idempotencyKey' | 'reply'>): string {
  return reply === undefined ? idempotencyKey : JSON.stringify([idempotencyKey, reply.client, reply.id]);
}

/** Input of the `SendMessage` that puts an authorization on the deliveries queue. Its order is that of its connection alone. */
export function authorizationCommandInput(queueUrl: string, authorization: Authorization) {
  const { client, question } = authorization;
  return {
    QueueUrl: queueUrl,
    MessageBody: JSON.stringify(authorization),
    // A blank is in no channel's name, so this is no channel's group.
    MessageGroupId: deliveryGroupId(`authorization ${client}`),
    MessageDeduplicationId: deliveryDeduplicationId(question),
  };
}

/** Input of the `SendMessage` that puts a delivery on the deliveries queue. */
export function deliveryCommandInput(queueUrl: string, delivery: Delivery) {
  return {
    QueueUrl: queueUrl,
    MessageBody: JSON.stringify(delivery),
    MessageGroupId: deliveryGroupId(delivery.channel),
    MessageDeduplicationId: deliveryDeduplicationId(deliveryName(delivery)),
  };
}
