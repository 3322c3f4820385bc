import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import type { TokenKeys } from '../../../lambdas/gateway/core/auth/token-keys';
import { MAX_TOKEN_LENGTH } from '../../../lambdas/gateway/core/auth/token-text';
import { TokenVerifier } from '../../../lambdas/gateway/core/auth/token-verifier';
import {
  bySecret,
  good,
  hs256,
  jwkOf,
  KINDS,
  type Kind,
  NOW,
  pairs,
  published,
  tokenOf,
  tokenWorld,
} from './token-world';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A verifier whose keys must not be asked for. */
function untouchable() {
  const find = jest.fn<ReturnType<TokenKeys['find']>, Parameters<TokenKeys['find']>>();
  return { find, tokens: new TokenVerifier({ keys: { find }, anonymous: false, clock: { now: () => NOW } }) };
}

describe('refused before any key is looked for', () => {
  it.each([
    ['nothing', ''],
    ['text that is no token', 'abc'],
    ['two parts', 'e30.e30'],
    ['five parts, as an encrypted token has', 'e30.e30.e30.e30.e30'],
    ['padding in a part', `${part({ alg: 'HS256' })}=.e30.e30`],
    ['the alphabet of plain base64', 'a+b/.e30.e30'],
    ['a space', ` ${hs256(good())}`],
    ['a line end', `${hs256(good())}\n`],
    ['a header that is no JSON', `${Buffer.from('{').toString('base64url')}.e30.e30`],
    ['a header that is a list', `${part(['HS256'])}.e30.e30`],
    ['a header that is null', 'bnVsbA.e30.e30'],
    ['100 KB', `${hs256(good({ pad: 'x'.repeat(100 * 1024) }))}`],
    ['one character too many', 'x'.repeat(MAX_TOKEN_LENGTH + 1)],
    ['the algorithm none', `${part({ alg: 'none' })}.${part(good())}.`],
    ['the algorithm none with a signature', tokenOf({ alg: 'none' }, good(), bySecret())],
    ['the algorithm NONE', tokenOf({ alg: 'NONE' }, good(), bySecret())],
    ['no algorithm', tokenOf({}, good(), bySecret())],
    ['an algorithm that is no text', tokenOf({ alg: ['HS256'] }, good(), bySecret())],
    ['an algorithm in another case', tokenOf({ alg: 'hs256' }, good(), bySecret())],
    ['another HMAC', tokenOf({ alg: 'HS512' }, good(), bySecret())],
    ['RSA with PSS', tokenOf({ alg: 'PS256' }, good(), bySecret())],
    ['a critical header', hs256(good(), { crit: ['b64'], b64: false })],
    ['an empty list of critical headers', hs256(good(), { crit: [] })],
    ['a token in a token', hs256(good(), { cty: 'JWT' })],
    ['a logout token', hs256(good(), { typ: 'logout+jwt' })],
    ['a type that is no text', hs256(good(), { typ: 7 })],
    ['a key id with SQL', hs256(good(), { kid: "' OR 1=1 --" })],
    ['a key id of 129 characters', hs256(good(), { kid: 'k'.repeat(129) })],
    ['a key id of 7 KB', hs256(good(), { kid: 'k'.repeat(5 * 1024) })],
    ['an empty key id', hs256(good(), { kid: '' })],
    ['a key id that is no text', hs256(good(), { kid: { $ne: null } })],
    ['a key id with a line end', hs256(good(), { kid: 'RS256\n' })],
    ['a key id with a zero byte', hs256(good(), { kid: 'RS256\u0000' })],
  ])('%s', async (_, token) => {
    const { tokens, find } = untouchable();
    expect(await tokens.connection(token)).toMatchObject({ result: 'invalid' });
    expect(await tokens.subscription(token, { user: '', channel: 'c', connection: 'i' })).toMatchObject({
      result: 'invalid',
    });
    expect(find).not.toHaveBeenCalled();
  });
});

