/** What the gateway enforces. Times are in milliseconds, sizes in bytes. */
export interface GatewayLimits {
  /** A connection without a message in either direction for this long is closed with 1001. */
  readonly idleMs: number;
  /** A connection is closed with 1001 when it gets this old, whatever it does. */
  readonly lifeMs: number;
  /** A function that has not answered by then counts as failed. */
  readonly integrationTimeoutMs: number;
  /** Payload of one frame from a client. */
  readonly frameBytes: number;
  /** Payload of a whole message, in both directions. */
  readonly messageBytes: number;
  /** Length of the URL that a client connects to. */
  readonly urlCharacters: number;
  /**
   * Bytes that may wait for a client that reads slowly before posts to it are refused. AWS names no number for
   * its "client side buffer"; this one holds eight messages of the largest size.
   */
  readonly slowClientBytes: number;
}

/** The quotas of API Gateway WebSocket APIs; none of those that AWS publishes can be raised. */
export const AWS_LIMITS: GatewayLimits = {
  idleMs: 10 * 60_000,
  lifeMs: 2 * 60 * 60_000,
  integrationTimeoutMs: 29_000,
  frameBytes: 32 * 1024,
  messageBytes: 128 * 1024,
  urlCharacters: 4096,
  slowClientBytes: 1024 * 1024,
};
