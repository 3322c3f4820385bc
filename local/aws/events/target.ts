import * as v from 'valibot';
import { AwsError } from '../../ports';
import { PREDEFINED, placeholdersOf } from './input-transformer';
import { parseJsonPath } from './json-path';

/** A template gives numbers as text where they come from an intrinsic. */
const wholeNumber = (least: number, most: number) =>
  v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.digits())]),
    v.transform(Number),
    v.integer(),
    v.minValue(least),
    v.maxValue(most),
  );

/** A target's `RetryPolicy`. */
export const retryPolicySchema = v.strictObject({
  MaximumRetryAttempts: v.optional(wholeNumber(0, 185)),
  MaximumEventAgeInSeconds: v.optional(wholeNumber(60, 86_400)),
});

const targetSchema = v.strictObject({
  Id: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  Arn: v.pipe(v.string(), v.startsWith('arn:')),
  /** Role with which EventBridge reaches the target. */
  RoleArn: v.optional(v.string()),
  Input: v.optional(v.string()),
  InputPath: v.optional(v.string()),
  InputTransformer: v.optional(
    v.strictObject({
      InputPathsMap: v.optional(v.record(v.string(), v.string()), {}),
      InputTemplate: v.string(),
    }),
  ),
  HttpParameters: v.optional(
    v.strictObject({
      PathParameterValues: v.optional(v.array(v.string()), []),
      HeaderParameters: v.optional(v.record(v.string(), v.string()), {}),
      QueryStringParameters: v.optional(v.record(v.string(), v.string()), {}),
    }),
  ),
  SqsParameters: v.optional(v.strictObject({ MessageGroupId: v.optional(v.string()) })),
  RetryPolicy: v.optional(retryPolicySchema),
  DeadLetterConfig: v.optional(v.strictObject({ Arn: v.optional(v.string()) })),
});

/** A target of a rule, with the member names of the API and of CloudFormation. */
export type EventTarget = v.InferOutput<typeof targetSchema>;

const MOST_VARIABLES = 100;

const API_DESTINATION = /^arn:[^:]*:events:[^:]*:[^:]*:api-destination\//;

/** A target that EventBridge or the local runtime would not take. */
export class InvalidTargetError extends AwsError {
  override readonly name = 'InvalidTargetError';

  constructor(ruleName: string, path: string, problem: string) {
    super('ValidationException', `Rule ${ruleName}, target ${path}: ${problem}`);
  }
}

/** @throws InvalidTargetError, also for members that are not carried out locally (Kinesis, ECS and so on) */
export function parseTarget(ruleName: string, input: unknown): EventTarget {
  const result = v.safeParse(targetSchema, input);
  if (!result.success) {
    const issue = result.issues[0];
    throw new InvalidTargetError(ruleName, v.getDotPath(issue) ?? '', issue.message);
  }
  const target = result.output;
  const isApiDestination = API_DESTINATION.test(target.Arn);
  if (isApiDestination && target.RoleArn === undefined) {
    throw new InvalidTargetError(ruleName, `${target.Id}.RoleArn`, 'expected a role for an API destination');
  }
  if (!isApiDestination && target.HttpParameters !== undefined) {
    throw new InvalidTargetError(ruleName, `${target.Id}.HttpParameters`, 'expected an API destination');
  }
  const inputs = ['Input', 'InputPath', 'InputTransformer'].filter((name) => name in target);
  if (inputs.length > 1) {
    throw new InvalidTargetError(ruleName, target.Id, `expected only one of ${inputs.join(', ')}`);
  }
  if (target.Input !== undefined && !isJson(target.Input)) {
    throw new InvalidTargetError(ruleName, `${target.Id}.Input`, 'expected JSON text');
  }
  const paths = {
    ...target.InputTransformer?.InputPathsMap,
    ...(target.InputPath && { InputPath: target.InputPath }),
  };
  for (const [name, path] of Object.entries(paths)) {
    if (parseJsonPath(path) === undefined) {
      throw new InvalidTargetError(
        ruleName,
        `${target.Id}.${name}`,
        `expected a path such as $.detail, got ${path}`,
      );
    }
  }
  if (target.InputTransformer !== undefined) checkTransformer(ruleName, target.Id, target.InputTransformer);
  return target;
}

function checkTransformer(
  ruleName: string,
  id: string,
  { InputPathsMap, InputTemplate }: NonNullable<EventTarget['InputTransformer']>,
): void {
  const names = Object.keys(InputPathsMap);
  const path = `${id}.InputTransformer`;
  if (names.length > MOST_VARIABLES) {
    throw new InvalidTargetError(
      ruleName,
      path,
      `expected at most ${MOST_VARIABLES} variables, got ${names.length}`,
    );
  }
  const reserved = names.find((name) => name.startsWith('AWS') || PREDEFINED.has(name));
  if (reserved !== undefined)
    throw new InvalidTargetError(ruleName, path, `the variable ${reserved} is reserved`);
  const known = new Set([...names, ...PREDEFINED]);
  const unknown = placeholdersOf(InputTemplate).find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw new InvalidTargetError(
      ruleName,
      path,
      `the template uses <${unknown}>, which InputPathsMap does not have`,
    );
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
