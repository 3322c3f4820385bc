/** What may be used up of something per time. */
export interface Rate {
  readonly perSecond: number;
  /** Units that may come at once. */
  readonly burst: number;
}

/** Rates that are kept outside of a connection. */
export interface Rates {
  /** A handshake from a network. False: too many. Rejects where Redis fails. */
  handshake(network: string, rate: Rate): Promise<boolean>;
  /** Commands of a user. False: too many. Rejects where Redis fails. */
  commands(user: string, count: number, rate: Rate): Promise<boolean>;
}
