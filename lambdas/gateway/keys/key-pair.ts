import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { type SigningKey, SigningKeyError } from '../../contract/signature';

/** A new signing key as it is stored: the value of the signing secret, `{kid, privateKey: base64 of PKCS8 DER}`. */
export function newSigningSecret(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  return JSON.stringify({ kid: randomUUID(), privateKey: der.toString('base64') });
}

interface PublishedKey {
  readonly kid: string;
  readonly publicKey: string;
}

function published({ kid, privateKey }: SigningKey): PublishedKey {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (x === undefined) throw new SigningKeyError(`signing key ${kid}: expected a public half, got none`);
  return { kid, publicKey: x };
}

/**
 * The value of SSM `/holdfast/<env>/signing-keys` for keys given newest first: `{keys: [{kid, publicKey}]}`. A key that
 * stands twice (a repeated rotation step sees the new key as pending and as current) is listed once.
 */
export function publicKeysValue(keys: readonly SigningKey[]): string {
  const byId = new Map(keys.map((key) => [key.kid, published(key)]));
  return JSON.stringify({ keys: [...byId.values()] });
}
