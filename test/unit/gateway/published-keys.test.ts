import { generateKeyPairSync } from 'node:crypto';
import { KEY_SET_REST_MS, keySetId } from '../../../lambdas/contract/jwks';
import { KEY_SETS_TTL_MS, UnknownKeyError } from '../../../lambdas/gateway/core/auth/published-keys';
import { good, hs256, jwkOf, keySetText, published, SET, tokenWorld, type World } from './token-world';

const RS256 = { alg: 'RS256', kid: 'RS256' } as const;
const kid = (name: string) => ({ alg: 'RS256', kid: name }) as const;

/** The function that fetches knows the key `new` beside the stored ones. */
function knowsNewKey(world: World): void {
  world.answer = async () => ({
    sets: { [SET]: keySetText([jwkOf('RS256'), jwkOf('RS256', 'new')]) },
    fresh: true,
  });
}

describe('published keys', () => {
  it('are read once in five minutes, by one read at a time', async () => {
    const world = tokenWorld();
    await Promise.all([world.keys.find(RS256), world.keys.find(RS256)]);
    world.now += KEY_SETS_TTL_MS - 1;
    expect(await world.keys.find(RS256)).toHaveLength(1);
    expect(world.reads).toBe(1);
    world.now += 1;
    await world.keys.find(RS256);
    expect(world.reads).toBe(2);
  });

  it('that were withdrawn are refused after that', async () => {
    const world = tokenWorld();
    expect(await world.keys.find(RS256)).toHaveLength(1);
    world.stored = { [SET]: keySetText([jwkOf('ES256')]) };
    world.now += KEY_SETS_TTL_MS;
    expect(await world.keys.find(RS256)).toEqual([]);
  });

  it('serve on while they cannot be read', async () => {
    const world = tokenWorld();
    await world.keys.find(RS256);
    world.stored = new Error('SSM is away');
    world.now += 100 * KEY_SETS_TTL_MS;
    expect(await world.keys.find(RS256)).toHaveLength(1);
    expect(world.lines).toEqual(['key sets not readable, the former ones are used']);
  });

  it('cannot be told where they could never be read: nobody is refused for that', async () => {
    const world = tokenWorld();
    world.stored = new Error('SSM is away');
    await expect(world.tokens.connection(published('RS256', good()))).rejects.toThrow('SSM is away');
    expect(world.asked).toEqual([]);
  });

  it.each([
    '{',
    '{"v":2}',
    keySetText([{ kty: 'oct', k: 'c2VjcmV0' }]),
    keySetText([{ kty: 'RSA', n: '*', e: 'AQAB' }]),
  ])('of a set that is broken (%s) stay as they were, and so do those of the others', async (broken) => {
    const other = keySetId('https://other.example/jwks.json');
    const world = tokenWorld({ rules: [{ id: SET }, { id: other }] });
    world.stored = { [SET]: keySetText([jwkOf('RS256')]), [other]: keySetText([jwkOf('ES256')]) };
    await world.keys.find(RS256);
    world.stored = { [SET]: broken, [other]: keySetText([jwkOf('EdDSA')]) };
    world.now += KEY_SETS_TTL_MS;
    expect(await world.keys.find(RS256)).toHaveLength(1);
    expect(await world.keys.find({ alg: 'EdDSA', kid: 'EdDSA' })).toHaveLength(1);
    expect(world.lines).toContain('key set skipped');
  });

  it('count only where their set is configured', async () => {
    const world = tokenWorld({ rules: [{ id: keySetId('https://other.example/jwks.json') }] });
    expect(await world.keys.find(RS256)).toEqual([]);
  });

  it('without an id in the token are taken only where there is one of the kind', async () => {
    const world = tokenWorld();
    expect(await world.keys.find({ alg: 'RS256' })).toHaveLength(1);
    world.stored = { [SET]: keySetText([jwkOf('RS256'), jwkOf('RS256', 'other')]) };
    world.now += KEY_SETS_TTL_MS;
    expect(await world.keys.find({ alg: 'RS256' })).toEqual([]);
    expect(world.asked).toEqual([]);
  });

  it('of two providers that use one id are both tried, each with what its tokens have to name', async () => {
    const theirs = keySetId('https://other.example/jwks.json');
    const rules = [
      { id: theirs, issuer: 'theirs' },
      { id: SET, issuer: 'ours' },
    ];
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const world = tokenWorld({ rules });
    world.stored = {
      [SET]: keySetText([jwkOf('RS256')]),
      [theirs]: keySetText([{ ...publicKey.export({ format: 'jwk' }), kid: 'RS256' }]),
    };
    const verify = async (iss: string) =>
      (await world.tokens.connection(published('RS256', good({ iss })))).result;
    expect(await verify('ours')).toBe('ok');
    expect(await verify('theirs')).toBe('invalid');
  });
});