describe('a forged token is refused', () => {
  const verify = (token: string) => tokenWorld().tokens.connection(token);

  it.each([
    ['by another secret', () => tokenOf({ alg: 'HS256' }, good(), bySecret('b'.repeat(40)))],
    ['by an empty secret', () => tokenOf({ alg: 'HS256' }, good(), bySecret(''))],
    ['by another secret, and expired', () => tokenOf({ alg: 'HS256' }, good({ exp: 1 }), bySecret('b'))],
    [
      'whose claims were exchanged',
      () => hs256(good()).replace(/\.[^.]+\./, `.${part(good({ sub: 'bob' }))}.`),
    ],
    ['whose header was exchanged', () => hs256(good()).replace(/^[^.]+/, part({ alg: 'HS256' }))],
    ['whose signature was cut', () => hs256(good()).slice(0, -4)],
    ['whose signature is zero bytes', () => tokenOf({ alg: 'HS256' }, good(), () => Buffer.alloc(32))],
    [
      'whose ES256 signature is all zero',
      () => tokenOf({ alg: 'ES256', kid: 'ES256' }, good(), () => Buffer.alloc(64)),
    ],
    [
      'by a provider, exchanged claims',
      () => published('RS256', good()).replace(/\.[^.]+\./, `.${part(good({ sub: 'bob' }))}.`),
    ],
  ])('%s', async (_, make) => {
    expect(await verify(make())).toEqual({
      result: 'invalid',
      reason: 'token signature: expected one by a trusted key, got another',
    });
  });

  const forms: readonly [string, (kind: Kind) => string | Buffer][] = [
    ['PEM', (kind) => pairs[kind].publicKey.export({ format: 'pem', type: 'spki' })],
    ['DER', (kind) => pairs[kind].publicKey.export({ format: 'der', type: 'spki' })],
    ['JWK', (kind) => JSON.stringify(jwkOf(kind))],
  ];

  it.each(KINDS.flatMap((kind) => forms.map(([form, textOf]) => [kind, form, textOf] as const)))(
    'by the public %s key in the form %s as if it were the secret',
    async (kind, _, textOf) => {
      const forged = (header: object) =>
        tokenOf({ alg: 'HS256', ...header }, good(), (text) =>
          createHmac('sha256', textOf(kind)).update(text).digest(),
        );
      for (const token of [forged({ kid: kind }), forged({})]) {
        expect((await verify(token)).result).toBe('invalid');
        // Nor where no secret signs tokens at all.
        expect((await tokenWorld({ secret: undefined }).tokens.connection(token)).result).toBe('invalid');
      }
    },
  );

  it.each([
    ['RS256', 'ES256'],
    ['RS256', 'EdDSA'],
    ['ES256', 'RS256'],
    ['ES256', 'EdDSA'],
    ['EdDSA', 'ES256'],
  ] as const)('by the %s key under the algorithm %s', async (kind, alg) => {
    const world = tokenWorld();
    expect((await world.tokens.connection(published(kind, good(), { alg }))).result).toBe('invalid');
    // The id is known to be another kind's: nothing is asked for.
    expect(world.asked).toEqual([]);
  });

  it('by the secret under the algorithm and the id of a published key', async () => {
    for (const alg of KINDS) expect((await verify(hs256(good(), { alg, kid: alg }))).result).toBe('invalid');
  });

  it('by a key that it brings along, or says where to fetch', async () => {
    const attacker = generateKeyPairSync('ed25519');
    const forged = (header: object) =>
      tokenOf({ alg: 'EdDSA', kid: 'EdDSA', ...header }, good(), (text) =>
        sign(null, Buffer.from(text), attacker.privateKey),
      );
    const brought = {
      jwk: { ...attacker.publicKey.export({ format: 'jwk' }), kid: 'EdDSA' },
      jku: 'https://evil.example/jwks.json',
      x5u: 'https://evil.example/cert.pem',
      x5c: ['MIIB'],
    };
    for (const header of [brought, { ...brought, kid: undefined }, { ...brought, kid: 'own' }]) {
      expect((await verify(forged(header))).result).toBe('invalid');
    }
    // Beside a key that is trusted they mean nothing.
    expect((await verify(published('EdDSA', good(), brought))).result).toBe('ok');
  });

  it.each([
    '../../../../dev/null',
    '/etc/passwd',
    'file:///etc/passwd',
    'https://evil.example/key',
    '__proto__',
    'constructor',
  ])('by the id %s, which is only ever compared', async (kid) => {
    const world = tokenWorld();
    expect((await world.tokens.connection(published('RS256', good(), { kid }))).result).toBe('invalid');
    expect(world.asked).toEqual([kid]);
  });

  it.each([
    ['text', 'alice'],
    ['a list', [good()]],
    ['null', null],
    ['a token', hs256(good())],
  ])('whose payload is %s', async (_, payload) => {
    expect((await verify(hs256(payload))).result).toBe('invalid');
  });

  it.each([
    ['no JSON', Buffer.from('{"sub"')],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ])('whose payload is %s', async (_, payload) => {
    const text = `${part({ alg: 'HS256' })}.${payload.toString('base64url')}`;
    expect((await verify(`${text}.${bySecret()(text).toString('base64url')}`)).result).toBe('invalid');
  });

  it('is not taken for a verdict that it claims to be', async () => {
    const claims = { result: 'ok', identity: { user: 'root' }, reason: 'DO-NOT-REPEAT' };
    expect(await verify(hs256(claims))).toMatchObject({ result: 'invalid' });
    expect(await verify(hs256({ result: 'invalid', reason: 'DO-NOT-REPEAT' }))).not.toMatchObject({
      reason: 'DO-NOT-REPEAT',
    });
    expect(await verify(hs256(good({ result: 'expired' })))).toMatchObject({ result: 'ok' });
  });
});

