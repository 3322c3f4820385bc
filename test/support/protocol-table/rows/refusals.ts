import type { Disconnect, ProtocolError } from '../../../../lambdas/contract/codes';
import { DISCONNECTS, PROTOCOL_ERRORS } from '../../../../lambdas/contract/codes';
import { connects, type Exchange, type Message, type Row, type Scene, subscribed } from '../exchange';

/** A connected client that has a command refused, and is served after it. */
function refused(name: string, error: ProtocolError, command: (scene: Scene) => Message): Row {
  return {
    name: `${error.code}: ${name}`,
    exchanges: (scene) => [
      ...connects(scene),
      { by: 'alice', sends: { id: 2, ...command(scene) }, gets: [{ id: 2, error }] },
      { by: 'alice', sends: { id: 3, ping: {} }, gets: [{ id: 3, ping: {} }] },
    ],
  };
}

/** A client whose frame ends its connection. */
function ended(
  name: string,
  disconnect: Disconnect,
  frame: (scene: Scene) => string | Message,
  before: (scene: Scene) => readonly Exchange[] = () => [{ opens: 'alice' }],
): Row {
  return {
    name: `${disconnect.code}: ${name}`,
    exchanges: (scene) => [
      ...before(scene),
      { by: 'alice', sends: frame(scene), gets: [{ push: { disconnect } }], closes: 1000 },
    ],
  };
}

const {
  unknownChannel,
  permissionDenied,
  methodNotFound,
  alreadySubscribed,
  badRequest,
  notAvailable,
  tokenExpired,
  expired,
  unrecoverablePosition,
} = PROTOCOL_ERRORS;

const ERRORS: readonly Row[] = [
  refused('a subscribe in an unknown namespace', unknownChannel, () => ({
    subscribe: { channel: 'nowhere:1' },
  })),
  refused('a publish into an unknown namespace', unknownChannel, () => ({
    publish: { channel: 'nowhere:1', data: 1 },
  })),
  refused('a subscribe to the channel of another user', permissionDenied, () => ({
    subscribe: { channel: 'user:#somebody' },
  })),
  refused('a publish into the own channel', permissionDenied, (scene) => ({
    publish: { channel: `user:#${scene.user('alice')}`, data: 1 },
  })),
  refused('a publish by who has not subscribed where a service lets in', permissionDenied, () => ({
    publish: { channel: 'echo:open', data: { text: 'hi' } },
  })),
  refused('the history of another user', permissionDenied, () => ({
    history: { channel: 'user:#somebody', limit: 1 },
  })),
  refused('a subscribe to which the service says no', permissionDenied, () => ({
    subscribe: { channel: 'echo:closed' },
  })),
  refused('a subscription token of another channel', permissionDenied, (scene) => ({
    subscribe: { channel: scene.channel, token: scene.token({ channel: 'room:other' }) },
  })),
  refused('a subscription token of another user', permissionDenied, (scene) => ({
    subscribe: {
      channel: scene.channel,
      token: scene.token({ sub: scene.user('bob'), channel: scene.channel }),
    },
  })),
  refused('a sub_refresh of a subscription that there is not', permissionDenied, (scene) => ({
    sub_refresh: { channel: scene.channel, token: scene.token({ channel: scene.channel }) },
  })),
  refused('a method of no service', methodNotFound, () => ({ rpc: { method: 'nobody.home', data: {} } })),
  refused('a method that its service does not have', methodNotFound, () => ({
    rpc: { method: 'echo.whisper', data: {} },
  })),
  refused('a channel name with a space', badRequest, () => ({ subscribe: { channel: 'room:a b' } })),
  refused('a channel name of 256 characters', badRequest, () => ({
    subscribe: { channel: `room:${'x'.repeat(251)}` },
  })),
  refused('a publish without data', badRequest, (scene) => ({ publish: { channel: scene.channel } })),
  refused('a field of another type', badRequest, () => ({ subscribe: { channel: 7 } })),
  refused('fields that are no object', badRequest, () => ({ presence: [] })),
  refused(
    'input that the service does not take',
    { ...badRequest, message: expect.stringMatching(/^bad request: data.text: expected string/) },
    () => ({ rpc: { method: 'echo.say', data: { text: 42 } } }),
  ),
  refused('the presence of a namespace without', notAvailable, (scene) => ({
    presence: { channel: `user:#${scene.user('alice')}` },
  })),
  refused('the presence stats of a namespace without', notAvailable, (scene) => ({
    presence_stats: { channel: `user:#${scene.user('alice')}` },
  })),
  refused('a subscription token that has expired', tokenExpired, (scene) => ({
    subscribe: { channel: scene.channel, token: scene.token({ channel: scene.channel, exp: 1 }) },
  })),
  refused('a history since another epoch', unrecoverablePosition, (scene) => ({
    history: { channel: scene.channel, limit: 1, since: { offset: 0, epoch: 'another' } },
  })),
  refused('a history since an offset above the top', unrecoverablePosition, (scene) => ({
    history: { channel: scene.channel, limit: 1, since: { offset: 9, epoch: '' } },
  })),
  {
    name: '105: a subscribe to what the server subscribed it to',
    exchanges: (scene) => {
      const channel = `user:#${scene.user('alice')}`;
      return [
        ...connects(scene),
        {
          by: 'alice',
          sends: { id: 2, subscribe: { channel } },
          gets: [{ id: 2, error: alreadySubscribed }],
        },
      ];
    },
  },
  {
    name: '105: a second subscribe of a client that numbers its commands as it likes',
    exchanges: (scene) => {
      const { channel } = scene;
      return [
        { opens: 'alice', as: { query: `?token=${scene.token()}` } },
        // Held for a connect command of an SDK that might still come.
        { by: 'alice', sends: { id: 9, subscribe: { channel } }, gets: [{ id: 9, subscribe: subscribed() }] },
        {
          by: 'alice',
          sends: { id: 8, subscribe: { channel } },
          gets: [{ id: 8, error: alreadySubscribed }],
        },
      ];
    },
  },
  {
    name: '109: a connection token that has expired; the next one on the same socket is good',
    exchanges: (scene) => [
      { opens: 'alice' },
      {
        by: 'alice',
        sends: { id: 1, connect: { token: scene.token({ exp: 1 }) } },
        gets: [{ id: 1, error: tokenExpired }],
      },
    ],
  },
  {
    name: '110: a sub_refresh by a token that has expired',
    exchanges: (scene) => {
      const { channel } = scene;
      return [
        ...connects(scene),
        { by: 'alice', sends: { id: 2, subscribe: { channel } }, gets: [{ id: 2, subscribe: subscribed() }] },
        {
          by: 'alice',
          sends: { id: 3, sub_refresh: { channel, token: scene.token({ channel, exp: 1 }) } },
          gets: [{ id: 3, error: expired }],
        },
      ];
    },
  },
];

