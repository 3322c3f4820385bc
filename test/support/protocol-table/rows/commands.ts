import { connected, connects, infoOf, type Row, subscribed } from '../exchange';

const pub = (channel: string, offset: number, data: unknown, more: object = {}) => ({
  push: { channel, pub: { offset, data, ...more } },
});

/** Every command as a client means it. */
export const COMMAND_ROWS: readonly Row[] = [
  {
    name: 'connect: who the connection is, when to renew the token, and the channels of user and token',
    exchanges: (scene) => [
      { opens: 'alice' },
      {
        by: 'alice',
        sends: { id: 1, connect: { token: scene.token({ channels: [scene.channel] }) } },
        gets: [
          {
            id: 1,
            connect: {
              client: expect.any(String),
              version: expect.any(String),
              ping: expect.any(Number),
              expires: true,
              ttl: expect.any(Number),
              subs: { [`user:#${scene.user('alice')}`]: subscribed(), [scene.channel]: subscribed() },
            },
          },
        ],
      },
      // The server made the subscription, so its joins come unasked.
      {
        by: 'alice',
        gets: [{ push: { channel: scene.channel, join: { info: infoOf(scene, 'alice') } } }],
      },
    ],
  },
  {
    name: 'connect: recovers the server-side subscriptions of which it tells a position',
    exchanges: (scene) => [
      ...connects(scene, 'bob'),
      {
        by: 'bob',
        sends: { id: 2, publish: { channel: scene.channel, data: 1 } },
        gets: [{ id: 2, publish: {} }],
      },
      { opens: 'alice' },
      {
        by: 'alice',
        sends: {
          id: 1,
          connect: {
            token: scene.token({ channels: [scene.channel] }),
            subs: { [scene.channel]: { recover: true, offset: 0, epoch: '' } },
          },
        },
        gets: [
          {
            id: 1,
            connect: connected({
              subs: expect.objectContaining({
                [scene.channel]: subscribed(0, {
                  was_recovering: true,
                  recovered: true,
                  publications: [{ offset: 1, data: 1, info: infoOf(scene, 'bob') }],
                }),
              }),
            }),
          },
          { push: { channel: scene.channel, join: { info: infoOf(scene, 'alice') } } },
        ],
      },
    ],
  },
  {
    name: 'ping: an empty result',
    exchanges: (scene) => [
      ...connects(scene),
      { by: 'alice', sends: { id: 2, ping: {} }, gets: [{ id: 2, ping: {} }] },
      // A pong answers nothing, and nothing answers it.
      { by: 'alice', sends: [{}, { id: 3, ping: {} }], gets: [{ id: 3, ping: {} }] },
    ],
  },
  {
    name: 'subscribe, publish: the reply before the publication, and both the publisher and others have it',
    exchanges: (scene) => {
      const { channel } = scene;
      const publication = pub(channel, 1, { n: 1 }, { info: infoOf(scene, 'alice') });
      return [
        ...connects(scene),
        ...connects(scene, 'bob'),
        { by: 'alice', sends: { id: 2, subscribe: { channel } }, gets: [{ id: 2, subscribe: subscribed() }] },
        { by: 'bob', sends: { id: 2, subscribe: { channel } }, gets: [{ id: 2, subscribe: subscribed() }] },
        {
          by: 'alice',
          sends: { id: 3, publish: { channel, data: { n: 1 } } },
          gets: [{ id: 3, publish: {} }, publication],
          unordered: true,
        },
        { by: 'bob', gets: [publication] },
      ];
    },
  },
  {
    name: 'subscribe: recovers what was missed, and says that it did',
    exchanges: (scene) => {
      const { channel } = scene;
      return [
        ...connects(scene),
        { by: 'alice', sends: { id: 2, publish: { channel, data: 1 } }, gets: [{ id: 2, publish: {} }] },
        { by: 'alice', sends: { id: 3, publish: { channel, data: 2 } }, gets: [{ id: 3, publish: {} }] },
        {
          by: 'alice',
          sends: { id: 4, subscribe: { channel, recover: true, offset: 1, epoch: '' } },
          gets: [
            {
              id: 4,
              subscribe: subscribed(1, {
                was_recovering: true,
                recovered: true,
                publications: [{ offset: 2, data: 2, info: infoOf(scene, 'alice') }],
              }),
            },
          ],
        },
      ];
    },
  },
  {
    name: 'subscribe: by a subscription token, which says when to renew it and has data for the client',
    exchanges: (scene) => [
      ...connects(scene),
      {
        by: 'alice',
        sends: {
          id: 2,
          subscribe: {
            channel: scene.channel,
            token: scene.token({ channel: scene.channel, data: { seat: 4 } }),
          },
        },
        gets: [
          { id: 2, subscribe: subscribed(0, { expires: true, ttl: expect.any(Number), data: { seat: 4 } }) },
        ],
      },
    ],
  },
  {
    name: 'subscribe: by the word of the service that owns the namespace',
    exchanges: (scene) => {
      const channel = `echo:${scene.user('alice')}`;
      const publication = { text: 'hi', user: scene.user('alice') };
      return [
        ...connects(scene),
        {
          by: 'alice',
          sends: { id: 2, subscribe: { channel } },
          gets: [{ id: 2, subscribe: subscribed(0, { data: { welcome: scene.user('alice') } }) }],
        },
        {
          by: 'alice',
          sends: { id: 3, publish: { channel, data: { text: 'hi' } } },
          gets: [
            { id: 3, publish: {} },
            pub(channel, 1, publication, { info: infoOf(scene, 'alice', { chan_info: { guest: false } }) }),
          ],
          unordered: true,
        },
      ];
    },
  },
  {
    name: 'unsubscribe: always an empty result, and nothing more of the channel',
    exchanges: (scene) => {
      const { channel } = scene;
      return [
        ...connects(scene),
        { by: 'alice', sends: { id: 2, unsubscribe: { channel } }, gets: [{ id: 2, unsubscribe: {} }] },
        { by: 'alice', sends: { id: 3, subscribe: { channel } }, gets: [{ id: 3, subscribe: subscribed() }] },
        { by: 'alice', sends: { id: 4, unsubscribe: { channel } }, gets: [{ id: 4, unsubscribe: {} }] },
        { by: 'alice', sends: { id: 5, publish: { channel, data: 1 } }, gets: [{ id: 5, publish: {} }] },
        {
          by: 'alice',
          sends: { id: 6, subscribe: { channel } },
          gets: [{ id: 6, subscribe: subscribed(1) }],
        },
      ];
    },
  },
  {
    name: 'presence, presence_stats: who is there, and how many',
    exchanges: (scene) => {
      const { channel } = scene;
      return [
        ...connects(scene, 'alice', { info: { name: 'Al' } }),
        ...connects(scene, 'bob'),
        {
          by: 'bob',
          sends: [
            { id: 2, presence: { channel } },
            { id: 3, presence_stats: { channel } },
          ],
          gets: [
            { id: 2, presence: { presence: {} } },
            { id: 3, presence_stats: { num_clients: 0, num_users: 0 } },
          ],
        },
        { by: 'alice', sends: { id: 2, subscribe: { channel } }, gets: [{ id: 2, subscribe: subscribed() }] },
        {
          by: 'bob',
          sends: { id: 4, presence: { channel } },
          gets: [
            { id: 4, presence: { presence: only(infoOf(scene, 'alice', { conn_info: { name: 'Al' } })) } },
          ],
        },
        {
          by: 'bob',
          sends: { id: 5, presence_stats: { channel } },
          gets: [{ id: 5, presence_stats: { num_clients: 1, num_users: 1 } }],
        },
      ];
    },
  },
  {
    name: 'history: the position alone, pages from either end, and behind a position',
    exchanges: (scene) => {
      const { channel } = scene;
      const publication = (offset: number) => ({ offset, data: offset, info: infoOf(scene, 'alice') });
      const page = (...offsets: number[]) => ({
        publications: offsets.map(publication),
        epoch: expect.any(String),
        offset: 2,
      });
      const asks = (id: number, fields: object, ...offsets: number[]) =>
        ({
          by: 'alice',
          sends: { id, history: { channel, ...fields } },
          gets: [{ id, history: page(...offsets) }],
        }) as const;
      return [
        ...connects(scene),
        { by: 'alice', sends: { id: 2, publish: { channel, data: 1 } }, gets: [{ id: 2, publish: {} }] },
        { by: 'alice', sends: { id: 3, publish: { channel, data: 2 } }, gets: [{ id: 3, publish: {} }] },
        asks(4, {}),
        asks(5, { limit: -1 }, 1, 2),
        asks(6, { limit: 1 }, 1),
        asks(7, { limit: 1, reverse: true }, 2),
        asks(8, { limit: 5, since: { offset: 1, epoch: '' } }, 2),
        asks(9, { limit: 5, since: { offset: 2, epoch: '' }, reverse: true }, 1),
      ];
    },
  },
  {
    name: 'rpc: what the service answers, also by a publication with its position',
    exchanges: (scene) => {
      const { channel } = scene;
      const said = { text: 'hi', user: scene.user('alice') };
      return [
        ...connects(scene),
        {
          by: 'alice',
          sends: { id: 2, rpc: { method: 'echo.say', data: { text: 'hi' } } },
          gets: [{ id: 2, rpc: { data: said } }],
        },
        { by: 'alice', sends: { id: 3, subscribe: { channel } }, gets: [{ id: 3, subscribe: subscribed() }] },
        {
          by: 'alice',
          sends: { id: 4, rpc: { method: 'echo.shout', data: { channel, text: 'hi' } } },
          gets: [{ id: 4, rpc: { data: { offset: 1, epoch: expect.any(String) } } }, pub(channel, 1, said)],
          unordered: true,
        },
      ];
    },
  },
  {
    name: 'refresh: when to come again, and others see what the new token shows',
    exchanges: (scene) => {
      const { channel } = scene;
      const client = expect.any(String);
      return [
        ...connects(scene),
        {
          by: 'alice',
          sends: { id: 2, refresh: { token: scene.token({ info: { tokens: 2 } }) } },
          gets: [
            {
              id: 2,
              refresh: { client, version: expect.any(String), expires: true, ttl: expect.any(Number) },
            },
          ],
        },
        { by: 'alice', sends: { id: 3, subscribe: { channel } }, gets: [{ id: 3, subscribe: subscribed() }] },
        {
          by: 'alice',
          sends: { id: 4, publish: { channel, data: 1 } },
          gets: [
            { id: 4, publish: {} },
            pub(channel, 1, 1, { info: infoOf(scene, 'alice', { conn_info: { tokens: 2 } }) }),
          ],
          unordered: true,
        },
      ];
    },
  },
  {
    name: 'sub_refresh: when to come again',
    exchanges: (scene) => {
      const { channel } = scene;
      const token = scene.token({ channel });
      const ends = { expires: true, ttl: expect.any(Number) };
      return [
        ...connects(scene),
        {
          by: 'alice',
          sends: { id: 2, subscribe: { channel, token } },
          gets: [{ id: 2, subscribe: subscribed(0, ends) }],
        },
        {
          by: 'alice',
          sends: { id: 3, sub_refresh: { channel, token } },
          gets: [{ id: 3, sub_refresh: ends }],
        },
        {
          by: 'alice',
          sends: { id: 4, sub_refresh: { channel, token: scene.token({ channel, expire_at: 0 }) } },
          gets: [{ id: 4, sub_refresh: {} }],
        },
      ];
    },
  },
  {
    name: 'several commands in a frame: each answered, in order',
    exchanges: (scene) => [
      { opens: 'alice' },
      {
        by: 'alice',
        sends: [
          { id: 1, connect: { token: scene.token() } },
          { id: 2, ping: {} },
          { id: 3, unsubscribe: { channel: scene.channel } },
        ],
        gets: [
          { id: 1, connect: connected() },
          { id: 2, ping: {} },
          { id: 3, unsubscribe: {} },
        ],
      },
    ],
  },
];

/** An object of one entry, whatever its name is. */
function only(value: unknown): unknown {
  return {
    $$typeof: Symbol.for('jest.asymmetricMatcher'),
    asymmetricMatch: (other: unknown) => {
      expect(Object.values(Object(other))).toEqual([value]);
      return true;
    },
    toString: () => 'only',
    toAsymmetricMatcher: () => 'object with only this value',
  };
}
