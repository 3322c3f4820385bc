import { DISCONNECTS, UNSUBSCRIBES } from '../../../../lambdas/contract/codes';
import { connects, infoOf, type Row, subscribed } from '../exchange';

/** What comes without being asked for. Publications are among the commands. */
export const PUSH_ROWS: readonly Row[] = [
  {
    name: 'join, leave: to who asks for them, its own join among them',
    exchanges: (scene) => {
      const { channel } = scene;
      const join = (who: 'alice' | 'bob') => ({ push: { channel, join: { info: infoOf(scene, who) } } });
      return [
        ...connects(scene),
        ...connects(scene, 'bob'),
        {
          by: 'alice',
          sends: { id: 2, subscribe: { channel, join_leave: true } },
          gets: [{ id: 2, subscribe: subscribed() }, join('alice')],
        },
        { by: 'bob', sends: { id: 2, subscribe: { channel } }, gets: [{ id: 2, subscribe: subscribed() }] },
        { by: 'alice', gets: [join('bob')] },
        { by: 'bob', sends: { id: 3, unsubscribe: { channel } }, gets: [{ id: 3, unsubscribe: {} }] },
        { by: 'alice', gets: [{ push: { channel, leave: { info: infoOf(scene, 'bob') } } }] },
      ];
    },
  },
  {
    name: 'subscribe, unsubscribe: where a backend subscribes a user and ends it (2000)',
    exchanges: (scene) => {
      const user = scene.user('alice');
      const channel = `echo:${user}`;
      return [
        ...connects(scene),
        { backend: 'subscribe', calls: { user, channel, data: { welcome: true } } },
        {
          by: 'alice',
          gets: [{ push: { channel, subscribe: subscribed(0, { data: { welcome: true } }) } }],
        },
        { backend: 'unsubscribe', calls: { user, channel } },
        { by: 'alice', gets: [{ push: { channel, unsubscribe: UNSUBSCRIBES.server } }] },
      ];
    },
  },
  {
    name: 'message: what a service posts to one connection',
    exchanges: (scene) => [
      ...connects(scene),
      { posts: { push: { message: { data: { n: 1 } } } }, to: 'alice' },
      { by: 'alice', gets: [{ push: { message: { data: { n: 1 } } } }] },
    ],
  },
  {
    name: 'disconnect: 3503 where a backend ends the connections of a user',
    exchanges: (scene) => [
      ...connects(scene),
      { backend: 'disconnect', calls: { user: scene.user('alice') } },
      { by: 'alice', gets: [{ push: { disconnect: DISCONNECTS.forceDisconnect } }], closes: 1000 },
    ],
  },
  {
    name: 'disconnect: 3500 where a token is revoked, which keeps it out',
    exchanges: (scene) => {
      const iat = Math.floor(Date.now() / 1000) - 100;
      const end = { gets: [{ push: { disconnect: DISCONNECTS.invalidToken } }], closes: 1000 };
      return [
        ...connects(scene, 'alice', { iat }),
        { backend: 'revoke', calls: { user: scene.user('alice'), issued_before: iat + 1 } },
        { by: 'alice', ...end },
        { opens: 'bob' },
        { by: 'bob', sends: { id: 1, connect: { token: scene.token({ iat }) } }, ...end },
        // A token of today is good.
        ...connects(scene, 'carol', { sub: scene.user('alice'), iat: iat + 1 }),
        {
          by: 'carol',
          sends: { id: 2, refresh: { token: scene.token({ iat }) } },
          ...end,
        },
      ];
    },
  },
];
