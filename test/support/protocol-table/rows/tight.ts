import { DISCONNECTS, PROTOCOL_ERRORS, UNSUBSCRIBES } from '../../../../lambdas/contract/codes';
import { DEFAULT_RULES, type ServiceRegistration } from '../../../../lambdas/contract/registry';
import { connects, infoOf, type Message, type Row, type Scene, subscribed } from '../exchange';

/** The configuration that these rows are about: few of everything, and short lives. */
export const TIGHT_CONFIG = {
  sendService: 'echo',
  namespaces: { bare: { publish: 'direct' } },
  limits: {
    subscriptionsPerConnection: 3,
    connectionsPerUser: 2,
    commandsPerSecond: 1,
    commandBurst: 12,
  },
  liveness: { pendingSeconds: 2, plannedReconnectSeconds: 42 },
} as const;

/** The janitor comes every six seconds, and an idle connection ends after 60: longer than any row waits. */
export const TIGHT_TIME_SCALE = 10;

/** Registered, and nobody is there to answer. */
export const SILENT_SERVICE: ServiceRegistration = {
  v: 1,
  service: 'silent',
  methods: [],
  namespaces: { silent: { ...DEFAULT_RULES, subscribe: 'service' } },
};

/** What the clients of an expired permission have to renew it. */
const GRACE_MS = 25_000;
const AT_LATEST_MS = GRACE_MS + 10_000;

/** More than the burst, so that a frame of as many is refused as a whole. */
const FLOOD = TIGHT_CONFIG.limits.commandBurst + TIGHT_CONFIG.limits.subscriptionsPerConnection + 5;

const pings = (from: number) => Array.from({ length: FLOOD }, (_, n) => ({ id: from + n, ping: {} }));
const soon = () => Math.floor(Date.now() / 1000) + 2;

const publishes = (scene: Scene, id: number, data: unknown) =>
  ({
    by: 'alice',
    sends: { id, publish: { channel: scene.channel, data } },
    gets: [{ id, publish: {} }],
  }) as const;
const subscribes = (id: number, channel: string, more: Message = {}) =>
  ({
    by: 'alice',
    sends: { id, subscribe: { channel } },
    gets: [{ id, subscribe: subscribed(0, more) }],
  }) as const;
const end = (disconnect: Message) => ({ gets: [{ push: { disconnect } }], closes: 1000 });

