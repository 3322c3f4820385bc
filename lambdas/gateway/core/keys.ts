import { createHash } from 'node:crypto';

/** Keys of Redis. The part in braces chooses the cluster slot; no script touches two of them. */

export function connectionKey(connection: string): string {
  return `hf1:{c:${connection}}`;
}

/** Hash: frames of a connection that wait for their turn. */
export function inboxKey(connection: string): string {
  return `${connectionKey(connection)}:in`;
}

export function channelKeys(channel: string) {
  const slot = `hf1:{ch:${channel}}`;
  return {
    /** Hash: epoch, top offset, partitions and their counts. */
    meta: `${slot}:meta`,
    /** Stream: entry id = offset. */
    log: `${slot}:log`,
    /** Hash: offset and epoch that a former publish with this key got. */
    idempotency: (key: string) =>
      `${slot}:i:${createHash('sha256').update(key).digest('base64url').slice(0, 22)}`,
  };
}

/** String: the newest position of a channel that a subscriber was shown. A slot of its own, so that it outlives the log's loss. */
export function witnessKey(channel: string): string {
  return `hf1:{w:${channel}}`;
}

export function partitionKey(channel: string, partition: number): string {
  return `hf1:{p${partition}:${channel}}`;
}
