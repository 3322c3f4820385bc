import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { RotationError } from '../../local/aws/secrets-manager/errors';
import { SecretsManagerService } from '../../local/aws/secrets-manager/service';
import type { InvokeResult, Invoker } from '../../local/ports';
import { InvalidScheduleError } from '../../local/schedules/recurrence';
import { ScheduleClock } from '../../local/schedules/schedule-clock';
import { Timetable } from '../../local/schedules/timetable';
import { EndpointFixture, REGION } from './endpoint-fixture';
import { eventually } from './gateway-fixture';

const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:keys';
const warnings: string[] = [];
const secrets = new SecretsManagerService({
  region: REGION,
  log: { warn: (_, message) => warnings.push(message) },
});
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
beforeEach(() => warnings.splice(0));

interface RotationEvent {
  readonly Step: string;
  readonly SecretId: string;
  readonly ClientRequestToken: string;
}

/** A rotation function as AWS's templates write it, over the real API. */
class RotationFunction implements Invoker {
  readonly events: RotationEvent[] = [];
  failsAt: string | undefined;
  finishes = true;
  #values = 0;

  async invoke(functionArn: string, payload: string, type: string): Promise<InvokeResult> {
    expect([functionArn, type]).toEqual([FUNCTION, 'RequestResponse']);
    const event: RotationEvent = JSON.parse(payload);
    this.events.push(event);
    if (event.Step === this.failsAt) {
      return { statusCode: 200, payload: '{"errorMessage":"no key today"}', functionError: 'Unhandled' };
    }
    await this.#perform(event);
    return { statusCode: 200, payload: 'null' };
  }

  async #perform({ Step, SecretId, ClientRequestToken }: RotationEvent): Promise<void> {
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
    expect(VersionIdsToStages[ClientRequestToken]).toContain('AWSPENDING');
    const pending = { SecretId, VersionId: ClientRequestToken, VersionStage: 'AWSPENDING' };
    const found = await client.send(new GetSecretValueCommand(pending)).catch((error: Error) => error.name);
    if (Step === 'createSecret') {
      if (found !== 'ResourceNotFoundException') return;
      this.#values += 1;
      const SecretString = `value ${this.#values}`;
      await client.send(
        new PutSecretValueCommand({
          SecretId,
          ClientRequestToken,
          SecretString,
          VersionStages: ['AWSPENDING'],
        }),
      );
    } else if (Step === 'finishSecret' && this.finishes) {
      const current = Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes('AWSCURRENT'));
      await client.send(
        new UpdateSecretVersionStageCommand({
          SecretId,
          VersionStage: 'AWSCURRENT',
          MoveToVersionId: ClientRequestToken,
          RemoveFromVersionId: current?.[0],
        }),
      );
    }
  }
}

function newRotated() {
  count += 1;
  const { arn } = secrets.create({ name: `rotated-${count}`, value: 'initial' });
  const rotation = new RotationFunction();
  secrets.configureRotation(arn, FUNCTION, rotation);
  return { arn, rotation };
}

it('performs the four steps with one token, and the secret has the new value', async () => {
  const { arn, rotation } = newRotated();
  await secrets.rotate(arn);
  expect(rotation.events.map(({ Step }) => Step)).toEqual([
    'createSecret',
    'setSecret',
    'testSecret',
    'finishSecret',
  ]);
  expect(new Set(rotation.events.map(({ ClientRequestToken }) => ClientRequestToken)).size).toBe(1);
  expect(Object.keys(rotation.events[0] ?? {}).sort()).toEqual(['ClientRequestToken', 'SecretId', 'Step']);
  expect(rotation.events[0]?.SecretId).toBe(arn);
  expect(secrets.value(arn)).toBe('value 1');
  const description = await client.send(new DescribeSecretCommand({ SecretId: arn }));
  expect(description).toMatchObject({ RotationEnabled: true, RotationLambdaARN: FUNCTION });
  expect(description.LastRotatedDate).toBeInstanceOf(Date);
  await secrets.rotate(arn);
  expect(secrets.value(arn)).toBe('value 2');
});

it('fails loudly at a step that fails, keeps the old value, and takes the same version up again', async () => {
  const { arn, rotation } = newRotated();
  rotation.failsAt = 'testSecret';
  const error = await secrets.rotate(arn).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RotationError);
  expect(error).toMatchObject({
    step: 'testSecret',
    secretArn: arn,
    message: expect.stringContaining('no key today'),
  });
  expect(secrets.value(arn)).toBe('initial');
  rotation.failsAt = undefined;
  await secrets.rotate(arn);
  expect(new Set(rotation.events.map(({ ClientRequestToken }) => ClientRequestToken)).size).toBe(1);
  expect(secrets.value(arn)).toBe('value 1');
});

