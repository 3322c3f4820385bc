import { randomInt, randomUUID } from 'node:crypto';
import type { JsonObject } from '../../../lambdas/contract/json';
import {
  type AwsRequest,
  type AwsResponse,
  type AwsService,
  type Invoker,
  LOCAL_ACCOUNT,
  type RuntimeLog,
} from '../../ports';
import { ScheduleClock } from '../../schedules/schedule-clock';
import { Timetable } from '../../schedules/timetable';
import { Input } from '../input';
import { JsonService, type Operation } from '../json-service';
import { InvalidParameter, InvalidRequest, ResourceExists, SecretNotFound } from './errors';
import { type GenerateSecretString, generateSecretString } from './generate';
import { Rotation } from './rotation';
import { type RotationRules, recurrenceOf } from './rotation-rules';
import { CURRENT, Secret, type SecretValue } from './secret';

const SUFFIX_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const SUFFIX = /-[A-Za-z0-9]{6}$/;

export interface NewSecret {
  readonly name: string;
  readonly description?: string;
  /** Without `value` and `generate` the secret has no version. */
  readonly value?: string;
  readonly generate?: GenerateSecretString;
}

export interface SecretsManagerOptions {
  readonly region: string;
  /** Hears of rotations that were begun through the API and failed. */
  readonly log?: Pick<RuntimeLog, 'warn'>;
  /** Where rotations with a schedule run. @default one by the wall clock */
  readonly timetable?: Timetable;
}

interface Entry {
  readonly secret: Secret;
  rotation: Rotation | undefined;
  rules: RotationRules;
}

/** Secrets Manager in memory: the API in AWS JSON 1.1, and the same secrets for the stacks of this process. */
export class SecretsManagerService implements AwsService {
  readonly #entries = new Map<string, Entry>();
  readonly #arnPrefix: string;
  readonly #log: Pick<RuntimeLog, 'warn'> | undefined;
  readonly #timetable: Timetable;
  readonly #api: JsonService;

