import { AwsError } from '../ports';

/** When something is due. Times are in milliseconds since the epoch, UTC. */
export interface Recurrence {
  /**
   * The first time later than `time`; undefined: never again.
   * @param startedAt when the schedule was put to work, which rates count from
   */
  nextAfter(time: number, startedAt: number): number | undefined;
}

/** An expression that EventBridge would not take. */
export class InvalidScheduleError extends AwsError {
  override readonly name = 'InvalidScheduleError';

  constructor(expression: string, expected: string) {
    super(
      'ValidationException',
      `Parameter ScheduleExpression is not valid: expected ${expected}, got ${JSON.stringify(expression)}`,
    );
  }
}

/** Throws InvalidScheduleError about the expression that is being read. */
export type Refuse = (expected: string) => never;
