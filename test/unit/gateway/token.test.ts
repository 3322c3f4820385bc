import { createHmac } from 'node:crypto';
import { SignJWT } from 'jose';
import { MAX_TOKEN_BYTES, verifyToken } from '../../../lambdas/gateway/core/auth/token';

const SECRET = new TextEncoder().encode('a secret of the tests, thirty-two bytes long');
const NOW = 1_700_000_000_000;
const seconds = NOW / 1000;

function sign(claims: Record<string, unknown>, alg = 'HS256', secret = SECRET): Promise<string> {
  return new SignJWT({ exp: seconds + 60, sub: 'alice', ...claims }).setProtectedHeader({ alg }).sign(secret);
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('verifyToken', () => {
  it('reads user, expiry and channels', async () => {
    const token = await sign({ channels: ['room:a', 'room:b', 'room:a'], info: { ignored: true } });
    expect(await verifyToken(token, SECRET, NOW)).toEqual({
      result: 'ok',
      identity: { user: 'alice', expiresAt: seconds + 60, channels: ['room:a', 'room:b'] },
    });
  });

  it('tells an expired token from an invalid one', async () => {
    expect(await verifyToken(await sign({ exp: seconds - 6 }), SECRET, NOW)).toEqual({ result: 'expired' });
    expect((await verifyToken(await sign({ exp: seconds + 1 }), SECRET, NOW)).result).toBe('ok');
  });

  it('has a grace for a clock that is ahead (nbf), none for the end of a token', async () => {
    expect(await verifyToken(await sign({ exp: seconds - 1 }), SECRET, NOW)).toEqual({ result: 'expired' });
    const valid = { exp: seconds + 60 };
    expect((await verifyToken(await sign({ ...valid, nbf: seconds + 4 }), SECRET, NOW)).result).toBe('ok');
    expect((await verifyToken(await sign({ ...valid, nbf: seconds + 30 }), SECRET, NOW)).result).toBe(
      'invalid',
    );
  });

  it.each([
    ['none', async () => ''],
    ['text that is no token', async () => 'abc'],
    ['the secret of another', () => sign({}, 'HS256', new TextEncoder().encode('b'.repeat(40)))],
    ['another HMAC', () => sign({}, 'HS512')],
    ['no algorithm', async () => `${part({ alg: 'none' })}.${part({ sub: 'alice', exp: seconds + 60 })}.`],
    ['an expired forgery', () => sign({ exp: 1 }, 'HS256', new TextEncoder().encode('b'.repeat(40)))],
    ['no expiry', () => sign({ exp: undefined })],
    ['no user', () => sign({ sub: undefined })],
    ['an empty user', () => sign({ sub: '' })],
    ['a long user', () => sign({ sub: 'x'.repeat(256) })],
    ['a later begin', () => sign({ nbf: seconds + 60 })],
    ['channels as text', () => sign({ channels: 'room:a' })],
    ['a channel that is none', () => sign({ channels: ['room:{a}'] })],
    ['a channel as number', () => sign({ channels: [1] })],
    ['too many channels', () => sign({ channels: Array.from({ length: 129 }, (_, index) => `c${index}`) })],
    ['too many bytes', () => sign({ pad: 'x'.repeat(MAX_TOKEN_BYTES) })],
  ])('refuses %s and says why without the token', async (_, make) => {
    const token = await make();
    const verdict = await verifyToken(token, SECRET, NOW);
    expect(verdict.result).toBe('invalid');
    if (verdict.result === 'invalid' && token) expect(verdict.reason).not.toContain(token.slice(0, 20));
  });

  it('refuses a user that is no text', async () => {
    const head = `${part({ alg: 'HS256' })}.${part({ exp: seconds + 60, sub: 7 })}`;
    const signature = createHmac('sha256', SECRET).update(head).digest('base64url');
    expect((await verifyToken(`${head}.${signature}`, SECRET, NOW)).result).toBe('invalid');
  });
});
