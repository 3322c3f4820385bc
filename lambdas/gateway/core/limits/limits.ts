/** One limit of the platform: a row of `docs/limits.md`. */
export interface Limit {
  readonly name: string;
  /** As the configuration has it by default, or fixed. */
  readonly value: string;
  /** Key of the configuration; absent where it is fixed. */
  readonly setting?: string;
  readonly reason: string;
  /** What the client gets. */
  readonly answer: string;
  /** CloudWatch metric in the namespace `Holdfast`, counted once per refusal. */
  readonly metric?: string;
  /** The test that shows it, from the root of the project. */
  readonly test: string;
}

/** Every limit that a client can meet, by the key that log lines name. */
export const LIMITS = {
  subscriptionsPerConnection: {
    name: 'subscriptions of a connection',
    value: '128',
    setting: 'limits.subscriptionsPerConnection',
    reason: "Centrifugo's default; what surely fits into one frame of 32 KB at a reconnect",
    answer: 'error 106',
    metric: 'SubscriptionLimitReached',
    test: 'test/unit/limits/limit-notes.test.ts',
  },
  connectionsPerUser: {
    name: 'connections of a user',
    value: '100',
    setting: 'limits.connectionsPerUser',
    reason: 'devices and tabs of a person; more is a loop, or a token that many share',
    answer: 'disconnect 3504; at the handshake HTTP 429',
    metric: 'ConnectionLimitReached',
    test: 'test/redis/limits.test.ts',
  },
  connectsPerNetwork: {
    name: 'handshakes from an IPv4 address or a /64 of IPv6',
    value: '20 a second, 1,000 at once',
    setting: 'limits.connectsPerSecond, limits.connectBurst',
    reason: 'an office behind one address comes back at once after a cut; a flood does not end',
    answer: 'HTTP 429 at the handshake',
    metric: 'ConnectRateReached',
    test: 'test/redis/limits.test.ts',
  },
  commandsPerConnection: {
    name: 'commands of a connection',
    value: '100 a second; at once 300, and one for each subscription that it may have',
    setting: 'limits.commandsPerSecond, limits.commandBurst',
    reason: 'a cursor that follows a mouse sends 60 a second; a reconnect brings all subscribes at once',
    answer: 'error 111; who goes on until twice the burst is used up: disconnect 3013',
    metric: 'CommandRateReached',
    test: 'test/redis/command-rate.test.ts',
  },
  commandsPerUser: {
    name: 'commands of all connections of a user',
    value: '500 a second, ten seconds of them at once',
    setting: 'limits.commandsPerSecondOfUser',
    reason: 'many connections of one user shall not be a way around the limit of each',
    answer: 'error 111, for a second on the connection that met it',
    metric: 'UserCommandRateReached',
    test: 'test/redis/command-rate.test.ts',
  },
  postsPerSecond: {
    name: 'posts to all connections of an environment',
    value: '8,000 a second',
    setting: 'limits.postsPerSecond',
    reason: "the account's 10,000 requests a second, which the frames of clients share",
    answer: 'publications later, small channels before large ones; replies at once',
    test: 'test/redis/post-budget.test.ts',
  },
  waitingFrames: {
    name: 'frames of a connection that wait for their turn',
    value: '64 frames, 128 KB',
    reason: 'four frames of the largest size, or subscribes by the dozen',
    answer: 'disconnect 3013',
    metric: 'WaitingFramesReached',
    test: 'test/redis/inbox.test.ts',
  },
  pendingSeconds: {
    name: 'time until the connect command',
    value: '10 s',
    setting: 'liveness.pendingSeconds',
    reason: 'SDKs send it at once; it is enforced by the minute',
    answer: 'disconnect 3502',
    metric: 'StaleConnections',
    test: 'test/redis/caretaker.test.ts',
  },
  frameBytes: {
    name: 'frame of a client',
    value: '32 KB',
    reason: 'API Gateway takes no more',
    answer: 'close 1009 by API Gateway',
    test: 'test/local/gateway-frames.test.ts',
  },
  publicationBytes: {
    name: 'publication',
    value: "120 KB, of clients the namespace's `publicationBytes`",
    setting: 'namespaces.<name>.publicationBytes',
    reason: 'a post may carry 128 KB, the frame around it included',
    answer: 'error 107',
    test: 'test/unit/gateway/courier.test.ts',
  },
  channelName: {
    name: 'channel name',
    value: '255 printable ASCII characters, no space, no braces',
    reason: "Centrifugo's default length; a brace would choose the slot of a key",
    answer: 'error 107',
    test: 'test/unit/contract/channel.test.ts',
  },
  depth: {
    name: 'levels of JSON',
    value: '128',
    reason: 'the bus takes 1,000; whoever writes it again needs a stack',
    answer: 'disconnect 3501',
    test: 'test/unit/gateway/parse-frame.test.ts',
  },
  history: {
    name: 'page of history, recovery',
    value: '300 publications, 24 KB',
    reason: 'one frame of 32 KB holds it',
    answer: 'a shorter page; a subscribe without recovery',
    test: 'test/redis/history.test.ts',
  },
} as const satisfies Readonly<Record<string, Limit>>;

export type LimitName = keyof typeof LIMITS;
