import fc from 'fast-check';
import { EMPTY_KEY_SET, KeySetError, keySetId, parseKeySet } from '../../../lambdas/contract/jwks';

describe('keySetId', () => {
  it('names a URL, and another one otherwise', () => {
    const id = keySetId('https://login.example.com/jwks.json');
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(keySetId('https://login.example.com/jwks.json')).toBe(id);
    expect(keySetId('https://login.example.com/jwks.json/')).not.toBe(id);
  });
});

describe('parseKeySet', () => {
  it('reads a set as it is stored, and the one before the first fetch', () => {
    const set = {
      v: 1,
      triedAt: 2,
      fetchedAt: 1,
      keys: [
        { kid: 'a', kty: 'RSA', n: 'AQAB', e: 'AQAB' },
        { kty: 'OKP', crv: 'Ed25519', x: 'AQAB' },
      ],
    };
    expect(parseKeySet(JSON.stringify(set))).toEqual(set);
    expect(parseKeySet(JSON.stringify(EMPTY_KEY_SET))).toEqual(EMPTY_KEY_SET);
  });

  it.each([
    ['', '{', 'null', '[]', '{}'],
    ['{"v":2,"triedAt":0,"fetchedAt":0,"keys":[]}'],
    ['{"v":1,"triedAt":"0","fetchedAt":0,"keys":[]}'],
    ['{"v":1,"triedAt":0,"fetchedAt":0,"keys":{}}'],
    ['{"v":1,"triedAt":0,"fetchedAt":0,"keys":[{"kty":"oct","k":"AA"}]}'],
    ['{"v":1,"triedAt":0,"fetchedAt":0,"keys":[{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}]}'],
    ['{"v":1,"triedAt":0,"fetchedAt":0,"keys":[{"kid":"","kty":"OKP","crv":"Ed25519","x":"AA"}]}'],
  ])('refuses %j', (...texts) => {
    for (const text of texts) expect(() => parseKeySet(text)).toThrow(KeySetError);
  });

  it('refuses any other text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(() => parseKeySet(text)).toThrow(KeySetError);
      }),
    );
  });
});
