import { SignJWT } from 'jose';
import { SERVER_VERSION } from '../../../lambdas/gateway/core/version';
import manifest from '../../../package.json';
import { ingressWorld, SECRET } from './world';

function token(claims: Record<string, unknown> = {}, secret = SECRET): Promise<string> {
  return new SignJWT({ sub: 'alice', exp: Date.now() / 1000 + 60, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(secret);
}

const disconnect = (code: number) => ({
  push: { disconnect: { code, reason: expect.any(String) } },
});
/** What the reply to a token of a minute says of its end. */
const RENEWED = { expires: true, ttl: 60 };
const TEMPORARY = { code: 100, message: 'internal server error', temporary: true };

describe('connect', () => {
  // What a reply says of an end in a minute is a second less once the clock has passed the second.
  beforeEach(() => jest.spyOn(Date, 'now').mockReturnValue(1_800_000_000_000));
  afterEach(() => jest.restoreAllMocks());

  it('connects with a token and names the connection', async () => {
    const world = ingressWorld('pending');
    expect(await world.serve({ id: 1, connect: { token: await token(), name: 'js' } })).toEqual([
      { id: 1, connect: { client: 'conn=', version: SERVER_VERSION, ...RENEWED } },
    ]);
    expect(SERVER_VERSION).toBe(`holdfast ${manifest.version}`);
  });

  it('subscribes to the channels of the token that exist, and activates them after the reply', async () => {
    const world = ingressWorld('pending');
    const connect = { token: await token({ channels: ['room:a', 'none:b'] }) };
    expect(await world.serve({ id: 1, connect })).toEqual([
      {
        id: 1,
        connect: {
          client: 'conn=',
          version: SERVER_VERSION,
          ...RENEWED,
          subs: { 'room:a': { recoverable: true, positioned: true, epoch: 'e' } },
        },
      },
    ]);
    expect(world.steps.slice(-3)).toEqual(['post', 'hf1activate', 'hf1next']);
    expect(world.lines).toEqual([
      { message: 'server-side subscription left out', fields: expect.objectContaining({ code: 102 }) },
    ]);
  });

  it('answers an expired token with error 109 and stays open', async () => {
    const world = ingressWorld('pending');
    expect(await world.serve({ id: 1, connect: { token: await token({ exp: 1 }) } })).toEqual([
      { id: 1, error: { code: 109, message: 'token expired' } },
    ]);
    expect(world.closed).toEqual([]);
  });

  it('ends no connection for the commands that an SDK sends behind a token that has expired', async () => {
    const world = ingressWorld('pending');
    const messages = await world.serve(
      { id: 1, connect: { token: await token({ exp: 1 }) } },
      { id: 2, subscribe: { channel: 'room:a' } },
      { id: 3, unsubscribe: { channel: 'room:a' } },
    );
    expect(messages).toEqual([
      { id: 1, error: { code: 109, message: 'token expired' } },
      { id: 2, error: TEMPORARY },
      { id: 3, unsubscribe: {} },
    ]);
    expect(world.closed).toEqual([]);
  });

  it.each([
    ['a forged token', async () => token({}, new TextEncoder().encode('x'.repeat(40)))],
    ['no token', async () => ''],
    ['a token of 9 KB', async () => 'x'.repeat(9_000)],
  ])('disconnects %s with 3500 and logs one line without it', async (_, make) => {
    const world = ingressWorld('pending');
    const bad = await make();
    expect(await world.serve({ id: 1, connect: { token: bad } })).toEqual([disconnect(3500)]);
    expect(world.closed).toEqual(['conn=']);
    const refusals = world.lines.filter(({ message }) => message === 'connection refused');
    expect(refusals).toEqual([
      {
        message: 'connection refused',
        fields: { connection: 'conn=', code: 3500, reason: expect.stringContaining('token') },
      },
    ]);
    if (bad) expect(JSON.stringify(world.lines)).not.toContain(bad);
  });

  it('takes one connect after a handshake with a token, of the same user', async () => {
    const world = ingressWorld();
    world.answers.set('hf1enter', ['connected', 'alice', '["room:a"]', '1', '4000000000', '', '', 'run']);
    expect(await world.serve({ id: 1, connect: {} })).toMatchObject([
      { id: 1, connect: { subs: { 'room:a': {} } } },
    ]);
    const other = ingressWorld();
    other.answers.set('hf1enter', ['connected', 'bob', '', '1', '4000000000', '', '', 'run']);
    expect(await other.serve({ id: 1, connect: { token: await token() } })).toEqual([disconnect(3500)]);
  });

  it('serves what stands behind it in the same frame', async () => {
    const world = ingressWorld('pending');
    const messages = await world.serve(
      { id: 1, connect: { token: await token() } },
      { id: 2, subscribe: { channel: 'room:a' } },
      { id: 3, publish: { channel: 'room:a', data: 1 } },
    );
    expect(messages).toHaveLength(2);
    expect(world.frames).toHaveLength(1);
    expect(world.deliveries).toMatchObject([{ info: { user: 'alice', client: 'conn=' } }]);
  });
});

describe('violations', () => {
  it.each([
    ['text that is no JSON', 'pending', 'plain', 'hello'],
    ['a command before connect', 'pending', 'violation', '{"id":1,"ping":{}}'],
    ['a command before connect in its frame', 'pending', 'run', '{"id":1,"ping":{}}\n{"id":2,"connect":{}}'],
    ['a pong before connect', 'pending', 'plain', '{}'],
    ['a second connect', 'connected', 'run', '{"id":1,"connect":{}}'],
    ['a command without id', 'connected', 'plain', '{"rpc":{"method":"echo.say"}}'],
  ] as const)(
    'disconnects %s with 3501, after a push, with one log line',
    async (_, state, verdict, text) => {
      const world = ingressWorld(state);
      world.answers.set('hf1enter', [state, '', '', '', '0', '', '', verdict]);
      await world.ingress.handle('conn=', text);
      expect(world.frames.map((frame) => JSON.parse(frame) as unknown)).toEqual([disconnect(3501)]);
      expect(world.closed).toEqual(['conn=']);
      expect(world.lines.filter(({ message }) => message === 'connection refused')).toHaveLength(1);
    },
  );

  it('posts the replies before the disconnect', async () => {
    const world = ingressWorld();
    expect(await world.serve({ id: 1, ping: {} }, { id: 2, connect: {} }, { id: 3, ping: {} })).toEqual([
      { id: 1, ping: {} },
      disconnect(3501),
    ]);
  });

  it('makes a connection without state rebuild', async () => {
    expect(await ingressWorld('').serve({ id: 1, ping: {} })).toEqual([disconnect(3010)]);
  });

  it('ends a closed connection again, whose frame shows that its socket lives', async () => {
    const world = ingressWorld('closed');
    expect(await world.serve({ id: 1, ping: {} })).toEqual([disconnect(3010)]);
    expect(world.closed).toEqual(['conn=']);
    expect(world.lines).toEqual([
      { message: 'frame of a closed connection, ended again', fields: { connection: 'conn=', code: 3010 } },
    ]);
  });

  it('is quiet about a frame that was on its way when its connection closed', async () => {
    const world = ingressWorld('closed');
    world.outcomes.push('gone');
    expect(await world.serve({ id: 1, ping: {} })).toEqual([]);
    expect(world.lines).toHaveLength(1);
  });
});

describe('commands', () => {
  it.each([
    [{ ping: {} }, { ping: {} }],
    [{ unsubscribe: { channel: 'room:a' } }, { unsubscribe: {} }],
    [{ unsubscribe: { channel: 5 } }, { unsubscribe: {} }],
    [{ subscribe: { channel: 'quiet:a' } }, { subscribe: {} }],
    [{ subscribe: { channel: 'none:a' } }, { error: { code: 102, message: 'unknown channel' } }],
    [{ subscribe: { channel: 'room:{a}' } }, { error: { code: 107, message: 'bad request' } }],
    [{ subscribe: { channel: 7 } }, { error: { code: 107, message: 'bad request' } }],
    [{ publish: { channel: 'none:a', data: 1 } }, { error: { code: 102, message: 'unknown channel' } }],
    [{ publish: { channel: 'quiet:a', data: 1 } }, { error: { code: 103, message: 'permission denied' } }],
    [{ publish: { channel: 'room:a' } }, { error: { code: 107, message: 'bad request' } }],
    [{ rpc: { method: 'echo.nothing' } }, { error: { code: 104, message: 'method not found' } }],
    [{ rpc: { method: 'say' } }, { error: { code: 104, message: 'method not found' } }],
    [{ presence: { channel: 'room:a' } }, { error: { code: 108, message: 'not available' } }],
    [{ refresh: {} }, { error: { code: 107, message: 'bad request' } }],
  ])('answers %j', async (command, answer) => {
    const world = ingressWorld();
    expect(await world.serve({ id: 4, ...command })).toEqual([{ id: 4, ...answer }]);
    const refusals = world.lines.filter(({ message }) => message === 'command refused');
    expect(refusals).toHaveLength('error' in answer ? 1 : 0);
  });

  it('ignores a send with a log line and a pong without', async () => {
    const world = ingressWorld();
    expect(await world.serve({ send: { data: 'secret' } }, {})).toEqual([]);
    expect(world.lines).toEqual([
      { message: 'message without a service ignored', fields: { connection: 'conn=' } },
    ]);
  });

  it('puts an rpc on the bus and leaves the answer to its service', async () => {
    const world = ingressWorld();
    expect(await world.serve({ id: 9, rpc: { method: 'echo.say', data: { text: 'hi' } } })).toEqual([]);
    const [envelope] = world.envelopes;
    expect(envelope).toMatchObject({
      v: 1,
      seq: 1,
      kind: 'rpc',
      service: 'echo',
      method: 'echo.say',
      client: 'conn=',
      user: 'alice',
      commandId: 9,
      data: { text: 'hi' },
    });
    expect(envelope).toHaveProperty('deadline', (envelope?.issuedAt ?? 0) + 10_000);
  });

  it('counts the post by which a service will answer an rpc, where one will', async () => {
    const world = ingressWorld();
    await world.serve({ id: 1, rpc: { method: 'echo.say' } }, { id: 2, rpc: { method: 'echo.say' } });
    expect(world.counted.posts).toBe(2);
    await world.serve({ id: 3, rpc: { method: 'echo.nothing' } }, { id: 4, ping: {} });
    world.failures.set('bus', new Error('away'));
    await world.serve({ id: 5, rpc: { method: 'echo.say' } });
    expect(world.counted.posts).toBe(2);
  });

  it('publishes two commands of one id as two publications', async () => {
    const world = ingressWorld();
    const publish = { id: 1, publish: { channel: 'room:a', data: 1 } };
    await world.serve(publish, publish);
    expect(new Set(world.deliveries.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2);
    expect(world.deliveries[0]?.reply).toEqual({ client: 'conn=', id: 1, kind: 'publish' });
    expect(Date.now() - (world.deliveries[0]?.publishedAt ?? 0)).toBeLessThan(5_000);
  });

  it('answers 107 to data that is too large once it is written anew', async () => {
    const world = ingressWorld();
    const data = `[${Array.from({ length: 6_200 }, () => '1e20').join(',')}]`;
    const frame = `{"id":1,"publish":{"channel":"room:a","data":${data}}}`;
    expect(frame.length).toBeLessThan(32 * 1024);
    await world.ingress.handle('conn=', frame);
    expect(world.frames.map((frame) => JSON.parse(frame) as unknown)).toEqual([
      { id: 1, error: { code: 107, message: expect.stringContaining('at most 122880 bytes') } },
    ]);
    expect(world.deliveries).toEqual([]);
  });
});

describe('failures', () => {
  it('answers temporary errors while Redis is away, and closes nothing', async () => {
    const world = ingressWorld();
    world.answers.set('hf1enter', new Error('away'));
    expect(
      await world.serve(
        { id: 1, ping: {} },
        { id: 2, subscribe: { channel: 'room:a' } },
        { id: 4, rpc: { method: 'echo.say' } },
        {},
      ),
    ).toEqual([
      { id: 1, ping: {} },
      { id: 2, error: TEMPORARY },
      { id: 4, error: TEMPORARY },
    ]);
    expect(world.closed).toEqual([]);
  });

  it.each([
    ['bus', { rpc: { method: 'echo.say' } }],
    ['registry', { rpc: { method: 'echo.say' } }],
    ['deliveries', { publish: { channel: 'room:a', data: 1 } }],
  ] as const)('answers a temporary error where the %s fails', async (what, command) => {
    const world = ingressWorld();
    world.failures.set(what, new Error('away'));
    expect(await world.serve({ id: 1, ...command })).toEqual([{ id: 1, error: TEMPORARY }]);
  });

  it('answers a temporary error to connect where the secret is not readable', async () => {
    const world = ingressWorld('pending');
    world.failures.set('secret', new Error('away'));
    expect(await world.serve({ id: 1, connect: { token: await token() } })).toEqual([
      { id: 1, error: TEMPORARY },
    ]);
  });

  it.each(['hf1hold', 'hf1place', 'hf1join', 'hf1settle'])('survives a failing %s', async (script) => {
    const world = ingressWorld();
    world.answers.set(script, new Error('away'));
    expect(await world.serve({ id: 1, subscribe: { channel: 'room:a' } })).toEqual([
      { id: 1, error: TEMPORARY },
    ]);
  });

  it.each(['hf1leavechannel', 'hf1enter'])(
    'never answers an unsubscribe with an error: the client begins anew where %s fails',
    async (script) => {
      const world = ingressWorld();
      world.answers.set(script, new Error('away'));
      const messages = await world.serve({ id: 1, unsubscribe: { channel: 'room:a' } });
      expect(messages.at(-1)).toEqual(disconnect(3010));
      expect(messages).not.toContainEqual(expect.objectContaining({ error: expect.anything() }));
      expect(world.closed).toEqual(['conn=']);
    },
  );

  it('stops and cleans up where the connection is gone', async () => {
    const world = ingressWorld();
    world.outcomes.push('gone');
    await world.serve({ id: 1, subscribe: { channel: 'room:a' } });
    expect(world.ran).not.toContain('hf1activate');
    expect(world.ran.slice(-2)).toEqual(['hf1close', 'hf1forgetdue']);
  });

  it('leaves it to the poster to repeat a reply', async () => {
    const world = ingressWorld();
    world.outcomes.push('throttled');
    expect(await world.serve({ id: 1, ping: {} })).toEqual([]);
    expect(world.lines).toEqual([
      { message: 'reply not posted', fields: { connection: 'conn=', outcome: 'throttled' } },
    ]);
  });

  it('closes a connection whose subscribe reply has an unknown outcome', async () => {
    const world = ingressWorld();
    world.outcomes.push('unknown');
    expect(await world.serve({ id: 1, subscribe: { channel: 'room:a' } })).toEqual([disconnect(3010)]);
    expect(world.closed).toEqual(['conn=']);
  });

  it('tells a client whose subscription ended before it began', async () => {
    const world = ingressWorld();
    world.answers.set('hf1activate', 'missing');
    expect(await world.serve({ id: 1, subscribe: { channel: 'room:a' } })).toEqual([
      expect.objectContaining({ id: 1 }),
      { push: { channel: 'room:a', unsubscribe: { code: 2500, reason: 'insufficient state' } } },
    ]);
  });

  it('sends a wake where publications passed before the activation', async () => {
    const world = ingressWorld();
    world.answers.set('hf1activate', 'wake');
    await world.serve({ id: 1, subscribe: { channel: 'room:a' } });
    expect(world.wakes).toEqual([{ v: 1, type: 'drain', channel: 'room:a', partition: 0 }]);
  });

  it.each([
    ['the wake', (world: ReturnType<typeof ingressWorld>) => world.answers.set('hf1activate', 'wake')],
    [
      'the activation',
      (world: ReturnType<typeof ingressWorld>) => world.answers.set('hf1activate', new Error('away')),
    ],
  ])('sends another wake where %s failed, and disconnects where that fails', async (what, set) => {
    const subscribe = { id: 1, subscribe: { channel: 'room:a' } };
    const world = ingressWorld();
    set(world);
    world.failures.set('wakes', new Error('away'));
    expect(await world.serve(subscribe)).toEqual([expect.objectContaining({ id: 1 }), disconnect(3010)]);
    expect(world.wakes).toHaveLength(what === 'the wake' ? 2 : 1);
    const saved = ingressWorld();
    set(saved);
    if (what === 'the wake') saved.wakeFailures.push(new Error('away'));
    expect(await saved.serve(subscribe)).toHaveLength(1);
    expect(saved.wakes.at(-1)).toEqual({ v: 1, type: 'drain', channel: 'room:a', partition: 0 });
    expect(saved.closed).toEqual([]);
  });

  it('gives the place back where the partition stands in a former epoch', async () => {
    const world = ingressWorld();
    world.answers.set('hf1join', 'epoch');
    expect(await world.serve({ id: 1, subscribe: { channel: 'room:a' } })).toEqual([
      { id: 1, error: TEMPORARY },
    ]);
    expect(world.ran).toEqual(expect.arrayContaining(['hf1vacate', 'hf1drop']));
    expect(world.wakes).toHaveLength(1);
  });
});
