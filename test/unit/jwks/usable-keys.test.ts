import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { KeySetError, MAX_KEY_SET_BYTES, parseKeySet } from '../../../lambdas/contract/jwks';
import { usableKeysOf } from '../../../lambdas/gateway/jwks/usable-keys';

const jwk = ({ publicKey }: { publicKey: KeyObject }, more: object = {}) => ({
  ...publicKey.export({ format: 'jwk' }),
  ...more,
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');

const read = (...keys: unknown[]) => usableKeysOf(JSON.stringify({ keys }));
/** With a key that is good beside it, so that the set has one. */
const isUsable = (key: unknown) => read(jwk(ed, { kid: 'good' }), key).keys.some(({ kid }) => kid === 'k');

describe('a published key is kept', () => {
  it('in the members that verification needs, and in no other', () => {
    const certificate = { x5c: ['MIIB'], x5t: 'abc', use: 'sig', alg: 'RS256', key_ops: ['verify'] };
    const { keys, skipped } = read(jwk(rsa, { kid: 'a', ...certificate }), jwk(ec, { kid: 'b' }), jwk(ed));
    expect(keys.map((key) => Object.keys(key))).toEqual([
      ['kid', 'kty', 'n', 'e'],
      ['kid', 'kty', 'crv', 'x', 'y'],
      ['kty', 'crv', 'x'],
    ]);
    expect(skipped).toBe(0);
  });

  it('without its private half, should a provider publish that', () => {
    const { keys } = usableKeysOf(
      JSON.stringify({ keys: [{ ...ed.privateKey.export({ format: 'jwk' }), kid: 'k' }] }),
    );
    expect(Object.keys(keys[0] ?? {})).toEqual(['kid', 'kty', 'crv', 'x']);
  });

  it.each(['abc=', 'a+b/c', 'urn:key:1', 'https://login.example.com/k', 'a_b-c.d~e@f'])(
    'with the id %s',
    (kid) => {
      expect(read(jwk(ed, { kid })).keys).toMatchObject([{ kid }]);
    },
  );
});

describe('a published key is skipped', () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const huge = generateKeyPairSync('rsa', { modulusLength: 4608 });
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const secp = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  const x25519 = generateKeyPairSync('x25519');

  it.each([
    ['for encryption', jwk(rsa, { kid: 'k', use: 'enc' })],
    ['for another algorithm', jwk(rsa, { kid: 'k', alg: 'RS512' })],
    ['for PSS', jwk(rsa, { kid: 'k', alg: 'PS256' })],
    ['for an algorithm of another kind', jwk(rsa, { kid: 'k', alg: 'HS256' })],
    ['for signing alone', jwk(rsa, { kid: 'k', key_ops: ['sign'] })],
    ['whose operations are no list', jwk(rsa, { kid: 'k', key_ops: 'verify' })],
    ['of 1,024 bits', jwk(weak, { kid: 'k' })],
    ['of more than 4,096 bits', jwk(huge, { kid: 'k' })],
    ['on the curve P-384', jwk(p384, { kid: 'k' })],
    ['on the curve secp256k1', jwk(secp, { kid: 'k' })],
    ['on the curve X25519', jwk(x25519, { kid: 'k' })],
    ['that is a secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'k' }],
    ['whose point is not on its curve', { ...jwk(ec), x: 'AAAA', kid: 'k' }],
    ['whose bytes are none', { kty: 'OKP', crv: 'Ed25519', x: '***', kid: 'k' }],
    ['that is half', { kty: 'RSA', n: 'AQAB', kid: 'k' }],
    ['whose id is no text', jwk(ed, { kid: 7 })],
    ['that is no object', 'k'],
    ['that is null', null],
  ])('%s', (_, key) => {
    expect(isUsable(key)).toBe(false);
    expect(read(jwk(ed), key)).toMatchObject({ skipped: 1 });
  });

  it('whose id is none: long, empty, with a space, a quote or a line end', () => {
    for (const kid of ['k'.repeat(129), '', 'k k', "k'", 'k\n']) {
      expect(read(jwk(ed), jwk(ed, { kid })).keys).toHaveLength(1);
    }
  });
});

describe('a key set', () => {
  it.each([
    ['', 'expected {keys: [...]}'],
    ['<html>', 'expected {keys: [...]}'],
    ['null', 'expected {keys: [...]}'],
    ['[]', 'expected {keys: [...]}'],
    ['{"keys":{}}', 'expected {keys: [...]}'],
    ['{"keys":[]}', 'got none among 0'],
    ['{"keys":[{"kty":"oct","k":"AA"}]}', 'got none among 1'],
  ])('%s is refused', (text, message) => {
    expect(() => usableKeysOf(text)).toThrow(KeySetError);
    expect(() => usableKeysOf(text)).toThrow(message);
  });

  it('of more keys than a parameter holds is cut, and says by how many', () => {
    const many = Array.from({ length: 30 }, (_, index) => jwk(rsa, { kid: `key-${index}` }));
    const { keys, leftOut } = read(...many);
    const document = { v: 1, triedAt: Date.now(), fetchedAt: Date.now(), keys };
    expect(keys.length + leftOut).toBe(30);
    expect(leftOut).toBeGreaterThan(0);
    const bytes = Buffer.byteLength(JSON.stringify(document));
    expect(bytes).toBeLessThanOrEqual(MAX_KEY_SET_BYTES);
    expect(bytes + JSON.stringify(many[0]).length).toBeGreaterThan(MAX_KEY_SET_BYTES);
    expect(parseKeySet(JSON.stringify(document)).keys).toHaveLength(keys.length);
  });

  it('of any JSON is read or refused, and what is kept is one', () => {
    const member = fc.oneof(fc.constantFrom('RSA', 'EC', 'OKP', 'P-256', 'Ed25519', 'AQAB'), fc.jsonValue());
    const key = fc.record(
      { kty: member, crv: member, n: member, e: member, x: member, y: member, kid: member, use: member },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(key, fc.jsonValue())), (given) => {
        const { keys } = read(jwk(ed), ...given);
        expect(parseKeySet(JSON.stringify({ v: 1, triedAt: 0, fetchedAt: 0, keys })).keys).toEqual(keys);
      }),
    );
  });
});
