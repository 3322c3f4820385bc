import { randomUUID } from 'node:crypto';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  type GetSecretValueCommandInput,
  PutSecretValueCommand,
  type PutSecretValueCommandInput,
  RotateSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { generateSecretString } from '../../local/aws/secrets-manager/generate';
import { SecretsManagerService } from '../../local/aws/secrets-manager/service';
import { EndpointFixture, REGION } from './endpoint-fixture';

const secrets = new SecretsManagerService({ region: REGION });
const fixture = new EndpointFixture({ secretsmanager: secrets });
let client: SecretsManagerClient;
let count = 0;

beforeAll(async () => {
  await fixture.start();
  client = new SecretsManagerClient(fixture.client());
});
afterAll(async () => {
  client.destroy();
  await fixture.close();
});

function newSecret(value?: string) {
  count += 1;
  return secrets.create({ name: `app/secret-${count}`, ...(value === undefined ? {} : { value }) });
}
const get = (input: GetSecretValueCommandInput) => client.send(new GetSecretValueCommand(input));
const put = (input: PutSecretValueCommandInput) => client.send(new PutSecretValueCommand(input));
const stages = async (SecretId: string) =>
  (await client.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages ?? {};

describe('a secret', () => {
  it('is read by name, ARN, and ARN without its suffix', async () => {
    const { name, arn } = newSecret('{}');
    expect(arn).toMatch(
      /^arn:aws:secretsmanager:us-east-1:000000000000:secret:app\/secret-\d+-[A-Za-z0-9]{6}$/,
    );
    for (const SecretId of [name, arn, arn.slice(0, -7)]) {
      expect(await get({ SecretId })).toMatchObject({
        ARN: arn,
        Name: name,
        SecretString: '{}',
        VersionStages: ['AWSCURRENT'],
        CreatedDate: expect.any(Date),
      });
    }
    expect(secrets.value(arn)).toBe('{}');
  });

  it('is missing under another name or another suffix', async () => {
    const { arn } = newSecret('x');
    const name = 'ResourceNotFoundException';
    for (const SecretId of ['none', `${arn.slice(0, -6)}abcdef`])
      await expect(get({ SecretId })).rejects.toMatchObject({ name });
    secrets.delete(arn);
    await expect(get({ SecretId: arn })).rejects.toMatchObject({ name });
  });

  it('without a value has no version', async () => {
    const { arn } = newSecret();
    await expect(get({ SecretId: arn })).rejects.toMatchObject({
      message: expect.stringContaining('AWSCURRENT'),
    });
    expect(await stages(arn)).toEqual({});
  });

  it('carries bytes', async () => {
    const { arn } = newSecret();
    await put({ SecretId: arn, SecretBinary: Buffer.from([0, 255]) });
    expect(Buffer.from((await get({ SecretId: arn })).SecretBinary ?? [])).toEqual(Buffer.from([0, 255]));
    expect(() => secrets.value(arn)).toThrow(/binary/);
  });

  it('is created once, with a valid name and one source of its value', () => {
    const { name } = newSecret();
    expect(() => secrets.create({ name })).toThrow(/already exists/);
    expect(() => secrets.create({ name: 'a b' })).toThrow(/Invalid name/);
    expect(() => secrets.create({ name: 'both', value: 'x', generate: {} })).toThrow(/both/);
  });
});

describe('versions', () => {
  it('move AWSCURRENT, and AWSPREVIOUS after it', async () => {
    const { arn } = newSecret('one');
    const { VersionId: first } = await get({ SecretId: arn });
    const { VersionId: second } = await put({ SecretId: arn, SecretString: 'two' });
    expect(await stages(arn)).toEqual({ [first ?? '']: ['AWSPREVIOUS'], [second ?? '']: ['AWSCURRENT'] });
    expect((await get({ SecretId: arn, VersionStage: 'AWSPREVIOUS' })).SecretString).toBe('one');
    await put({ SecretId: arn, SecretString: 'three' });
    expect(Object.keys(await stages(arn))).not.toContain(first);
    expect((await get({ SecretId: arn, VersionId: first })).SecretString).toBe('one');
  });

  it('are idempotent by their token', async () => {
    const { arn } = newSecret('one');
    const ClientRequestToken = randomUUID();
    const pending = { SecretId: arn, ClientRequestToken, SecretString: 'two', VersionStages: ['AWSPENDING'] };
    expect(await put(pending)).toMatchObject({
      VersionId: ClientRequestToken,
      VersionStages: ['AWSPENDING'],
    });
    await put(pending);
    await expect(put({ ...pending, SecretString: 'other' })).rejects.toMatchObject({
      name: 'ResourceExistsException',
    });
    expect((await get({ SecretId: arn })).SecretString).toBe('one');
    await expect(put({ ...pending, ClientRequestToken: 'short' })).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });

  it('are promoted from the version that holds the label, and from no other', async () => {
    const { arn } = newSecret('one');
    const { VersionId: current } = await get({ SecretId: arn });
    const { VersionId: pending } = await put({
      SecretId: arn,
      SecretString: 'two',
      VersionStages: ['AWSPENDING'],
    });
    const move = (RemoveFromVersionId?: string) =>
      client.send(
        new UpdateSecretVersionStageCommand({
          SecretId: arn,
          VersionStage: 'AWSCURRENT',
          MoveToVersionId: pending,
          RemoveFromVersionId,
        }),
      );
    const name = 'InvalidParameterException';
    await expect(move()).rejects.toMatchObject({ name });
    await expect(move(pending)).rejects.toMatchObject({ name });
    expect(await move(current)).toMatchObject({ ARN: arn });
    expect(await stages(arn)).toEqual({
      [current ?? '']: ['AWSPREVIOUS'],
      [pending ?? '']: ['AWSPENDING', 'AWSCURRENT'],
    });
  });

  it('lose a label on request, but never AWSCURRENT', async () => {
    const { arn } = newSecret('one');
    const { VersionId: RemoveFromVersionId } = await get({ SecretId: arn });
    const { VersionId } = await put({ SecretId: arn, SecretString: 'two', VersionStages: ['mine'] });
    const remove = (VersionStage: string, from?: string) =>
      client.send(
        new UpdateSecretVersionStageCommand({ SecretId: arn, VersionStage, RemoveFromVersionId: from }),
      );
    await remove('mine', VersionId);
    expect(Object.values(await stages(arn))).toEqual([['AWSCURRENT']]);
    await expect(remove('AWSCURRENT', RemoveFromVersionId)).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });

  it.each([
    ['no value', {}],
    ['two values', { SecretString: 'x', SecretBinary: Buffer.from('x') }],
    ['an empty value', { SecretString: '' }],
    ['more than 64 KiB', { SecretString: 'x'.repeat(65_537) }],
  ])('are refused with %s', async (_, value) => {
    const { arn } = newSecret();
    await expect(put({ SecretId: arn, ...value })).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });
});

it('a secret that nothing rotates cannot be rotated', async () => {
  const { arn } = newSecret('x');
  const attempt = client.send(new RotateSecretCommand({ SecretId: arn }));
  await expect(attempt).rejects.toMatchObject({ name: 'InvalidRequestException' });
  await expect(secrets.rotate(arn)).rejects.toThrow(/No Lambda rotation function/);
});

describe('generateSecretString', () => {
  it('makes 32 characters of every kind', () => {
    for (let round = 0; round < 50; round += 1) {
      const password = generateSecretString({});
      expect(password).toHaveLength(32);
      for (const kind of [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9 ]/]) expect(password).toMatch(kind);
    }
  });

  it('leaves out what is excluded', () => {
    const password = generateSecretString({
      PasswordLength: 500,
      ExcludePunctuation: true,
      ExcludeUppercase: true,
      ExcludeCharacters: 'abc0',
    });
    expect(password).toMatch(/^[d-z1-9]{500}$/);
  });

  it('puts the password into a template', () => {
    const value = generateSecretString({
      SecretStringTemplate: '{"user":"me"}',
      GenerateStringKey: 'password',
    });
    expect(JSON.parse(value)).toEqual({ user: 'me', password: expect.stringMatching(/^.{32}$/) });
  });

  it.each([
    { PasswordLength: 3 },
    { PasswordLength: 4_097 },
    { ExcludeLowercase: true, ExcludeUppercase: true, ExcludeNumbers: true, ExcludePunctuation: true },
    { SecretStringTemplate: '{}' },
    { SecretStringTemplate: 'no json', GenerateStringKey: 'a' },
  ])('refuses %j', (options) => {
    expect(() => generateSecretString(options)).toThrow(/GenerateSecretString/);
  });
});