const connect = (token: string) => ({ id: 1, connect: { token } });
const { invalidToken, badRequest: badFrame, expired: connectionExpired } = DISCONNECTS;

const ENDS: readonly Row[] = [
  ended('a token by another secret', invalidToken, (scene) => connect(scene.forged('other secret'))),
  ended('a token that nobody signed', invalidToken, (scene) => connect(scene.forged('none'))),
  ended('a token of 9 KB', invalidToken, (scene) => connect(scene.token({ sub: 'x'.repeat(6_800) }))),
  ended('text that is no token', invalidToken, () => connect('not.a.token')),
  ended('no token', invalidToken, () => connect('')),
  ended(
    'a refresh by the token of another user',
    invalidToken,
    (scene) => ({ id: 2, refresh: { token: scene.token({ sub: scene.user('bob') }) } }),
    connects,
  ),
  ended(
    'a refresh by a token that has expired',
    connectionExpired,
    (scene) => ({ id: 2, refresh: { token: scene.token({ exp: 1 }) } }),
    connects,
  ),
  ended('text that is not JSON', badFrame, () => 'hello'),
  ended('a broken second line', badFrame, () => '{"id":1,"ping":{}}\n{"id":2,'),
  ended('a command before connect', badFrame, () => ({
    id: 1,
    rpc: { method: 'echo.say', data: { text: 'hi' } },
  })),
  ended('an id of 0', badFrame, () => ({ id: 0, connect: {} })),
  ended('an id that is no number', badFrame, () => ({ id: '1', connect: {} })),
  ended('an array for a command', badFrame, () => '[{"id":1}]'),
  ended('two commands in one', badFrame, () => ({ id: 1, connect: {}, ping: {} })),
  ended('an unknown command', badFrame, () => ({ id: 1, dance: {} })),
  ended('200 levels of JSON', badFrame, () => `{"id":1,"rpc":${'['.repeat(200)}${']'.repeat(200)}}`),
  ended('a second connect', badFrame, (scene) => ({ id: 2, connect: { token: scene.token() } }), connects),
];

/** What the gateway refuses on a socket that is open. */
export const REFUSAL_ROWS: readonly Row[] = [...ERRORS, ...ENDS];
