/** A connection whose time has come, until the end of the claim. */
export interface Claim {
  readonly connection: string;
  readonly shard: number;
  /** Names the claim: epoch ms at which the connection is due again unless the claim is settled before. */
  readonly until: number;
}

/** How a claim is settled: the connection is due again at `at` (epoch ms). */
export interface Settlement {
  readonly claim: Claim;
  readonly at: number;
}

/**
 * Keys, and so slots, that connections are spread over: a command on each finds whoever is due. With at most 128 connections in
 * each Redis keeps it as a list, which takes 30 bytes for a connection instead of 130.
 */
export const DUE_SHARDS = 1024;

/**
 * How long whoever claimed a connection has it. A run that dies leaves its claims to the next one after that, and what it
 * should have kept alive is looked at before its idle limit all the same.
 */
export const CLAIM_MS = 60_000;

/**
 * When each open connection is to be looked at. A connection is in it from its handshake until its departure is completed,
 * so that whatever was not noticed or not finished is found.
 */
export interface DueSet {
  /** Not later than `at` (epoch ms); puts the connection in where it is not there. */
  note(connection: string, at: number): Promise<void>;
  /** Takes up to `count` connections of a shard that are due, for `CLAIM_MS`. */
  claim(shard: number, now: number, count: number): Promise<readonly Claim[]>;
  /** Without effect where a connection was forgotten, or noted for an earlier time, since it was claimed. */
  settle(settlements: readonly Settlement[]): Promise<void>;
  /** Nothing is left to do for the connection. */
  forget(connection: string): Promise<void>;
}

/** Spreads connections, whose ids are random, over `DUE_SHARDS`. */
export function dueShardOf(connection: string): number {
  return spread(connection) % DUE_SHARDS;
}

/** A whole number below 2^32 that only the name decides. */
export function spread(name: string): number {
  let hash = 0;
  for (let index = 0; index < name.length; index++) hash = (hash * 31 + name.charCodeAt(index)) >>> 0;
  return hash;
}