/** Rows that need a configuration of their own, a Redis in reach, or the janitor. */
export const TIGHT_ROWS: readonly Row[] = [
  {
    name: 'send: goes to the service that is named for it, and is not answered',
    exchanges: (scene) => {
      const { channel } = scene;
      const data = { text: 'hi', user: scene.user('alice') };
      return [
        ...connects(scene),
        subscribes(2, channel),
        {
          by: 'alice',
          sends: { send: { data: { channel, text: 'hi' } } },
          gets: [{ push: { channel, pub: { offset: 1, data } } }],
        },
      ];
    },
  },
  {
    name: '100: a subscribe to which the service has no answer',
    exchanges: (scene) => [
      ...connects(scene),
      {
        by: 'alice',
        sends: { id: 2, subscribe: { channel: 'silent:1' } },
        gets: [{ id: 2, error: PROTOCOL_ERRORS.internal }],
      },
    ],
  },
  {
    name: '106: one subscription too many',
    exchanges: (scene) => [
      ...connects(scene),
      // The channel of the user is the first.
      subscribes(2, `${scene.channel}-1`),
      subscribes(3, `${scene.channel}-2`),
      {
        by: 'alice',
        sends: { id: 4, subscribe: { channel: `${scene.channel}-3` } },
        gets: [{ id: 4, error: PROTOCOL_ERRORS.limitExceeded }],
      },
    ],
  },
  {
    name: '108: the history of a namespace that keeps none',
    exchanges: (scene) => [
      ...connects(scene),
      {
        by: 'alice',
        sends: { id: 2, history: { channel: 'bare:1', limit: 1 } },
        gets: [{ id: 2, error: PROTOCOL_ERRORS.notAvailable }],
      },
    ],
  },
  {
    name: '111, 3013: a flood, and who goes on',
    exchanges: (scene) => [
      ...connects(scene),
      {
        by: 'alice',
        sends: pings(2),
        gets: pings(2).map(({ id }) => ({ id, error: PROTOCOL_ERRORS.tooManyRequests })),
      },
      { by: 'alice', sends: pings(2 + FLOOD), ...end(DISCONNECTS.tooManyRequests) },
    ],
  },
  {
    name: '2500: a channel whose log was lost',
    exchanges: (scene) => [
      ...connects(scene),
      subscribes(2, scene.channel),
      { loses: 'channel' },
      // Whether the publish is told first is open.
      {
        by: 'alice',
        sends: { id: 3, publish: { channel: scene.channel, data: 1 } },
        gets: [
          { id: 3, publish: {} },
          { push: { channel: scene.channel, unsubscribe: UNSUBSCRIBES.insufficientState } },
        ],
        unordered: true,
      },
      {
        by: 'alice',
        sends: { id: 4, subscribe: { channel: scene.channel } },
        gets: [{ id: 4, subscribe: subscribed(1) }],
      },
    ],
  },
  {
    name: '2501: a subscription whose token is not renewed; a new one is served',
    exchanges: (scene) => {
      const { channel } = scene;
      const subscribe = (id: number, exp: number, offset: number) =>
        ({
          by: 'alice',
          sends: { id, subscribe: { channel, token: scene.token({ channel, exp }) } },
          gets: [{ id, subscribe: subscribed(offset, { expires: true, ttl: expect.any(Number) }) }],
        }) as const;
      return [
        ...connects(scene, 'alice'),
        subscribe(2, soon(), 0),
        {
          by: 'alice',
          gets: [{ push: { channel, unsubscribe: UNSUBSCRIBES.expired } }],
          withinMs: AT_LATEST_MS,
        },
        publishes(scene, 3, 1),
        subscribe(4, soon() + 60, 1),
      ];
    },
  },
  {
    name: '3001: the planned reconnect',
    exchanges: (scene) => [
      ...connects(scene, 'alice', { exp: soon() + 600 }),
      {
        by: 'alice',
        ...end(DISCONNECTS.shutdown),
        withinMs: TIGHT_CONFIG.liveness.plannedReconnectSeconds * 1_100 + 10_000,
      },
    ],
  },
  {
    name: '3005: a connection whose token is not renewed',
    exchanges: (scene) => [
      ...connects(scene, 'alice', { exp: soon() }),
      { by: 'alice', ...end(DISCONNECTS.expired), withinMs: AT_LATEST_MS },
    ],
  },
  {
    name: '3010: a connection whose state was lost',
    exchanges: (scene) => [
      ...connects(scene),
      { loses: 'alice' },
      { by: 'alice', sends: { id: 2, ping: {} }, ...end(DISCONNECTS.insufficientState) },
    ],
  },
  {
    name: '3502: a socket without a connect command',
    exchanges: () => [{ opens: 'alice' }, { by: 'alice', ...end(DISCONNECTS.stale), withinMs: 15_000 }],
  },
  {
    name: '3504: a connection too many of one user; at the handshake 429',
    exchanges: (scene) => {
      const sub = scene.user('alice');
      return [
        ...connects(scene),
        ...connects(scene, 'bob', { sub }),
        { opens: 'carol' },
        {
          by: 'carol',
          sends: { id: 1, connect: { token: scene.token() } },
          ...end(DISCONNECTS.connectionLimit),
        },
        { opens: 'carol', as: { query: `?token=${scene.token()}` }, refused: 429 },
      ];
    },
  },
  {
    name: 'leave: of a lost connection, after the grace',
    exchanges: (scene) => {
      const { channel } = scene;
      return [
        ...connects(scene),
        ...connects(scene, 'bob'),
        {
          by: 'alice',
          sends: { id: 2, subscribe: { channel, join_leave: true } },
          gets: [
            { id: 2, subscribe: subscribed() },
            { push: { channel, join: { info: infoOf(scene, 'alice') } } },
          ],
        },
        { by: 'bob', sends: { id: 2, subscribe: { channel } }, gets: [{ id: 2, subscribe: subscribed() }] },
        { by: 'alice', gets: [{ push: { channel, join: { info: infoOf(scene, 'bob') } } }] },
        { backend: 'disconnect', calls: { user: scene.user('bob') } },
        { by: 'bob', ...end(DISCONNECTS.forceDisconnect) },
        {
          by: 'alice',
          gets: [{ push: { channel, leave: { info: infoOf(scene, 'bob') } } }],
          withinMs: 25_000,
        },
      ];
    },
  },
];
