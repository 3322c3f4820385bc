import { SignJWT } from 'jose';
import type { Handshake } from '../../../lambdas/gateway/core/auth/handshake';
import { admit } from '../../../lambdas/gateway/core/connections/admission';
import type { Connections, Identity } from '../../../lambdas/gateway/core/connections/connection';
import { RedisConnections } from '../../../lambdas/gateway/core/connections/redis-connections';
import { SECRET } from './world';

const token = (claims: Record<string, unknown> = {}) =>
  new SignJWT({ sub: 'alice', exp: Date.now() / 1000 + 60, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(SECRET);

async function handshake(event: Handshake, options: { origins?: string; opened?: boolean | Error } = {}) {
  const opened: (Identity | undefined)[] = [];
  const lines: Readonly<Record<string, unknown>>[] = [];
  const connections: Connections = new RedisConnections({ run: async () => 1 });
  const awaited: (boolean | undefined)[] = [];
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
      allowedOrigins: options.origins ?? '*',
      tokenSecret: async () => SECRET,
      clock: { now: () => Date.now(), sleep: async () => undefined },
      log: (_level, _message, fields = {}) => {
        lines.push(fields);
      },
    },
    'conn=',
    event,
  );
  return { admission, opened, awaited, lines };
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
});
