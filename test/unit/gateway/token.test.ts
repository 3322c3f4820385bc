import { MAX_TOKEN_LENGTH } from '../../../lambdas/gateway/core/auth/token-text';
import { good, hs256, KINDS, NOW, published, SECONDS, SET, tokenWorld } from './token-world';

const verify = (claims: unknown, options?: Parameters<typeof tokenWorld>[0]) =>
  tokenWorld(options).tokens.connection(hs256(claims));

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a connection token', () => {
  it('says user, expiry, begin, channels and what others see of the client', async () => {
    const claims = good({ iat: SECONDS - 1, channels: ['room:a', 'room:b', 'room:a'], info: { name: 'Al' } });
    expect(await verify(claims)).toEqual({
      result: 'ok',
      identity: {
        user: 'alice',
        expiresAt: SECONDS + 60,
        issuedAt: SECONDS - 1,
        channels: ['room:a', 'room:b'],
        subs: new Map(),
        info: '{"name":"Al"}',
      },
    });
  });

  it.each(KINDS)('may be signed by a published key (%s)', async (kind) => {
    const verdict = await tokenWorld().tokens.connection(published(kind, good()));
    expect(verdict).toMatchObject({ result: 'ok', identity: { user: 'alice', issuedAt: 0 } });
  });

  it.each(['JWT', 'jwt', 'at+jwt', 'application/at+jwt', undefined])('may be of the type %s', async (typ) => {
    expect((await tokenWorld().tokens.connection(hs256(good(), { typ }))).result).toBe('ok');
  });

  it('may begin with options for each server-side subscription, which replace the list of channels', async () => {
    const subs = {
      'room:a': { info: { a: 1 }, data: [1], override: { presence: { value: true } } },
      'room:b': {},
      'room:c': { b64info: base64('{"c":"ü"}'), b64data: base64('null') },
    };
    expect(await verify(good({ subs, channels: ['room:z'], meta: { secret: 1 } }))).toMatchObject({
      result: 'ok',
      identity: {
        channels: ['room:a', 'room:b', 'room:c'],
        subs: new Map([
          ['room:a', { info: '{"a":1}', data: [1] }],
          ['room:c', { info: '{"c":"ü"}' }],
        ]),
      },
    });
    expect(await verify(good({ subs: {}, channels: ['room:z'] }))).toMatchObject({
      identity: { channels: ['room:z'] },
    });
  });

  it('takes info in base64 before info as it is', async () => {
    const claims = good({ b64info: base64('{"from":"base64"}'), info: { from: 'info' } });
    expect(await verify(claims)).toMatchObject({ identity: { info: '{"from":"base64"}' } });
    expect(await verify(good({ b64info: '', info: null }))).toMatchObject({ result: 'ok' });
  });

  it('names nobody only where anonymous users are allowed', async () => {
    for (const claims of [good({ sub: '' }), good({ sub: undefined })]) {
      expect((await verify(claims)).result).toBe('invalid');
      expect(await verify(claims, { anonymous: true })).toMatchObject({ identity: { user: '' } });
    }
  });

  it('may have 8,192 characters and no more', async () => {
    const padded = (length: number) => hs256(good({ padding: 'x'.repeat(length) }));
    let length = 0;
    while (padded(length + 1).length <= MAX_TOKEN_LENGTH) length += 1;
    const { tokens } = tokenWorld();
    expect(MAX_TOKEN_LENGTH - padded(length).length).toBeLessThan(2);
    expect((await tokens.connection(padded(length))).result).toBe('ok');
    expect(await tokens.connection(padded(length + 1))).toMatchObject({
      reason: expect.stringContaining('expected at most 8192 characters'),
    });
  });

  it('may be none at all where anonymous users are allowed', async () => {
    expect((await tokenWorld().tokens.connection('')).result).toBe('invalid');
    expect(await tokenWorld({ anonymous: true }).tokens.connection('')).toMatchObject({
      result: 'ok',
      identity: { user: '', channels: [] },
    });
  });
});

describe('a claim that is null', () => {
  it('is absent: some languages write an empty list so', async () => {
    const claims = ['nbf', 'iat', 'expire_at', 'info', 'b64info', 'channels', 'subs', 'meta'] as const;
    const nulls = Object.fromEntries(claims.map((name) => [name, null]));
    expect(await verify(good(nulls))).toEqual(await verify(good()));
    expect((await verify(good({ sub: null }))).result).toBe('invalid');
  });
});