  constructor({ region, log, timetable = new Timetable(new ScheduleClock()) }: SecretsManagerOptions) {
    this.#arnPrefix = `arn:aws:secretsmanager:${region}:${LOCAL_ACCOUNT}:secret:`;
    this.#log = log;
    this.#timetable = timetable;
    this.#api = new JsonService({
      service: 'secretsmanager',
      version: '1.1',
      operations: this.#operations(),
    });
  }

  handle(request: AwsRequest): Promise<AwsResponse> {
    return this.#api.handle(request);
  }

  create({ name, description, value, generate }: NewSecret): { readonly name: string; readonly arn: string } {
    if (!/^[A-Za-z0-9/_+=.@!-]{1,512}$/.test(name)) {
      throw new InvalidParameter(
        `Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!. Got: ${name}`,
      );
    }
    if (this.#entries.has(name)) {
      throw new ResourceExists(`The operation failed because the secret ${name} already exists.`);
    }
    if (value !== undefined && generate !== undefined) {
      throw new InvalidParameter(`${name}: expected a value or a rule to generate one, got both`);
    }
    const arn = `${this.#arnPrefix}${name}-${randomSuffix()}`;
    const secret = new Secret(name, arn, description);
    const content = generate ? generateSecretString(generate) : value;
    if (content !== undefined) secret.put(randomUUID(), { string: content }, [CURRENT]);
    this.#entries.set(name, { secret, rotation: undefined, rules: {} });
    return { name, arn };
  }

  /** A secret by name or ARN, if there is one. */
  find(
    secretId: string,
  ): { readonly arn: string; readonly rotationFunctionArn: string | undefined } | undefined {
    try {
      const { secret, rotation } = this.#find(secretId);
      return { arn: secret.arn, rotationFunctionArn: rotation?.functionArn };
    } catch (error) {
      if (error instanceof SecretNotFound) return undefined;
      throw error;
    }
  }

  /** Forgets a secret at once, without a recovery window. */
  delete(secretId: string): void {
    this.#entries.delete(this.#find(secretId).secret.name);
  }

  /** The current value of a text secret, by name or ARN. */
  value(secretId: string): string {
    const { value } = this.#find(secretId).secret.read(undefined, undefined);
    if ('string' in value) return value.string;
    throw new InvalidRequest(`${secretId}: expected a text secret, got a binary one`);
  }

  /** From now on the function rotates the secret: when asked to, and by its rules. @throws InvalidScheduleError */
  configureRotation(
    secretId: string,
    functionArn: string,
    invoker: Invoker,
    rules: RotationRules = {},
  ): void {
    const entry = this.#find(secretId);
    recurrenceOf(rules);
    entry.rotation = new Rotation(entry.secret, functionArn, invoker);
    entry.rules = rules;
  }

  /** Puts the schedules of rotations to work; each counts from here. A rotation begins at the beginning of its window. */
  startSchedules(): void {
    for (const { secret, rules } of this.#entries.values()) {
      const recurrence = recurrenceOf(rules);
      const run = (): void => void this.rotate(secret.name).catch((error: unknown) => this.#tell(error));
      if (recurrence !== undefined) this.#timetable.add({ recurrence, runsAtStart: false, run });
    }
  }

  /** Ends schedules. */
  close(): void {
    this.#timetable.close();
  }

  /** Rotates and waits for it. Takes up a rotation that failed earlier. Rejects with RotationError. */
  async rotate(secretId: string): Promise<void> {
    await rotationOf(this.#find(secretId)).run();
  }

  #operations(): Record<string, Operation> {
    const onSecret =
      (operation: (input: Input, entry: Entry) => object): Operation =>
      (members: JsonObject) => {
        const input = new Input(members, missing);
        return operation(input, this.#find(input.string('SecretId')));
      };
    return {
      GetSecretValue: onSecret(getSecretValue),
      PutSecretValue: onSecret(putSecretValue),
      DescribeSecret: onSecret(describeSecret),
      UpdateSecretVersionStage: onSecret((input, { secret }) => {
        const to = input.optionalString('MoveToVersionId');
        secret.moveStage(input.string('VersionStage'), to, input.optionalString('RemoveFromVersionId'));
        return { ARN: secret.arn, Name: secret.name };
      }),
      RotateSecret: onSecret((input, entry) => this.#rotateSecret(input, entry)),
    };
  }

  /** Answers at once; the rotation goes on behind, as on AWS. */
  #rotateSecret(input: Input, entry: Entry): object {
    const rotation = rotationOf(entry);
    const functionArn = input.optionalString('RotationLambdaARN') ?? rotation.functionArn;
    if (functionArn !== rotation.functionArn) {
      throw new InvalidRequest(`RotationLambdaARN: expected ${rotation.functionArn}, got ${functionArn}`);
    }
    if (input.has('RotateImmediately') && !input.boolean('RotateImmediately')) {
      throw new InvalidParameter(
        'RotateImmediately: expected true, got false: the local runtime only rotates at once when asked to',
      );
    }
    const { unfinished } = rotation;
    const token = input.optionalString('ClientRequestToken') ?? randomUUID();
    rotation.run(token).catch((error: unknown) => this.#tell(error));
    if (unfinished !== undefined) {
      throw new InvalidRequest("A previous rotation isn't complete. That rotation will be reattempted.");
    }
    return { ARN: entry.secret.arn, Name: entry.secret.name, VersionId: token };
  }

  #tell(error: unknown): void {
    this.#log?.warn('secretsmanager', error instanceof Error ? error.message : String(error));
  }

  /** By name, ARN, or ARN without its random suffix. */
  #find(secretId: string): Entry {
    const rest = secretId.startsWith(this.#arnPrefix) ? secretId.slice(this.#arnPrefix.length) : undefined;
    const entry = this.#entries.get(rest ?? secretId) ?? this.#entries.get((rest ?? '').replace(SUFFIX, ''));
    const partial = rest !== undefined && rest === entry?.secret.name;
    if (!entry || (rest !== undefined && !partial && entry.secret.arn !== secretId))
      throw new SecretNotFound();
    return entry;
  }
}

function rotationOf({ rotation }: Entry): Rotation {
  if (!rotation) throw new InvalidRequest('No Lambda rotation function ARN is associated with this secret.');
  return rotation;
}

function missing(name: string): InvalidParameter {
  return new InvalidParameter(`expected the parameter ${name}, got none`);
}

function randomSuffix(): string {
  return Array.from({ length: 6 }, () => SUFFIX_ALPHABET[randomInt(SUFFIX_ALPHABET.length)]).join('');
}

function getSecretValue(input: Input, { secret }: Entry): object {
  const version = secret.read(input.optionalString('VersionId'), input.optionalString('VersionStage'));
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    ...('string' in version.value
      ? { SecretString: version.value.string }
      : { SecretBinary: version.value.binary }),
    VersionStages: [...version.stages],
    CreatedDate: version.createdAt / 1_000,
  };
}

function putSecretValue(input: Input, { secret }: Entry): object {
  const stages = input.has('VersionStages') ? input.strings('VersionStages') : [CURRENT];
  const version = secret.put(
    input.optionalString('ClientRequestToken') ?? randomUUID(),
    readValue(input),
    stages,
  );
  return { ARN: secret.arn, Name: secret.name, VersionId: version.id, VersionStages: [...version.stages] };
}

function readValue(input: Input): SecretValue {
  const string = input.optionalString('SecretString');
  const binary = input.optionalString('SecretBinary');
  if (string !== undefined && binary === undefined) return { string };
  if (binary !== undefined && string === undefined) return { binary };
  throw new InvalidParameter(
    `expected one of SecretString and SecretBinary, got ${string === undefined ? 'none' : 'both'}`,
  );
}

function describeSecret(_: Input, { secret, rotation, rules }: Entry): object {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description,
    RotationEnabled: rotation !== undefined,
    RotationLambdaARN: rotation?.functionArn,
    ...(rotation && {
      RotationRules: {
        AutomaticallyAfterDays: rules.automaticallyAfterDays,
        ScheduleExpression: rules.scheduleExpression,
      },
    }),
    LastRotatedDate: rotation?.rotatedAt === undefined ? undefined : rotation.rotatedAt / 1_000,
    LastChangedDate: secret.changedAt / 1_000,
    CreatedDate: secret.createdAt / 1_000,
    VersionIdsToStages: secret.stages,
  };
}