describe('any text', () => {
  const world = tokenWorld();
  const request = { user: 'alice', channel: 'room:a', connection: 'c' };

  async function isRefusedQuietly(token: string): Promise<void> {
    for (const verdict of [
      await world.tokens.connection(token),
      await world.tokens.subscription(token, request),
    ]) {
      expect(verdict.result).toBe('invalid');
      if (verdict.result === 'invalid' && token.length > 12)
        expect(verdict.reason).not.toContain(token.slice(0, 12));
    }
  }

  it('is refused without an exception', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), isRefusedQuietly), {
      numRuns: 500,
    });
  });

  const base64url = fc.uint8Array({ maxLength: 90 }).map((bytes) => Buffer.from(bytes).toString('base64url'));
  const header = fc.record(
    {
      alg: fc.constantFrom('HS256', 'RS256', 'ES256', 'EdDSA'),
      kid: fc.oneof(fc.constantFrom<string>(...KINDS), fc.string({ maxLength: 20 })),
      typ: fc.constantFrom('JWT', 'at+jwt'),
      jwk: fc.jsonValue(),
    },
    { requiredKeys: ['alg'] },
  );

  it('in the form of a token is refused without an exception, whoever it says signed it', async () => {
    world.answer = async () => ({ sets: {}, fresh: true });
    const token = fc.tuple(header, fc.jsonValue(), base64url).map(([head, claims, signature]) => {
      // Each unknown key is one that was just asked for: what a penalty does is tested elsewhere.
      world.now += 120_000;
      return `${part(head)}.${part(claims)}.${signature}`;
    });
    await fc.assert(fc.asyncProperty(token, isRefusedQuietly), { numRuns: 500 });
  });

  it('with one character changed is no longer the token that was signed', async () => {
    const token = hs256(good({ iat: 1, info: { a: 1 } }));
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
    // The last character of the signature carries bits that nobody reads.
    const place = fc.nat({ max: token.length - 2 });
    await fc.assert(
      fc.asyncProperty(place, fc.constantFrom(...alphabet), async (at, letter) => {
        fc.pre(token[at] !== letter);
        const changed = token.slice(0, at) + letter + token.slice(at + 1);
        expect((await tokenWorld().tokens.connection(changed)).result).toBe('invalid');
      }),
      { numRuns: 300 },
    );
  });

  it('as the claims of a signed token has a verdict', async () => {
    const claims = fc.record(
      {
        sub: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
        exp: fc.oneof(fc.constant(NOW / 1000 + 60), fc.double(), fc.jsonValue()),
        nbf: fc.jsonValue(),
        iat: fc.oneof(fc.integer(), fc.jsonValue()),
        expire_at: fc.oneof(fc.constantFrom(0, NOW), fc.jsonValue()),
        channels: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
        subs: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
        info: fc.jsonValue(),
        b64info: fc.oneof(fc.base64String(), fc.jsonValue()),
        channel: fc.constantFrom('room:a', 7),
        client: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const { tokens } = tokenWorld({ anonymous: true });
    await fc.assert(
      fc.asyncProperty(claims, async (given) => {
        const token = hs256(given);
        for (const verdict of [await tokens.connection(token), await tokens.subscription(token, request)]) {
          expect(['ok', 'expired', 'invalid']).toContain(verdict.result);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
