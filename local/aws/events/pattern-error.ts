import { AwsError } from '../../ports';

/** An event pattern that EventBridge would not take; the reasons are worded as it words them. */
export class InvalidEventPatternError extends AwsError {
  override readonly name = 'InvalidEventPatternError';

  constructor(reason: string) {
    super('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reason}`);
  }
}
