import * as v from 'valibot';
import type { LimitRules } from '../lambdas/contract/limit-rules';
import { object, wholeNumber } from './config-schema';

/** What clients and services are held to. `docs/limits.md` has the table. */
export interface LimitsConfig extends LimitRules {
  /** Seconds from an rpc's acceptance to its deadline. */
  readonly rpcTimeoutSeconds: number;
  /** Throttle of the WebSocket stage: frames and handshakes a second, and the bucket's size. */
  readonly framesPerSecond: number;
  readonly frameBurst: number;
  /**
   * Channels that one connection may subscribe to. SDK clients that subscribe to more need the class of `client/`, because
   * their connect frame would be larger than API Gateway takes.
   */
  readonly subscriptionsPerConnection: number;
}

export const LIMITS_DEFAULTS: LimitsConfig = {
  // SDKs give up on a command after 5 s.
  rpcTimeoutSeconds: 5,
  // A fifth of the account's 10,000 rps, which posts to connections share; the rest is theirs.
  framesPerSecond: 2000,
  frameBurst: 1000,
  // Centrifugo's default, and what surely fits into one frame of 32 KB at a reconnect.
  subscriptionsPerConnection: 128,
  // An office behind one address comes back at once after a cut.
  connectsPerSecond: 20,
  connectBurst: 1000,
  // Devices and tabs of a person; more is a loop, or a token that many share.
  connectionsPerUser: 100,
  // A cursor that follows a mouse sends 60 a second.
  commandsPerSecond: 100,
  commandBurst: 300,
  // Five connections that send as much as one may.
  commandsPerSecondOfUser: 500,
  // What the stage's frames leave of the account's 10,000 rps.
  postsPerSecond: 8000,
};

/** What an overlay may say under `limits`. */
export const limitsOverlay = object({
  // The bus keeps an rpc for 60 s at most, and nobody waits longer than that.
  rpcTimeoutSeconds: v.optional(wholeNumber(1, 60)),
  framesPerSecond: v.optional(wholeNumber(1, 10_000)),
  frameBurst: v.optional(wholeNumber(1, 5_000)),
  // One hash holds them and is read as a whole when the connection ends: 10,000 of 100 bytes are a megabyte of it.
  subscriptionsPerConnection: v.optional(wholeNumber(1, 10_000)),
  connectsPerSecond: v.optional(wholeNumber(1, 10_000)),
  connectBurst: v.optional(wholeNumber(1, 100_000)),
  // One hash holds them, and one script reads it.
  connectionsPerUser: v.optional(wholeNumber(1, 10_000)),
  commandsPerSecond: v.optional(wholeNumber(1, 10_000)),
  commandBurst: v.optional(wholeNumber(1, 100_000)),
  commandsPerSecondOfUser: v.optional(wholeNumber(1, 100_000)),
  // Below, a bucket of a twentieth would hold less than a few posts.
  postsPerSecond: v.optional(wholeNumber(100, 1_000_000)),
});

/** The part that the gateway's functions read. A reconnect brings a subscribe for each subscription at once. */
export function limitRulesOf(limits: LimitsConfig): LimitRules {
  return {
    connectsPerSecond: limits.connectsPerSecond,
    connectBurst: limits.connectBurst,
    connectionsPerUser: limits.connectionsPerUser,
    commandsPerSecond: limits.commandsPerSecond,
    commandBurst: limits.commandBurst + limits.subscriptionsPerConnection,
    commandsPerSecondOfUser: limits.commandsPerSecondOfUser,
    postsPerSecond: limits.postsPerSecond,
  };
}
