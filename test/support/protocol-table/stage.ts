import { createHmac } from 'node:crypto';
import type { JsonObject } from '../../../lambdas/contract/json';
import { jwtSecret, type Target } from '../target';
import type { Row, Scene, Who } from './exchange';

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function signed(secret: string, claims: JsonObject): string {
  const input = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url(claims)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

const run = `${Date.now().toString(36)}${process.pid}`;
let count = 0;

/** What a row is about, on a target. */
export async function sceneOn(target: Target): Promise<Scene> {
  const secret = await jwtSecret(target);
  const own = `${run}-${++count}`;
  const user = (who: Who) => `${who}-${own}`;
  const withDefaults = (claims: JsonObject): JsonObject => ({
    sub: user('alice'),
    exp: Math.floor(Date.now() / 1000) + 60,
    ...claims,
  });
  return {
    channel: `room:table-${own}`,
    user,
    token: (claims = {}) => signed(secret, withDefaults(claims)),
    forged: (kind) =>
      kind === 'none'
        ? `${base64url({ alg: 'none' })}.${base64url(withDefaults({}))}.`
        : signed('not the secret', withDefaults({})),
  };
}

/** Rows as `it.each` takes them. */
export function byName(rows: readonly Row[]): (readonly [string, Row])[] {
  const names = new Set(rows.map(({ name }) => name));
  if (names.size !== rows.length) throw new Error('rows: expected each name once, got one of them twice');
  return rows.map((row) => [row.name, row] as const);
}