it('fails when the function ends without moving AWSCURRENT', async () => {
  const { arn, rotation } = newRotated();
  rotation.finishes = false;
  await expect(secrets.rotate(arn)).rejects.toThrow(/finishSecret failed: expected AWSCURRENT/);
});

it('refuses a second rotation while one runs', async () => {
  const { arn } = newRotated();
  const first = secrets.rotate(arn);
  await expect(secrets.rotate(arn)).rejects.toThrow(/running/);
  await first;
});

describe('RotateSecret', () => {
  const rotate = (SecretId: string, more = {}) => client.send(new RotateSecretCommand({ SecretId, ...more }));
  async function until(condition: () => boolean) {
    for (const end = Date.now() + 3_000; !condition(); ) {
      if (Date.now() > end) throw new Error('expected the condition within 3 s');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  it('answers with the version that will be current', async () => {
    const { arn } = newRotated();
    const { VersionId } = await rotate(arn);
    await until(() => secrets.value(arn) === 'value 1');
    expect((await client.send(new GetSecretValueCommand({ SecretId: arn }))).VersionId).toBe(VersionId);
  });

  it('tells the log when the rotation fails, and its next call that it was unfinished', async () => {
    const { arn, rotation } = newRotated();
    rotation.failsAt = 'setSecret';
    await rotate(arn);
    await until(() => warnings.length === 1);
    expect(warnings[0]).toContain('setSecret failed');
    rotation.failsAt = undefined;
    await expect(rotate(arn)).rejects.toMatchObject({ name: 'InvalidRequestException' });
    await until(() => secrets.value(arn) === 'value 1');
  });

  it('refuses what the local runtime cannot do', async () => {
    const { arn } = newRotated();
    await expect(rotate(arn, { RotateImmediately: false })).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
    await expect(rotate(arn, { RotationLambdaARN: `${FUNCTION}-other` })).rejects.toMatchObject({
      name: 'InvalidRequestException',
    });
  });
});

describe('a rotation schedule', () => {
  it('rotates again and again, and tells the log of a rotation that fails', async () => {
    const scheduled = new SecretsManagerService({
      region: REGION,
      log: { warn: (_, message) => warnings.push(message) },
      // Four hours are 72 ms.
      timetable: new Timetable(new ScheduleClock(200_000)),
    });
    const { arn } = scheduled.create({ name: 'often', value: 'first' });
    const steps: string[] = [];
    const invoker: Invoker = {
      invoke: async (_functionArn, payload) => {
        const { Step, ClientRequestToken } = JSON.parse(payload) as RotationEvent;
        steps.push(Step);
        return steps.length > 1
          ? {
              statusCode: 200,
              payload: `{"errorMessage":"${ClientRequestToken}"}`,
              functionError: 'Unhandled',
            }
          : { statusCode: 200, payload: 'null' };
      },
    };
    scheduled.configureRotation(arn, FUNCTION, invoker, { scheduleExpression: 'rate(4 hours)' });
    scheduled.startSchedules();
    await eventually(() => expect(warnings.length).toBeGreaterThan(1));
    scheduled.close();
    expect(steps.slice(0, 3)).toEqual(['createSecret', 'setSecret', 'createSecret']);
    const many = warnings.length;
    await new Promise((resolve) => setTimeout(resolve, 160));
    expect(warnings).toHaveLength(many);
  });

  it.each([
    ['rate(3 hours)', undefined],
    ['rate(5 minutes)', undefined],
    ['cron(30 8 * * ? *)', undefined],
    ['at(2030-01-01T00:00:00)', undefined],
    ['rate(1 day)', 3],
    [undefined, 0],
    [undefined, 1001],
  ])('of %s and %s days is refused', (scheduleExpression, automaticallyAfterDays) => {
    const { arn } = newRotated();
    const rules = { scheduleExpression, automaticallyAfterDays };
    expect(() => secrets.configureRotation(arn, FUNCTION, new RotationFunction(), rules)).toThrow(
      InvalidScheduleError,
    );
  });

  it('is described', async () => {
    const { arn } = newRotated();
    secrets.configureRotation(arn, FUNCTION, new RotationFunction(), { automaticallyAfterDays: 30 });
    const { RotationRules } = await client.send(new DescribeSecretCommand({ SecretId: arn }));
    expect(RotationRules).toEqual({ AutomaticallyAfterDays: 30 });
  });
});
