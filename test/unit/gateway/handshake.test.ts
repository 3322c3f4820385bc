import { SignJWT } from 'jose';
import { type Handshake, subprotocolsOf } from '../../../lambdas/gateway/core/auth/handshake';
import { SecretKey } from '../../../lambdas/gateway/core/auth/token-keys';
import { TokenVerifier } from '../../../lambdas/gateway/core/auth/token-verifier';
import { admit } from '../../../lambdas/gateway/core/connections/admission';
import type { Connections, Identity } from '../../../lambdas/gateway/core/connections/connection';
import { RedisConnections } from '../../../lambdas/gateway/core/connections/redis-connections';
import type { UserEntry } from '../../../lambdas/gateway/core/limits/users';
import { SECRET } from './world';

const token = (claims: Record<string, unknown> = {}) =>
  new SignJWT({ sub: 'alice', exp: Date.now() / 1000 + 60, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(SECRET);

const tokens = new TokenVerifier({
  keys: new SecretKey(async () => SECRET),
  anonymous: false,
  clock: { now: () => Date.now() },
});

interface Options {
  readonly origins?: string;
  readonly opened?: boolean | Error;
  readonly tokens?: Pick<TokenVerifier, 'connection'>;
  readonly withinRate?: boolean;
  readonly entry?: UserEntry;
}

async function handshake(event: Handshake, options: Options = {}) {
  const opened: (Identity | undefined)[] = [];
  const lines: Readonly<Record<string, unknown>>[] = [];
  const connections: Connections = new RedisConnections({ run: async () => 1 });
  const awaited: (boolean | undefined)[] = [];
  const noted: [string, number][] = [];
  const networks: string[] = [];
  const left: (readonly [string, string])[] = [];
  const limits: string[] = [];
  connections.open = async (_, identity, awaitsConnect) => {
    awaited.push(awaitsConnect);
    const { opened: result = true } = options;
    if (result instanceof Error) throw result;
    opened.push(identity);
    return result;
  };
  const admission = await admit(
    {
      connections,
      due: {
        note: async (connection, at) => {
          noted.push([connection, at]);
        },
      },
      users: {
        enter: async () => options.entry ?? 'entered',
        leave: async (...place) => {
          left.push(place);
        },
      },
      rates: {
        handshake: async (network) => {
          networks.push(network);
          return options.withinRate ?? true;
        },
      },
      limits: { connectsPerSecond: 1, connectBurst: 1 },
      liveness: { pendingSeconds: 10 },
      noteLimit: (name) => {
        limits.push(name);
      },
      clock: { now: () => 1_000_000, sleep: async () => undefined },
      allowedOrigins: options.origins ?? '*',
      tokens: options.tokens ?? tokens,
      log: (_level, _message, fields = {}) => {
        lines.push(fields);
      },
    },
    'conn=',
    event,
    '203.0.113.7',
  );
  return { admission, opened, awaited, lines, noted, networks, limits, left };
}

describe('$connect', () => {
  it.each([
    [{}],
    [{ headers: null, queryStringParameters: null }],
    [{ headers: { Origin: 'https://app.example.com' } }],
  ])('opens a pending connection for %j', async (event) => {
    const { admission, opened } = await handshake(event);
    expect(admission).toEqual({ statusCode: 200 });
    expect(opened).toEqual([undefined]);
  });

  it.each([['centrifuge-protobuf'], ['centrifuge-json, Centrifuge-Protobuf']])(
    'refuses the subprotocol %s and says what is expected',
    async (value) => {
      const { admission, opened } = await handshake({ headers: { 'sec-websocket-protocol': value } });
      expect(admission).toEqual({ statusCode: 400, body: expect.stringContaining('expected JSON') });
      expect(opened).toEqual([]);
    },
  );

  it.each([
    ['1', true],
    ['0', false],
    [undefined, false],
  ])(
    'waits for the connect command of a client with a token that announces it by %j',
    async (connect, awaits) => {
      const { awaited } = await handshake({ queryStringParameters: { token: await token(), connect } });
      expect(awaited).toEqual([awaits]);
    },
  );

  it('chooses the JSON subprotocol where it is offered', async () => {
    const { admission } = await handshake({ headers: { 'Sec-WebSocket-Protocol': 'centrifuge-json' } });
    expect(admission.headers).toEqual({ 'Sec-WebSocket-Protocol': 'centrifuge-json' });
  });

  it.each([
    ['https://app.example.com', 200],
    ['https://app.example.com.evil.org', 403],
    ['http://app.example.com', 403],
    ['https://example.com', 403],
    ['null', 403],
    [undefined, 200],
  ])('answers origin %s with %d', async (origin, status) => {
    const headers = origin === undefined ? {} : { Origin: origin };
    const origins = 'https://app.example.com, https://admin.example.com';
    expect((await handshake({ headers }, { origins })).admission.statusCode).toBe(status);
  });

  it('connects a client that brings its token, in the URL or as a header', async () => {
    const byQuery = await handshake({ queryStringParameters: { token: await token() } });
    const byHeader = await handshake({ headers: { authorization: `Bearer ${await token()}` } });
    for (const { admission, opened } of [byQuery, byHeader]) {
      expect(admission.statusCode).toBe(200);
      expect(opened).toMatchObject([{ user: 'alice', channels: [] }]);
    }
  });

  describe('takes a token that is carried among the subprotocols', () => {
    const offering = async (...offers: string[]) =>
      handshake({ headers: { 'Sec-WebSocket-Protocol': offers.join(', ') } });

    it('and chooses the protocol beside it: the token is not sent back', async () => {
      const carried = `holdfast-token.${await token()}`;
      for (const offers of [
        ['centrifuge-json', carried],
        [carried, 'Centrifuge-JSON'],
      ]) {
        const { admission, opened, awaited } = await offering(...offers);
        expect(admission).toEqual({
          statusCode: 200,
          headers: { 'Sec-WebSocket-Protocol': 'centrifuge-json' },
        });
        expect(opened).toMatchObject([{ user: 'alice' }]);
        expect(awaited).toEqual([false]);
      }
    });

    it('but not alone, since a browser would want it chosen: refused with words that have nothing of it', async () => {
      const carried = `holdfast-token.${await token()}`;
      for (const offers of [[carried], [carried, 'my-protocol']]) {
        const { admission, opened, lines } = await offering(...offers);
        expect(admission).toEqual({
          statusCode: 400,
          body: 'subprotocol: expected centrifuge-json beside the one with the token, got no such offer',
        });
        expect(opened).toEqual([]);
        expect(JSON.stringify(lines)).not.toContain(carried.slice(0, 30));
      }
    });

    it('and counts it among no names of protocols, which may be shown', () => {
      const headers = { 'Sec-WebSocket-Protocol': 'My-Protocol, holdfast-token.abc' };
      expect(subprotocolsOf({ headers })).toEqual(['my-protocol']);
    });

    it('in its own case, and checks it like any other', async () => {
      const carried = await token();
      const changed = carried.toLowerCase();
      expect((await offering('centrifuge-json', `holdfast-token.${changed}`)).admission).toEqual({
        statusCode: 401,
      });
      expect((await offering('centrifuge-json', 'holdfast-token.')).admission).toEqual({ statusCode: 401 });
      const { admission } = await offering(
        'centrifuge-json, centrifuge-protobuf',
        `holdfast-token.${carried}`,
      );
      expect(admission.statusCode).toBe(400);
    });

    it('unless the URL or a header has one', async () => {
      const { opened } = await handshake({
        queryStringParameters: { token: await token({ sub: 'bob' }), connect: '1' },
        headers: { 'Sec-WebSocket-Protocol': `centrifuge-json, holdfast-token.${await token()}` },
      });
      expect(opened).toMatchObject([{ user: 'bob' }]);
    });
  });

  it('answers 503 where a token cannot be checked now', async () => {
    const away = { connection: async () => Promise.reject(new Error('SSM is away')) };
    const event = { queryStringParameters: { token: await token() } };
    expect((await handshake(event, { tokens: away })).admission).toEqual({ statusCode: 503 });
  });

  it.each([
    ['an expired token', () => token({ exp: 1 })],
    ['a forged token', async () => `${await token()}x`],
    ['an empty token', async () => ''],
  ])('refuses %s with 401, one log line and no words', async (_, make) => {
    const { admission, opened, lines } = await handshake({ queryStringParameters: { token: await make() } });
    expect(admission).toEqual({ statusCode: 401 });
    expect(opened).toEqual([]);
    expect(lines).toEqual([{ connection: 'conn=', status: 401, reason: expect.stringContaining('token') }]);
  });

  it('answers 503 while Redis is away, 410 where the disconnect was faster', async () => {
    expect((await handshake({}, { opened: new Error('away') })).admission).toEqual({ statusCode: 503 });
    expect((await handshake({}, { opened: false })).admission).toEqual({ statusCode: 410 });
  });

  it('leaves no place taken among the connections of a user where the disconnect was faster', async () => {
    const event = { queryStringParameters: { token: await token() } };
    expect((await handshake(event, { opened: false })).left).toEqual([['conn=', 'alice']]);
    expect((await handshake(event)).left).toEqual([]);
  });

  it('writes nothing of a connection that its user may not have', async () => {
    const event = { queryStringParameters: { token: await token() } };
    for (const entry of ['limit', 'revoked'] as const) {
      const { opened, noted } = await handshake(event, { entry });
      expect([opened, noted]).toEqual([[], []]);
    }
  });
});

describe('limits of handshakes', () => {
  it('notes when the connection is to be looked at, and counts it for its network', async () => {
    const { admission, noted, networks } = await handshake({});
    expect(admission.statusCode).toBe(200);
    expect(noted).toEqual([['conn=', 1_010_000]]);
    expect(networks).toEqual(['203.0.113.7']);
  });

  it('answers 429 to a network with too many, and opens nothing', async () => {
    const { admission, opened, noted, limits } = await handshake({}, { withinRate: false });
    expect(admission).toEqual({ statusCode: 429 });
    expect([opened, noted]).toEqual([[], []]);
    expect(limits).toEqual(['connectsPerNetwork']);
  });

  it('counts none that is refused for what it asks', async () => {
    const headers = { 'Sec-WebSocket-Protocol': 'centrifuge-protobuf' };
    const { admission, networks } = await handshake({ headers }, { withinRate: false });
    expect(admission.statusCode).toBe(400);
    expect(networks).toEqual([]);
  });

  it.each([
    ['limit', 429, ['connectionsPerUser']],
    ['revoked', 401, []],
  ] as const)('refuses a token whose user is over the %s with %i', async (entry, status, noted) => {
    const queryStringParameters = { token: await token() };
    const { admission, limits } = await handshake({ queryStringParameters }, { entry });
    expect(admission).toEqual({ statusCode: status });
    expect(limits).toEqual(noted);
  });
});
