import { readFileSync } from 'node:fs';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type JWTPayload, SignJWT } from 'jose';
import { readState } from '../../local/command/state-file';
import { ControlClient } from '../../local/kit';
import { signToken } from '../../local/token';

/** The stack that end-to-end tests talk to: a local one, or a deployed environment (`npm run verify`). */
export interface Target {
  readonly environment: string;
  readonly websocketUrl: string;
  readonly callbackUrl: string;
  readonly serverApiUrl: string;
  readonly region: string;
  /** Only a local stack has one. */
  readonly awsEndpointUrl?: string;
  /** File with everything that a local stack printed. */
  readonly logFile?: string;
  readonly directory?: string;
}

/** Environment variable through which a test run learns of its target file. */
export const TARGET_VARIABLE = 'HOLDFAST_TARGET';

export function readTarget(): Target {
  const file = process.env[TARGET_VARIABLE];
  if (!file) throw new Error(`${TARGET_VARIABLE}: expected the file of a target, got none`);
  return JSON.parse(readFileSync(file, 'utf8')) as Target;
}

/** Asks the local stack of a target for trouble. */
export function controlOf(target: Target): ControlClient {
  const state = readState(target.directory ?? '');
  if (!state) throw new Error('expected a stack that runs here, got none');
  return new ControlClient(state);
}

/** Client configuration that reaches the AWS API of the target. */
export function awsOptions(target: Target) {
  return target.awsEndpointUrl === undefined
    ? { region: target.region }
    : {
        region: target.region,
        endpoint: target.awsEndpointUrl,
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      };
}

const secrets = new Map<string, Promise<string>>();

/** The secret that signs the tokens of a target (HS256). */
export async function jwtSecret(target: Target): Promise<string> {
  const id = `/holdfast/${target.environment}/jwt-secret`;
  let secret = secrets.get(id);
  if (!secret) {
    const client = new SecretsManagerClient(awsOptions(target));
    secret = client
      .send(new GetSecretValueCommand({ SecretId: id }))
      .then(({ SecretString }) => SecretString ?? '')
      .finally(() => client.destroy());
    secrets.set(id, secret);
  }
  return secret;
}

/** A token of the target with these claims, for a minute unless they say otherwise. */
export async function tokenOf(target: Target, claims: JWTPayload): Promise<string> {
  const exp = Math.floor(Date.now() / 1000) + 60;
  return new SignJWT({ exp, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(await jwtSecret(target)));
}

/** A token that the target accepts. */
export async function tokenFor(
  target: Target,
  user: string,
  more: { readonly ttlSeconds?: number; readonly channels?: readonly string[] } = {},
): Promise<string> {
  return signToken({
    secret: await jwtSecret(target),
    user,
    ttlSeconds: more.ttlSeconds ?? 600,
    channels: more.channels ?? [],
  });
}
