import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, PutParameterCommand } from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { secretsManagerClient, ssmClient } from '../../contract/aws-clients';
import type { UnsignedEnvelope } from '../../contract/envelope';
import { readEnvironment } from '../../contract/environment';
import { log } from '../../contract/log';
import {
  parsePrivateKey,
  parsePublicKeys,
  type SigningKey,
  signEnvelope,
  verifyEnvelope,
} from '../../contract/signature';
import { newTraceparent } from '../../contract/trace';
import { newSigningSecret, publicKeysValue } from './key-pair';

/** A rotation step cannot be done; Secrets Manager tries the rotation again. */
export class RotationError extends Error {
  override readonly name = 'RotationError';
}

/** What Secrets Manager hands to a rotation function: one step of the rotation that `ClientRequestToken` names. */
const rotationStep = v.object({
  Step: v.picklist(['createSecret', 'setSecret', 'testSecret', 'finishSecret']),
  SecretId: v.pipe(v.string(), v.nonEmpty()),
  ClientRequestToken: v.pipe(v.string(), v.nonEmpty()),
});

/** The version that a rotation makes: `token` is its version id. */
interface Rotation {
  readonly secretId: string;
  readonly token: string;
}

type Which = { readonly VersionId: string } | { readonly VersionStage: 'AWSCURRENT' | 'AWSPREVIOUS' };

const secrets = secretsManagerClient();
const parameters = ssmClient();

let environment: { readonly SIGNING_KEYS_PARAMETER: string } | undefined;

function signingKeysParameter(): string {
  environment ??= readEnvironment(['SIGNING_KEYS_PARAMETER']);
  return environment.SIGNING_KEYS_PARAMETER;
}

/** The key of a version; undefined where the version is absent or still holds the first value, `{}`. */
async function readKey(secretId: string, which: Which): Promise<SigningKey | undefined> {
  try {
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: secretId, ...which }));
    return SecretString === undefined ? undefined : parsePrivateKey(SecretString);
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

async function newKey({ secretId, token }: Rotation): Promise<SigningKey> {
  const key = await readKey(secretId, { VersionId: token });
  if (!key) throw new RotationError(`version ${token}: expected a signing key, got none`);
  return key;
}

async function publish(keys: readonly (SigningKey | undefined)[]): Promise<void> {
  const value = publicKeysValue(keys.filter((key) => key !== undefined));
  await parameters.send(
    new PutParameterCommand({ Name: signingKeysParameter(), Value: value, Type: 'String', Overwrite: true }),
  );
}

async function createSecret({ secretId, token }: Rotation): Promise<void> {
  if (await readKey(secretId, { VersionId: token })) return;
  try {
    await secrets.send(
      new PutSecretValueCommand({
        SecretId: secretId,
        ClientRequestToken: token,
        SecretString: newSigningSecret(),
        VersionStages: ['AWSPENDING'],
      }),
    );
  } catch (error) {
    // A repeat of this step was faster: its key stands, and this one was never seen by anyone.
    if (!(error instanceof ResourceExistsException)) throw error;
  }
}

/** Verifiers must know the new key before the gateway signs with it, and the old ones while their envelopes live. */
async function setSecret(rotation: Rotation): Promise<void> {
  const { secretId } = rotation;
  await publish([
    await newKey(rotation),
    await readKey(secretId, { VersionStage: 'AWSCURRENT' }),
    await readKey(secretId, { VersionStage: 'AWSPREVIOUS' }),
  ]);
}

function sampleEnvelope(): UnsignedEnvelope {
  const now = Date.now();
  return {
    v: 1,
    id: 'rotation',
    seq: 1,
    kind: 'rpc',
    service: 'holdfast',
    method: 'holdfast.rotation',
    client: 'rotation',
    user: '',
    commandId: 1,
    data: null,
    issuedAt: now,
    deadline: now,
    traceparent: newTraceparent(),
  };
}

async function testSecret(rotation: Rotation): Promise<void> {
  const { Parameter } = await parameters.send(new GetParameterCommand({ Name: signingKeysParameter() }));
  const signed = signEnvelope(sampleEnvelope(), await newKey(rotation));
  const verification = verifyEnvelope(signed, parsePublicKeys(Parameter?.Value ?? ''));
  if (verification !== 'valid') {
    throw new RotationError(
      `signature by the new key: expected valid by the published keys, got ${verification}`,
    );
  }
}

/** The parameter is written also where the stage has moved already: an earlier try may have ended in between. */
async function finishSecret(rotation: Rotation, currentVersion: string | undefined): Promise<void> {
  const { secretId, token } = rotation;
  if (currentVersion !== token) {
    await secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId: secretId,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: token,
        ...(currentVersion === undefined ? {} : { RemoveFromVersionId: currentVersion }),
      }),
    );
  }
  await publish([await newKey(rotation), await readKey(secretId, { VersionStage: 'AWSPREVIOUS' })]);
}

/** Answers which version is current; refuses a token whose version a later rotation has overtaken. */
async function currentVersionOf({ secretId, token }: Rotation): Promise<string | undefined> {
  const { VersionIdsToStages = {} } = await secrets.send(new DescribeSecretCommand({ SecretId: secretId }));
  const stages = VersionIdsToStages[token];
  if (stages && !stages.includes('AWSPENDING') && !stages.includes('AWSCURRENT')) {
    throw new RotationError(
      `version ${token}: expected stage AWSPENDING or AWSCURRENT, got ${stages.join(', ') || 'none'}`,
    );
  }
  return Object.keys(VersionIdsToStages).find((id) => VersionIdsToStages[id]?.includes('AWSCURRENT'));
}

/**
 * Rotation function of the signing secret, a step an invocation. Secrets Manager repeats steps; each may run any number of
 * times. The first rotation runs at deploy and starts from the value `{}`.
 */
export async function handler(event: unknown): Promise<void> {
  const parsed = v.safeParse(rotationStep, event);
  if (!parsed.success) {
    throw new RotationError(
      `event: expected {Step, SecretId, ClientRequestToken}, got ${parsed.issues[0].message}`,
    );
  }
  const { Step: step, SecretId: secretId, ClientRequestToken: token } = parsed.output;
  const rotation = { secretId, token };
  const currentVersion = await currentVersionOf(rotation);
  switch (step) {
    case 'createSecret':
      await createSecret(rotation);
      break;
    case 'setSecret':
      await setSecret(rotation);
      break;
    case 'testSecret':
      await testSecret(rotation);
      break;
    case 'finishSecret':
      await finishSecret(rotation, currentVersion);
      break;
  }
  log('info', 'rotation step done', { step, version: token });
}
