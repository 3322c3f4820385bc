import { createHmac } from 'node:crypto';

/** The secret of the simulation's tokens. */
export const TOKEN_SECRET = new TextEncoder().encode('a secret of the simulation only, long enough');

/** A connection token (HS256) that outlives every run. */
export function tokenOf(user: string, channels: readonly string[]): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: user, exp: 4_000_000_000, channels };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', TOKEN_SECRET).update(signed).digest('base64url')}`;
}
