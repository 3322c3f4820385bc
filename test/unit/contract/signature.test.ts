import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import fc from 'fast-check';
import type { Envelope, UnsignedEnvelope } from '../../../lambdas/contract/envelope';
import type { JsonValue } from '../../../lambdas/contract/json';
import {
  parsePrivateKey,
  parsePublicKeys,
  SigningKeyError,
  signEnvelope,
  verifyEnvelope,
} from '../../../lambdas/contract/signature';

const pair = generateKeyPairSync('ed25519');
const key = { kid: 'k1', privateKey: pair.privateKey };
const keys: ReadonlyMap<string, KeyObject> = new Map([['k1', pair.publicKey]]);

function unsigned(data: JsonValue): UnsignedEnvelope {
  return {
    v: 1,
    id: '7f3c1d7e-8f0b-4a51-9d0a-6f1f5b1f2a10',
    seq: 3,
    kind: 'rpc',
    service: 'echo',
    method: 'echo.say',
    client: 'TXzPWdnOjoECGjA=',
    user: 'alice',
    commandId: 7,
    data,
    issuedAt: 1_700_000_000_000,
    deadline: 1_700_000_005_000,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
}

function keysReversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keysReversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, inner]) => [name, keysReversed(inner)]),
  );
}

const json = fc.jsonValue({ maxDepth: 5 }) as fc.Arbitrary<JsonValue>;

describe('signEnvelope and verifyEnvelope', () => {
  it('agree on any JSON data, after a trip over the wire and with keys in another order', () => {
    fc.assert(
      fc.property(json, (data) => {
        const envelope = signEnvelope(unsigned(data), key);
        const arrived: Envelope = JSON.parse(JSON.stringify(envelope));
        expect(verifyEnvelope(envelope, keys)).toBe('valid');
        expect(verifyEnvelope(arrived, keys)).toBe('valid');
        expect(verifyEnvelope(keysReversed(arrived) as Envelope, keys)).toBe('valid');
      }),
    );
  });

  it('refuse an envelope of which any field was changed, left out or added', () => {
    const envelope = signEnvelope(unsigned({ text: 'hi', list: [1, 2] }), key);
    const names = Object.keys(unsigned(null)) as (keyof UnsignedEnvelope)[];
    fc.assert(
      fc.property(fc.constantFrom(...names), json, (name, value) => {
        fc.pre(JSON.stringify(value) !== JSON.stringify(envelope[name]));
        expect(verifyEnvelope({ ...envelope, [name]: value } as Envelope, keys)).toBe('invalid');
        const { [name]: _, ...rest } = envelope;
        expect(verifyEnvelope(rest as Envelope, keys)).toBe('invalid');
      }),
    );
    expect(verifyEnvelope(Object.assign({ more: 1 }, envelope), keys)).toBe('invalid');
  });

  it('refuse data that differs anywhere', () => {
    fc.assert(
      fc.property(json, json, (signed, other) => {
        fc.pre(JSON.stringify(keysSorted(signed)) !== JSON.stringify(keysSorted(other)));
        const envelope = signEnvelope(unsigned(signed), key);
        expect(verifyEnvelope({ ...envelope, data: other }, keys)).toBe('invalid');
      }),
    );
  });

  it.each([
    ['a key that is not known', { kid: 'k2' }, 'unknown-key'],
    ['an empty value', { value: '' }, 'invalid'],
    ['padding', { value: `${signEnvelope(unsigned(null), key).signature.value}==` }, 'invalid'],
    ['another signature', { value: 'A'.repeat(86) }, 'invalid'],
    ['a kid of another type', { kid: 1 }, 'invalid'],
    ['a value of another type', { value: null }, 'invalid'],
  ])('tell a signature with %s', (_, change, expected) => {
    const envelope = signEnvelope(unsigned(null), key);
    const changed = { ...envelope, signature: { ...envelope.signature, ...change } } as Envelope;
    expect(verifyEnvelope(changed, keys)).toBe(expected);
  });

  it('accept one spelling of a signature only', () => {
    const envelope = signEnvelope(unsigned(null), key);
    const last = envelope.signature.value.at(-1) ?? '';
    const sibling = { A: 'B', Q: 'R', g: 'h', w: 'x' }[last] ?? '';
    const value = envelope.signature.value.slice(0, -1) + sibling;
    expect(Buffer.from(value, 'base64url')).toEqual(Buffer.from(envelope.signature.value, 'base64url'));
    expect(verifyEnvelope({ ...envelope, signature: { kid: 'k1', value } }, keys)).toBe('invalid');
  });

  it('sign the RFC 8785 form, as any language can make it', () => {
    const data = { '€': 1e21, b: [true, null], a: 'é\n"\u0001', '\ud83d\ude00': -0 };
    const { signature } = signEnvelope(unsigned(data), key);
    const form =
      '{"client":"TXzPWdnOjoECGjA=","commandId":7,"data":{"a":"é\\n\\"\\u0001","b":[true,null],"€":1e+21,"😀":0},' +
      '"deadline":1700000005000,"id":"7f3c1d7e-8f0b-4a51-9d0a-6f1f5b1f2a10","issuedAt":1700000000000,"kind":"rpc",' +
      '"method":"echo.say","seq":3,"service":"echo",' +
      '"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","user":"alice","v":1}';
    const value = Buffer.from(signature.value, 'base64url');
    expect(verify(null, Buffer.from(form), pair.publicKey, value)).toBe(true);
  });

  it('do not take the signature of another key under a known kid', () => {
    const other = generateKeyPairSync('ed25519');
    const forged = signEnvelope(unsigned(null), { kid: 'k1', privateKey: other.privateKey });
    expect(verifyEnvelope(forged, keys)).toBe('invalid');
  });
});

function keysSorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(keysSorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [two]) => (one < two ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, keysSorted(inner)]));
}

describe('verifyEnvelope', () => {
  it('never throws, whatever arrives', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (garbage) => {
        expect(verifyEnvelope(garbage as Envelope, keys)).toBe('invalid');
        const signature = { kid: 'k1', value: 'A'.repeat(86) };
        expect(verifyEnvelope({ ...unsigned(null), data: garbage, signature } as Envelope, keys)).toBe(
          'invalid',
        );
      }),
    );
  });

  it('survives data nested without end', () => {
    const data = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
    const signature = { kid: 'k1', value: 'A'.repeat(86) };
    expect(verifyEnvelope({ ...unsigned(data), signature }, keys)).toBe('invalid');
  });
});

describe('parsePublicKeys', () => {
  const { x } = pair.publicKey.export({ format: 'jwk' });

  it('reads keys that verify', () => {
    const parsed = parsePublicKeys(JSON.stringify({ keys: [{ kid: 'k1', publicKey: x }] }));
    expect(verifyEnvelope(signEnvelope(unsigned(1), key), parsed)).toBe('valid');
  });

  it('takes no keys for a valid state: nothing was rotated yet', () => {
    expect(parsePublicKeys('{"keys":[]}').size).toBe(0);
  });

  it.each([
    ['no JSON', 'pending'],
    ['an array', '[]'],
    ['no keys', '{}'],
    ['a key that is null', '{"keys":[null]}'],
    ['a key without kid', JSON.stringify({ keys: [{ publicKey: x }] })],
    ['31 bytes', JSON.stringify({ keys: [{ kid: 'k', publicKey: Buffer.alloc(31).toString('base64url') }] })],
  ])('refuses %s', (_, value) => {
    expect(() => parsePublicKeys(value)).toThrow(SigningKeyError);
  });
});

describe('parsePrivateKey', () => {
  const der = (made: KeyObject) => made.export({ format: 'der', type: 'pkcs8' }).toString('base64');

  it('reads a key that signs', () => {
    const parsed = parsePrivateKey(JSON.stringify({ kid: 'k1', privateKey: der(pair.privateKey) }));
    expect(parsed?.kid).toBe('k1');
    expect(parsed && verifyEnvelope(signEnvelope(unsigned(1), parsed), keys)).toBe('valid');
  });

  it('knows the value before the first rotation', () => {
    expect(parsePrivateKey('{}')).toBeUndefined();
  });

  it.each([
    ['no JSON', 'secret-text'],
    ['no private key', '{"kid":"secret-text"}'],
    ['text that is no key', '{"kid":"k","privateKey":"secret-text"}'],
    [
      'a key of another kind',
      JSON.stringify({ kid: 'k', privateKey: der(generateKeyPairSync('x25519').privateKey) }),
    ],
  ])('refuses %s without repeating it', (_, value) => {
    expect(() => parsePrivateKey(value)).toThrow(SigningKeyError);
    expect(() => parsePrivateKey(value)).not.toThrow(/secret-text/);
  });
});
