import { good, hs256, NOW, published, SECONDS, tokenWorld } from './token-world';

const REQUEST = { user: 'alice', channel: 'room:a', connection: 'conn=' };

const verify = (claims: Readonly<Record<string, unknown>>, request: Partial<typeof REQUEST> = {}) =>
  tokenWorld().tokens.subscription(hs256(good({ channel: 'room:a', ...claims })), { ...REQUEST, ...request });

describe('a subscription token', () => {
  it('grants what it says about the subscription', async () => {
    const claims = { iat: SECONDS, info: { role: 'host' }, data: { hello: true }, override: {} };
    expect(await verify(claims)).toEqual({
      result: 'ok',
      grant: { expiresAt: SECONDS + 60, issuedAt: SECONDS, info: '{"role":"host"}', data: { hello: true } },
    });
  });

  it.each([
    [{ expire_at: 0 }, 0],
    [{ expire_at: SECONDS + 7 }, SECONDS + 7],
  ])('ends the subscription as %j says', async (claims, expiresAt) => {
    expect(await verify(claims)).toMatchObject({ grant: { expiresAt } });
  });

  it('may be signed by a published key', async () => {
    const token = published('ES256', good({ channel: 'room:a' }));
    expect(await tokenWorld().tokens.subscription(token, REQUEST)).toMatchObject({ result: 'ok' });
  });

  it.each(['conn=', '', undefined])('may name its connection (%j)', async (client) => {
    expect(await verify({ client })).toMatchObject({ result: 'ok' });
  });

  it('of nobody lets in who is anonymous', async () => {
    for (const sub of ['', undefined]) expect((await verify({ sub }, { user: '' })).result).toBe('ok');
    expect((await verify({ sub: '' })).result).toBe('invalid');
    expect((await verify({}, { user: '' })).result).toBe('invalid');
  });

  it.each([
    ['of another user', { sub: 'bob' }],
    ['of a user in another case', { sub: 'Alice' }],
    ['of another channel', { channel: 'room:b' }],
    ['of a channel that begins alike', { channel: 'room:a2' }],
    ['of all channels', { channel: '*' }],
    ['of channels as a list', { channel: ['room:a'] }],
    ['of no channel, as a connection token is', { channel: undefined }],
    ['of another connection', { client: 'other=' }],
    ['of a connection that is no text', { client: 7 }],
    ['without an end', { exp: undefined }],
    ['that begins later', { nbf: SECONDS + 6 }],
    ['with info that is no object', { info: 7 }],
    ['with data in broken base64', { b64data: '*' }],
  ])('%s is refused, and the reason has nothing of it', async (_, claims) => {
    const verdict = await verify(claims);
    expect(verdict).toEqual({ result: 'invalid', reason: expect.stringMatching(/expected .*, got /) });
    expect(verdict).not.toMatchObject({ reason: expect.stringMatching(/bob|room|other=/i) });
  });

  it('is no connection token, nor the other way round', async () => {
    const { tokens } = tokenWorld();
    expect((await tokens.connection(hs256(good({ channel: 'room:a' })))).result).toBe('invalid');
    expect((await tokens.connection(hs256(good({ channel: '' })))).result).toBe('invalid');
    expect((await tokens.subscription(hs256(good()), REQUEST)).result).toBe('invalid');
  });

  it('that ended is told from one that is wrong', async () => {
    expect(await verify({ exp: SECONDS - 1 })).toEqual({ result: 'expired' });
    expect((await verify({ exp: SECONDS - 1, channel: 'room:b' })).result).toBe('invalid');
    const forged = `${hs256(good({ exp: NOW / 1000 - 1, channel: 'room:a' })).slice(0, -4)}AAAA`;
    expect((await tokenWorld().tokens.subscription(forged, REQUEST)).result).toBe('invalid');
  });
});
