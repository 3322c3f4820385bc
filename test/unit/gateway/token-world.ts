import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type KeySetDocument, keySetId } from '../../../lambdas/contract/jwks';
import type { KeySetRules } from '../../../lambdas/contract/token-rules';
import { type KeySetRequests, PublishedKeys } from '../../../lambdas/gateway/core/auth/published-keys';
import { keysByKind, SecretKey, type TokenKeys } from '../../../lambdas/gateway/core/auth/token-keys';
import { TokenVerifier } from '../../../lambdas/gateway/core/auth/token-verifier';

export const SECRET = new TextEncoder().encode('a secret of the tests, thirty-two bytes long');
export const NOW = 1_700_000_000_000;
export const SECONDS = NOW / 1000;

type Claims = Readonly<Record<string, unknown>>;

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token of a header and claims as they are; `signer` signs its text. */
export function tokenOf(header: Claims, claims: unknown, signer: (text: string) => Buffer): string {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${signer(text).toString('base64url')}`;
}

export const bySecret =
  (secret: Uint8Array | string = SECRET) =>
  (text: string) =>
    createHmac('sha256', secret).update(text).digest();

const byKey = (key: KeyObject, hash: string | null) => (text: string) =>
  sign(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });

/** Claims of a connection token that is good now. */
export const good = (more: Claims = {}): Claims => ({ sub: 'alice', exp: SECONDS + 60, ...more });

export const hs256 = (claims: unknown, header: Claims = {}) =>
  tokenOf({ alg: 'HS256', typ: 'JWT', ...header }, claims, bySecret());

/** Key pairs of a provider, one of each kind. */
export const pairs = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
};
export type Kind = keyof typeof pairs;
export const KINDS: readonly Kind[] = ['RS256', 'ES256', 'EdDSA'];

/** A token that the provider's key of a kind signed; its id is the kind unless the header says otherwise. */
export function published(kind: Kind, claims: unknown, header: Claims = {}): string {
  const signer = byKey(pairs[kind].privateKey, kind === 'EdDSA' ? null : 'sha256');
  return tokenOf({ alg: kind, kid: kind, ...header }, claims, signer);
}

/** A public key as a provider publishes it. */
export const jwkOf = (kind: Kind, kid: string = kind) => ({
  ...pairs[kind].publicKey.export({ format: 'jwk' }),
  kid,
});

export const URL = 'https://login.example.com/.well-known/jwks.json';
export const SET = keySetId(URL);

/** The text of a stored key set. */
export function keySetText(keys: readonly unknown[], more: Partial<KeySetDocument> = {}): string {
  return JSON.stringify({ v: 1, triedAt: NOW, fetchedAt: NOW, keys, ...more });
}

export interface World {
  readonly tokens: TokenVerifier;
  readonly keys: PublishedKeys;
  /** Kids that the function was asked for. */
  readonly asked: string[];
  /** Texts of the log. */
  readonly lines: string[];
  /** How often the stored sets were read. */
  reads: number;
  /** Epoch ms. */
  now: number;
  stored: Record<string, string> | Error;
  answer: KeySetRequests['ask'];
}

/** Tokens by the secret and by the keys of one provider, with every hand in the test's. */
export function tokenWorld(
  options: { rules?: readonly KeySetRules[]; secret?: TokenKeys | undefined; anonymous?: boolean } = {},
): World {
  const { rules = [{ id: SET }], anonymous = false } = options;
  const secret = 'secret' in options ? options.secret : new SecretKey(async () => SECRET);
  const clock = { now: () => world.now, sleep: async () => undefined };
  const keys = new PublishedKeys({
    rules,
    read: async () => {
      world.reads += 1;
      if (world.stored instanceof Error) throw world.stored;
      return Object.entries(world.stored).map(([name, json]) => ({ name, json }));
    },
    requests: {
      ask: async (kid) => {
        world.asked.push(kid);
        return world.answer(kid);
      },
    },
    clock,
    log: (_, message) => {
      world.lines.push(message);
    },
  });
  const world: World = {
    tokens: new TokenVerifier({ keys: keysByKind({ secret, published: keys }), anonymous, clock }),
    keys,
    asked: [],
    lines: [],
    reads: 0,
    now: NOW,
    stored: { [SET]: keySetText(KINDS.map((kind) => jwkOf(kind))) },
    answer: async () => ({ sets: {}, fresh: true }),
  };
  return world;
}
