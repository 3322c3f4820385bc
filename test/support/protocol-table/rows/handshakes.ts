import { connected, type Handshake, type Row, type Scene, subscribed } from '../exchange';

/** A client without SDK, that authenticates at the handshake and calls at once. */
function letIn(name: string, as: (token: string) => Handshake, chosen?: string): Row {
  return {
    name: `handshake: a token ${name}`,
    exchanges: (scene) => [
      { opens: 'alice', as: as(scene.token()), ...(chosen === undefined ? {} : { chosen }) },
      {
        by: 'alice',
        sends: { id: 1, rpc: { method: 'echo.say', data: { text: 'hi' } } },
        gets: [{ id: 1, rpc: { data: { text: 'hi', user: scene.user('alice') } } }],
      },
      // It may number its commands as it likes.
      { by: 'alice', sends: { id: 900, ping: {} }, gets: [{ id: 900, ping: {} }] },
      { by: 'alice', sends: { id: 7, ping: {} }, gets: [{ id: 7, ping: {} }] },
    ],
  };
}

function keptOut(name: string, refused: number, as: (scene: Scene) => Handshake): Row {
  return {
    name: `handshake ${refused}: ${name}`,
    exchanges: (scene) => [{ opens: 'alice', as: as(scene), refused }],
  };
}

const carried = (token: string) => `holdfast-token.${token}`;

/** How sockets are opened, and what API Gateway itself ends. */
export const HANDSHAKE_ROWS: readonly Row[] = [
  letIn('in the URL', (token) => ({ query: `?token=${token}` })),
  letIn('as a bearer', (token) => ({ headers: { Authorization: `Bearer ${token}` } })),
  letIn(
    'among the subprotocols',
    (token) => ({ protocols: ['centrifuge-json', carried(token)] }),
    'centrifuge-json',
  ),
  keptOut('an expired token', 401, (scene) => ({ query: `?token=${scene.token({ exp: 1 })}` })),
  keptOut('a forged token', 401, (scene) => ({ query: `?token=${scene.forged('other secret')}` })),
  keptOut('an unsigned token', 401, (scene) => ({ query: `?token=${scene.forged('none')}` })),
  keptOut('a subprotocol that would send the token back', 400, (scene) => ({
    protocols: [carried(scene.token())],
  })),
  keptOut('protobuf', 400, () => ({ protocols: ['centrifuge-protobuf'] })),
  {
    name: 'handshake: an SDK whose URL has the token connects without one',
    exchanges: (scene) => [
      { opens: 'alice', as: { query: `?token=${scene.token()}` } },
      {
        by: 'alice',
        sends: { id: 1, connect: {} },
        gets: [
          {
            id: 1,
            connect: {
              client: expect.any(String),
              version: expect.any(String),
              ping: expect.any(Number),
              subs: { [`user:#${scene.user('alice')}`]: subscribed() },
            },
          },
        ],
      },
    ],
  },
  {
    name: 'handshake: a subprotocol that is served is chosen',
    exchanges: (scene) => [
      { opens: 'alice', as: { protocols: ['centrifuge-json'] }, chosen: 'centrifuge-json' },
      {
        by: 'alice',
        sends: { id: 1, connect: { token: scene.token() } },
        gets: [{ id: 1, connect: connected() }],
      },
    ],
  },
  {
    name: 'close 1003: a binary frame',
    exchanges: () => [{ opens: 'alice' }, { by: 'alice', sends: Buffer.from([1, 2, 3]), closes: 1003 }],
  },
  {
    name: 'close 1009: a frame over 32 KB',
    exchanges: (scene) => [
      { opens: 'alice', as: { query: `?token=${scene.token()}` } },
      {
        by: 'alice',
        sends: { id: 1, rpc: { method: 'echo.say', data: { text: 'x'.repeat(33 * 1024) } } },
        closes: 1009,
      },
    ],
  },
];