describe('the times of a connection token', () => {
  it.each([
    ['that ended', { exp: SECONDS - 1 }, 'expired'],
    ['that ends now', { exp: SECONDS }, 'expired'],
    ['that ends in a second', { exp: SECONDS + 1 }, 'ok'],
    ['that begins in 5 s', { nbf: SECONDS + 5 }, 'ok'],
    ['that begins in 6 s', { nbf: SECONDS + 6 }, 'invalid'],
    ['that was made in 5 s', { iat: SECONDS + 5 }, 'ok'],
    ['that was made in 6 s', { iat: SECONDS + 6 }, 'invalid'],
    ['whose connection ended', { expire_at: SECONDS - 1 }, 'expired'],
    ['that ended, though its connection would not', { exp: SECONDS - 1, expire_at: 0 }, 'expired'],
  ])('make one %s, %j, %s', async (_, times, result) => {
    expect((await verify(good(times))).result).toBe(result);
  });

  it.each([
    [{}, SECONDS + 60],
    [{ exp: SECONDS + 60.9 }, SECONDS + 60],
    [{ expire_at: SECONDS + 3600 }, SECONDS + 3600],
    [{ expire_at: 0 }, 0],
  ])('%j end its connection at %d', async (times, expiresAt) => {
    expect(await verify(good(times))).toMatchObject({ identity: { expiresAt } });
  });
});

describe('a connection token is refused', () => {
  const world = tokenWorld();

  it.each([
    ['no expiry', { exp: undefined }],
    ['an expiry in milliseconds', { exp: NOW + 60_000 }],
    ['an expiry as text', { exp: `${SECONDS + 60}` }],
    ['an expiry before all times', { exp: -1 }],
    ['a begin that is none', { nbf: 'now' }],
    ['a time of making in milliseconds', { iat: NOW }],
    ['an end of the connection that is none', { expire_at: 'never' }],
    ['an expiry that is null', { exp: null }],
    ['a user that is no text', { sub: 7 }],
    ['a long user', { sub: 'x'.repeat(256) }],
    ['a user with half a character', { sub: 'a\ud800' }],
    ['channels as text', { channels: 'room:a' }],
    ['a channel that is none', { channels: ['room:{a}'] }],
    ['a channel as number', { channels: [1] }],
    ['too many channels', { channels: Array.from({ length: 129 }, (_, index) => `c${index}`) }],
    ['subs as a list', { subs: ['room:a'] }],
    ['a sub that is no channel', { subs: { 'room a': {} } }],
    ['a sub without options', { subs: { 'room:a': true } }],
    [
      'too many subs',
      { subs: Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`c${index}`, {}])) },
    ],
    ['info that is no object', { info: 'Al' }],
    ['info that is a list', { info: [1] }],
    ['info of more than 1 KB', { info: { text: 'ü'.repeat(512) } }],
    ['info of a sub of more than 1 KB', { subs: { 'room:a': { info: { text: 'x'.repeat(1024) } } } }],
    ['info in broken base64', { b64info: 'e30=e30=' }],
    ['info in base64 that is no JSON', { b64info: base64('{') }],
    ['info in base64 that is no text', { b64info: Buffer.from([0x22, 0xff, 0x22]).toString('base64') }],
    ['info in base64 as a number', { b64info: 7 }],
    ['data of a sub in broken base64', { subs: { 'room:a': { b64data: '*' } } }],
    ['a channel of a subscription token', { channel: 'room:a' }],
  ])('for %s, and the reason has nothing of it', async (_, more) => {
    const token = hs256(good({ ...more, padding: 'DO-NOT-REPEAT' }));
    const verdict = await world.tokens.connection(token);
    expect(verdict).toEqual({ result: 'invalid', reason: expect.stringMatching(/expected .*, got /) });
    const reason = verdict.result === 'invalid' ? verdict.reason : '';
    for (const value of [token.slice(0, 20), 'DO-NOT-REPEAT', 'room:{a}', 'room a', `${NOW}`, 'alice']) {
      expect(reason).not.toContain(value);
    }
  });
});

describe('issuer and audience', () => {
  const issuer = 'https://login.example.com/';
  const audience = 'holdfast';
  const worlds = () => tokenWorld({ rules: [{ id: SET, issuer, audience }] });

  it.each([
    ['both are right', { iss: issuer, aud: audience }, 'ok'],
    ['the audience is among others', { iss: issuer, aud: ['other', audience] }, 'ok'],
    ['the issuer is another', { iss: 'https://login.example.com', aud: audience }, 'invalid'],
    ['there is no issuer', { aud: audience }, 'invalid'],
    ['the audience is another', { iss: issuer, aud: ['holdfast2'] }, 'invalid'],
    ['the audience only begins alike', { iss: issuer, aud: `${audience}-admin` }, 'invalid'],
    ['there is no audience', { iss: issuer }, 'invalid'],
    ['the audience is an object', { iss: issuer, aud: { [audience]: true } }, 'invalid'],
  ])('are asked of the tokens of a key set: %s', async (_, claims, result) => {
    expect((await worlds().tokens.connection(published('RS256', good(claims)))).result).toBe(result);
  });

  it('of one key set are not asked of the secret, nor of another set', async () => {
    expect((await worlds().tokens.connection(hs256(good()))).result).toBe('ok');
  });
});
