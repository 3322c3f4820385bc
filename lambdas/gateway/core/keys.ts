import { createHash } from 'node:crypto';

/** Keys of Redis. The part in braces chooses the cluster slot; no script touches two of them. */

export function connectionKey(connection: string): string {
  return `hf1:{c:${connection}}`;
}

/** Hash: frames of a connection that wait for their turn. */
export function inboxKey(connection: string): string {
  return `${connectionKey(connection)}:in`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** What an entry of a log has of its idempotency key: 96 bits, enough for the entries of one log. */
export function keyDigest(key: string): string {
  return hashOf(key).slice(0, 16);
}

export function channelKeys(channel: string) {
  const slot = `hf1:{ch:${channel}}`;
  return {
    /** Hash: epoch, top offset, partitions and their counts. */
    meta: `${slot}:meta`,
    /** Stream: entry id = offset. */
    log: `${slot}:log`,
    /** Hash, hash, sorted set: the clients in it, their users, and until when each counts. */
    members: `${slot}:p`,
    users: `${slot}:pu`,
    leases: `${slot}:pl`,
    /** Stream: who joined and left a moment ago. */
    moves: `${slot}:jl`,
    /** Stream: what the bus is to be told of it. */
    events: `${slot}:ev`,
    /** Hash: how many sockets took a publication, by who counted. */
    receipt: (epoch: string, offset: number) => `${slot}:t:${epoch}:${offset}`,
    /** Hash: offset and epoch that a former publish with this key got. */
    idempotency: (key: string) => `${slot}:i:${hashOf(key).slice(0, 22)}`,
  };
}

/** String: the newest position of a channel that a subscriber was shown. A slot of its own, so that it outlives the log's loss. */
export function witnessKey(channel: string): string {
  return `hf1:{w:${channel}}`;
}

export function partitionKey(channel: string, partition: number): string {
  return `hf1:{p${partition}:${channel}}`;
}

/** String: what posts have used up of the environment's budget. */
export function budgetKey(): string {
  return 'hf1:{budget}';
}

/** Sorted set: when a connection of this shard is to be looked at. */
export function dueKey(shard: number): string {
  return `hf1:{due:${shard}}`;
}

/** Keys of a user. A digest, since a user's id has any characters and a brace would choose the slot. */
export function userKeys(user: string) {
  const slot = `hf1:{u:${createHash('sha256').update(user).digest('base64url').slice(0, 16)}}`;
  return {
    /** Hash: the user's connections. */
    connections: slot,
    /** String: tokens issued before that second (epoch) are not accepted. */
    revokedBefore: `${slot}:r`,
    /** String: what the user's commands have used up. */
    commands: `${slot}:n`,
  };
}

/** String: what handshakes from a network have used up. */
export function networkKey(network: string): string {
  return `hf1:{ip:${network}}`;
}