describe('a key that is in no set', () => {
  it('is asked for, and found', async () => {
    const world = tokenWorld();
    knowsNewKey(world);
    const token = published('RS256', good(), { kid: 'new' });
    expect((await world.tokens.connection(token)).result).toBe('ok');
    expect((await world.tokens.connection(token)).result).toBe('ok');
    expect(world.asked).toEqual(['new']);
  });

  it('is asked for once by all that come at once', async () => {
    const world = tokenWorld();
    knowsNewKey(world);
    const token = published('RS256', good(), { kid: 'new' });
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => world.tokens.connection(token)));
    expect(verdicts.every(({ result }) => result === 'ok')).toBe(true);
    expect(world.asked).toEqual(['new']);
  });

  it('is refused where the function says for sure that there is none, without asking again for a minute', async () => {
    const world = tokenWorld();
    expect(await world.keys.find(kid('invented'))).toEqual([]);
    world.now += KEY_SET_REST_MS - 1;
    expect(await world.keys.find(kid('invented'))).toEqual([]);
    expect(world.asked).toEqual(['invented']);
    world.now += 1;
    await world.keys.find(kid('invented'));
    expect(world.asked).toEqual(['invented', 'invented']);
  });

  it('makes no more than one question a minute, whoever invents ids', async () => {
    const world = tokenWorld();
    let refused = 0;
    for (let second = 0; second < 180; second += 1) {
      for (const each of [1, 2, 3]) {
        await world.keys.find(kid(`invented-${second}-${each}`)).catch((error: unknown) => {
          expect(error).toBeInstanceOf(UnknownKeyError);
          refused += 1;
        });
      }
      world.now += 1000;
    }
    expect(world.asked).toHaveLength(3);
    expect(refused).toBe(180 * 3 - 3);
    // The stored sets were looked at twice a minute at most.
    expect(world.reads).toBeLessThanOrEqual(7);
  });

  it('is found while others are invented, as soon as its set is stored', async () => {
    const world = tokenWorld();
    await world.keys.find(kid('invented'));
    await expect(world.keys.find(kid('new'))).rejects.toThrow(UnknownKeyError);
    world.stored = { [SET]: keySetText([jwkOf('RS256', 'new')]) };
    world.now += 31_000;
    expect(await world.keys.find(kid('new'))).toHaveLength(1);
    expect(world.asked).toEqual(['invented']);
  });

  it.each([
    ['does not answer', async () => Promise.reject(new Error('late'))],
    ['could not fetch', async () => ({ sets: {}, fresh: false })],
  ])('is not refused for good where the function %s', async (_, answer) => {
    const world = tokenWorld();
    world.answer = answer;
    await expect(world.keys.find(kid('new'))).rejects.toThrow(UnknownKeyError);
    expect(await world.keys.find(RS256)).toHaveLength(1);
  });

  it('leaves the other sets as they are, whatever the function answers', async () => {
    const world = tokenWorld();
    world.answer = async () => ({
      sets: { [SET]: '{', other: keySetText([jwkOf('RS256', 'new')]) },
      fresh: true,
    });
    expect(await world.keys.find(kid('new'))).toEqual([]);
    expect(await world.keys.find(RS256)).toHaveLength(1);
  });

  it('keeps nobody waiting whose key is known', async () => {
    const world = tokenWorld();
    world.answer = () => new Promise(() => undefined);
    const unknown = world.tokens.connection(published('RS256', good(), { kid: 'new' }));
    expect((await world.tokens.connection(published('EdDSA', good()))).result).toBe('ok');
    expect((await world.tokens.connection(hs256(good()))).result).toBe('ok');
    expect(await Promise.race([unknown, Promise.resolve('waits')])).toBe('waits');
    expect(world.asked).toEqual(['new']);
  });
});
