import * as v from 'valibot';
import { AwsError } from '../../ports';
import { retryPolicySchema } from '../events/target';

/** Arn of a function, qualified or not, or of a queue: what the local runtime carries out of Scheduler's targets. */
const TARGET_ARN = /^arn:[a-z-]+:(lambda:[a-z0-9-]+:\d{12}:function:|sqs:[a-z0-9-]+:\d{12}:)/;

const targetSchema = v.strictObject({
  Arn: v.pipe(v.string(), v.regex(TARGET_ARN, 'expected the ARN of a function or a queue')),
  /** Role with which Scheduler reaches the target and the dead letter queue. */
  RoleArn: v.pipe(v.string(), v.startsWith('arn:')),
  Input: v.optional(v.string()),
  SqsParameters: v.optional(v.strictObject({ MessageGroupId: v.optional(v.string()) })),
  RetryPolicy: v.optional(retryPolicySchema),
  DeadLetterConfig: v.optional(v.strictObject({ Arn: v.optional(v.string()) })),
});

/** A target with the member names of the API and of CloudFormation. */
export type ScheduleTarget = v.InferOutput<typeof targetSchema>;

/** A schedule that EventBridge Scheduler, or the local runtime, would not take. */
export class InvalidScheduleTargetError extends AwsError {
  override readonly name = 'InvalidScheduleTargetError';

  constructor(schedule: string, path: string, problem: string) {
    super('ValidationException', `Schedule ${schedule}, Target.${path}: ${problem}`);
  }
}

/** @throws InvalidScheduleTargetError, also for targets that are not carried out locally (universal ones, ECS and so on) */
export function parseScheduleTarget(schedule: string, input: unknown): ScheduleTarget {
  const result = v.safeParse(targetSchema, input);
  if (!result.success) {
    const issue = result.issues[0];
    throw new InvalidScheduleTargetError(schedule, v.getDotPath(issue) ?? '', issue.message);
  }
  const { Arn, Input } = result.output;
  // A function's input has to be JSON, a queue's need not be.
  if (Input !== undefined && Arn.includes(':lambda:') && !isJson(Input)) {
    throw new InvalidScheduleTargetError(schedule, 'Input', `expected JSON text, got ${Input.slice(0, 80)}`);
  }
  return result.output;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
